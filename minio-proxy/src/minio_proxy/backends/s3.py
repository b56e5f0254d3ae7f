"""MinIO, or any server that speaks S3, through the minio package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error, ServerError

from minio_proxy.backends.port import CHUNK, Entry, ObjectInfo
from minio_proxy.errors import BadKey, Conflict, DiskFull, NotFound, ProxyError, StoreAway
from minio_proxy.media_types import UNKNOWN, content_type

_ABSENT = ("NoSuchKey", "NoSuchBucket", "NoSuchObject", "NoSuchVersion", "ResourceNotFound", "MethodNotAllowed")
_CLASH = ("XMinioParentIsObject", "XMinioObjectExistsAsDirectory", "PreconditionFailed", "OperationAborted")
_FULL = ("XMinioStorageFull", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded")
_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed")
_NAMES = ("KeyTooLongError", "InvalidBucketName", "XMinioInvalidObjectName", "InvalidArgument")
_PART = 16 * 1024 * 1024
_AGAIN = 2  # how often what passes is asked again
_LONGEST_WAIT_S = 3  # of what the server asks to wait for: whoever waits for us has a limit too


class S3Backend:
    """One S3 server.

    ``endpoint`` is ``http(s)://host:port``. ``bucket`` is asked for health and listed where the key may not list
    buckets. A request is given 5 s to connect and 30 s of silence, and is sent three times at most; an answer that is
    cut goes on where it ended, three times at most.
    """

    def __init__(
        self, endpoint: str, access_key: str, secret_key: str, *, bucket: str | None = None, region: str | None = None
    ) -> None:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        self._endpoint = f"{parts.scheme}://{parts.netloc}"
        self._bucket = bucket
        self._client = Minio(
            parts.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=parts.scheme == "https",
            region=region,
            http_client=urllib3.PoolManager(
                maxsize=32,
                timeout=urllib3.Timeout(connect=5, read=30),
                retries=urllib3.Retry(
                    total=_AGAIN,
                    backoff_factor=0.2,
                    status_forcelist=[429, 500, 502, 503, 504],
                    retry_after_max=_LONGEST_WAIT_S,
                ),
            ),
        )

    def buckets(self) -> list[str]:
        with self._as_problem("the buckets"):
            try:
                return sorted(str(bucket.name) for bucket in self._client.list_buckets())
            except S3Error as error:
                if error.code != "AccessDenied" or not self._bucket:
                    raise
                return [self._bucket]

    def entries(self, bucket: str, prefix: str, after: str, limit: int) -> list[Entry]:
        with self._as_problem(bucket):
            items = self._client.list_objects(bucket, prefix=prefix, recursive=True, start_after=after or None)
            # names ending in a slash are marks that some tools leave for folders
            files = (item for item in items if item.object_name and not item.object_name.endswith("/"))
            return [
                Entry(str(item.object_name), item.size or 0, _utc(item.last_modified)) for item in islice(files, limit)
            ]

    def open(self, bucket: str, key: str) -> S3Reader:
        with self._as_problem(key):
            facts = self._client.stat_object(bucket, key)
        kind = facts.content_type or UNKNOWN
        info = ObjectInfo(
            key=key,
            size=facts.size or 0,
            etag=(facts.etag or "").strip('"'),
            modified=_utc(facts.last_modified),
            content_type=content_type(b"", key) if kind in (UNKNOWN, "binary/octet-stream") else kind,
        )
        return S3Reader(self, bucket, info)

    def store(self, bucket: str, key: str, source: Path, content_type: str) -> ObjectInfo:
        size = source.stat().st_size
        for attempt in range(2):
            try:
                with self._as_problem(key), source.open("rb") as data:
                    self._client.put_object(bucket, key, data, size, content_type, part_size=_PART)
                break
            except NotFound:
                if attempt:
                    raise
                self._make(bucket)
        with self.open(bucket, key) as reader:
            return reader.info

    def delete(self, bucket: str, key: str) -> None:
        with self._as_problem(bucket):
            self._client.remove_object(bucket, key)

    def check(self) -> None:
        with self._as_problem(self._bucket or "the buckets"):
            if self._bucket:
                self._client.bucket_exists(self._bucket)
            else:
                self._client.list_buckets()

    def read(self, bucket: str, info: ObjectInfo, start: int, length: int) -> urllib3.BaseHTTPResponse:
        """The open answer with those bytes of that version. Raises Conflict when another version stands there."""
        with self._as_problem(info.key):
            return self._client.get_object(
                bucket, info.key, offset=start, length=length, request_headers={"If-Match": f'"{info.etag}"'}
            )

    def _make(self, bucket: str) -> None:
        with self._as_problem(bucket):
            try:
                self._client.make_bucket(bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise

    @contextlib.contextmanager
    def _as_problem(self, what: str) -> Iterator[None]:
        """Errors of the client and the server as errors of ours."""
        try:
            yield
        except S3Error as error:
            raise self._problem(error.code or "", what) from error
        except ServerError as error:
            raise self._problem("InsufficientStorage" if error.status_code == 507 else "", what) from error
        except ValueError as error:  # the client's own check of names
            raise BadKey(f"The store does not take the name {what!r}: {error}.") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._problem("", what) from error

    def _problem(self, code: str, what: str) -> ProxyError:
        if code in _ABSENT:
            return NotFound(f"There is no {what!r}.")
        if code in _CLASH:
            return Conflict(f"{what!r} clashes with another key or has just changed.", hint="Ask again.")
        if code in _FULL:
            return DiskFull(f"The S3 server has no room for {what!r}.", hint="Free space or raise its quota.")
        if code in _NAMES:
            return BadKey(f"The S3 server does not take the name {what!r}.")
        if code in _REFUSED:
            return StoreAway(
                f"{self._endpoint} refused our key ({code}).",
                hint="Correct BOXLENS_PROXY__S3_ACCESS_KEY and __S3_SECRET_KEY, and what they may do.",
            )
        return StoreAway(
            f"{self._endpoint} did not answer for {what!r}{f' ({code})' if code else ''}.",
            hint="Start the S3 server, or correct BOXLENS_PROXY__S3_ENDPOINT.",
        )


class S3Reader:
    """One version of one object; its bytes are asked for only when they are wanted."""

    def __init__(self, backend: S3Backend, bucket: str, info: ObjectInfo) -> None:
        self._backend = backend
        self._bucket = bucket
        self.info = info

    def chunks(self, start: int, length: int) -> Iterator[bytes]:
        if length == 0:
            return iter(())
        return self._pieces(self._backend.read(self._bucket, self.info, start, length), start, start + length)

    def _pieces(self, answer: urllib3.BaseHTTPResponse, start: int, end: int) -> Iterator[bytes]:
        """The bytes of an open answer; where it is cut, of further ones about the rest. Raises Conflict, StoreAway."""
        for attempt in range(_AGAIN + 1):
            try:
                for piece in answer.stream(CHUNK):
                    start += len(piece)
                    yield piece
                return
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if attempt == _AGAIN:
                    raise StoreAway(
                        f"The S3 server cut {self.info.key!r} again and again.", hint="Ask again."
                    ) from error
            finally:
                answer.close()
                answer.release_conn()
            answer = self._backend.read(self._bucket, self.info, start, end - start)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _utc(moment: datetime | None) -> datetime:
    return (moment or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
