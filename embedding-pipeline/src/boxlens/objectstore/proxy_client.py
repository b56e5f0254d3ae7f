"""Picture bytes over HTTP behind minio-proxy: the only way Boxlens reaches its object store."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlencode

import httpx
import stamina
from stamina.instrumentation import set_on_retry_hooks

from boxlens.domain.boxes import Box
from boxlens.domain.errors import (
    BadInput,
    BadSource,
    BoxlensError,
    DiskFull,
    NotFound,
    ProxyAway,
    TooLarge,
    Unavailable,
)
from boxlens.domain.local_files import reason, shown
from boxlens.domain.ports import StoredBytes

PAGE = 1000
_ATTEMPTS = 4
_PASSING = (408, 425, 429)  # refusals that pass: the body came too slowly, too early, too many requests
_NO_ROOM = 507
_BLOCK = 1 << 20  # bytes of a file that are in memory at a time
set_on_retry_hooks([])  # a retry that helps is no news, and an error that stays is raised
START = (
    "Start it with `boxlens proxy`, among containers with `docker compose up -d minio-proxy`, or correct "
    "BOXLENS_PROXY__URL."
)


class ProxyStore:
    """``ObjectStore`` over minio-proxy.

    ``url`` is where this process reaches it, ``public_url`` where browsers do. The write key travels as a bearer
    token. With a signing key every address handed out expires: after one to two times ``url_ttl_s``, rounded so that
    the same picture keeps the same address for a while and browsers may cache it. While the proxy is away or busy (429,
    5xx, no answer or half of one) a request is sent four times; ``pause_s`` is the first of the pauses between, each
    twice the one before.
    """

    def __init__(
        self,
        url: str,
        *,
        public_url: str | None = None,
        write_key: str | None = None,
        signing_key: str | None = None,
        timeout_s: float = 30.0,
        url_ttl_s: int = 3600,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        pause_s: float = 0.2,
    ) -> None:
        self._url = url.rstrip("/")
        self._public = (public_url or url).rstrip("/")
        self._signing_key = signing_key.encode() if signing_key else None
        self._ttl = url_ttl_s
        self._clock = clock
        self._retry = stamina.RetryingCaller(
            attempts=_ATTEMPTS, timeout=None, wait_initial=pause_s, wait_max=4 * pause_s, wait_jitter=0
        ).on(ProxyAway)
        self._client = httpx.Client(
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {write_key}"} if write_key else {},
            transport=transport,
            trust_env=False,  # it stands beside us: an environment proxy would be a detour
        )

    def close(self) -> None:
        """Close idle connections; the store can be used no more."""
        self._client.close()

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        """Write whole or not at all. Raises ProxyAway, DiskFull, TooLarge, Unavailable (a wrong key)."""
        self._send("PUT", _path(bucket, key), content=data, headers={"Content-Type": content_type})

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """See ports.ObjectStore; its type goes by the name of the key. Raises ProxyAway, DiskFull, TooLarge, BadSource
        (the file cannot be read), Unavailable (a wrong key)."""
        self._retry(self._put_file, _path(bucket, key), path)

    def _put_file(self, to: str, path: Path) -> None:
        """Once, from its first byte."""
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._once("PUT", to, _blocks(file), {"Content-Length": str(size)})
        except OSError as error:
            hint = "Check its permissions."
            raise BadSource(f"{shown(str(path))} cannot be read: {reason(error)}.", hint=hint) from error

    def get(self, bucket: str, key: str) -> bytes:
        """Raises NotFound, ProxyAway, Unavailable (a wrong key)."""
        return self._send("GET", self._signed(bucket, key)).content

    def stat(self, bucket: str, key: str) -> StoredBytes | None:
        """See ports.ObjectStore; the moment is exact to a second. Raises ProxyAway, Unavailable (a wrong key)."""
        try:
            headers = self._send("HEAD", self._signed(bucket, key)).headers
        except NotFound:
            return None
        return StoredBytes(int(headers["Content-Length"]), parsedate_to_datetime(headers["Last-Modified"]))

    def delete(self, bucket: str, key: str) -> None:
        """Deleting what is not there is no error. Raises ProxyAway, Unavailable (a wrong key)."""
        try:
            self._send("DELETE", _path(bucket, key))
        except NotFound:
            return

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """All keys that begin with ``prefix``, page by page, in the order of the store.

        Raises ProxyAway, Unavailable (a wrong key).

        A bucket that does not exist yet has no keys.
        """
        cursor: str | None = None
        while True:
            query = {"prefix": prefix, "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
            query |= self._signature(bucket, "", "")
            try:
                page = self._send("GET", f"/file/{quote(bucket, safe='')}?{urlencode(query)}").json()
            except NotFound:
                return
            for entry in page["keys"]:
                yield entry["key"] if isinstance(entry, Mapping) else entry
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def url(self, bucket: str, key: str, *, width: int | None = None, box: Box | None = None) -> str:
        """The address a browser uses: of the picture, of a thumbnail ``width`` pixels wide, of the part in ``box``."""
        return self._public + self._signed(bucket, key, width, box)

    def ready(self) -> str:
        """ "" when minio-proxy and its backend answer, otherwise what is missing."""
        try:
            self._once("GET", "/healthz", None, {})
        except BoxlensError as error:
            return error.detail
        return ""

    def _signed(self, bucket: str, key: str, width: int | None = None, box: Box | None = None) -> str:
        """The path with its query."""
        query = {"w": str(width)} if width is not None else {}
        query |= {"box": ",".join(f"{side:g}" for side in box.as_list())} if box is not None else {}
        query |= self._signature(bucket, key, query.get("w", ""), query.get("box", ""))
        # of all that stands there, only the + of a large number would mean something else in an address
        parameters = "&".join([f"{name}={value}" for name, value in query.items()]).replace("+", "%2B")
        return _path(bucket, key) + (f"?{parameters}" if parameters else "")

    def _signature(self, bucket: str, key: str, width: str, box: str = "") -> dict[str, str]:
        """Expiry and signature as query parameters: see ``minio_proxy.signing`` for what is signed."""
        if self._signing_key is None:
            return {}
        expires = str((int(self._clock()) // self._ttl + 2) * self._ttl)
        message = f"{bucket}\n{key}\n{width}\n{box}\n{expires}"
        signature = hmac.digest(self._signing_key, message.encode(), "sha256").hex()
        return {"expires": expires, "signature": signature}

    def _send(
        self, method: str, path: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request, again with growing pauses while the proxy is away: all of ours may be repeated safely."""
        response = self._retry(self._answered, method, path, content, headers or {})
        _require_success(response, path)
        return response

    def _once(
        self, method: str, path: str, content: bytes | Iterator[bytes] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        response = self._answered(method, path, content, headers)
        _require_success(response, path)
        return response

    def _answered(
        self, method: str, path: str, content: bytes | Iterator[bytes] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """An answer, unless it says that the proxy is away. What else it says is for whoever asked: an error that goes
        through what repeats is held there in a circle of references, and with it all that its callers hold."""
        try:
            response = self._client.request(method, self._url + path, content=content, headers=headers)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ProxyAway(f"minio-proxy at {self._url} does not answer: {reason}.", hint=START) from error
        status = response.status_code
        if status in _PASSING or (status >= 500 and status != _NO_ROOM):
            _require_success(response, path)
        return response


@lru_cache(maxsize=4096)  # every picture of an answer has an address for several widths
def _path(bucket: str, key: str) -> str:
    return f"/file/{quote(bucket, safe='')}/{quote(key, safe='/')}"


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _require_success(response: httpx.Response, path: str) -> None:
    """Raises the error that an answer of minio-proxy stands for."""
    status, path = response.status_code, path.split("?", 1)[0]
    if response.is_success:
        return
    if status == 404:
        raise NotFound(f"The object store has no {path}.")
    if status == _NO_ROOM:
        raise DiskFull("The object store has no room left.", hint="Free space on its disk, then try again.")
    if status == 413:
        raise TooLarge(f"minio-proxy does not take a file of that size at {path}.")
    if status in (401, 403):
        # not Denied: the keys of this server are wrong, not those of whoever asks it
        raise Unavailable(
            f"minio-proxy refused {path}.", hint="Set BOXLENS_PROXY__WRITE_KEY and BOXLENS_PROXY__SIGNING_KEY as there."
        )
    if 400 <= status < 500 and status not in _PASSING:
        raise BadInput(f"minio-proxy refused {path} with status {status}.", hint="Check the bucket and the key.")
    raise ProxyAway(f"minio-proxy answered {path} with status {status}.", hint=START)
