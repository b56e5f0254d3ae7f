"""Bodies of writes: received into a temporary file that is gone again however the request ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from minio_proxy.errors import BadRequest, DiskFull, StoreAway, TooLarge, TooSlow
from minio_proxy.media_types import SNIFF_BYTES

_BLOCK = 1024 * 1024
_STALE_S = 24 * 3600  # a file this old belongs to a process that was killed
_LEAST_RATE = 4096.0  # bytes a second, reckoned from the longest wait for bytes after the start
_HEADERS_ROOM = 64 * 1024  # boundaries and part headers around the file of a form


@dataclass(frozen=True, slots=True)
class Upload:
    """A received body: where it lies, its length in bytes, its first bytes and the type the client declared."""

    path: Path
    size: int
    start: bytes
    declared: str


class Receiver:
    """Takes bodies in. ``max_bytes`` limits a file, ``idle_s`` the wait for its next bytes."""

    def __init__(self, folder: Path, max_bytes: int, idle_s: float) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_S:
                    left.unlink()

    @contextlib.asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[Upload]:
        """The body of a request, raw or the part ``file`` of a form.

        Raises TooLarge, TooSlow, BadRequest (a broken body, another length or MD5 than declared), DiskFull.
        """
        form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
        limit = self._max_bytes + (_HEADERS_ROOM if form else 0)
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise self._too_large()
        with _disk_problems():
            descriptor, name = tempfile.mkstemp(dir=self._folder)
        path = Path(name)
        try:
            with _disk_problems(), os.fdopen(descriptor, "w+b") as file:
                body = self._body(request, limit)
                kind = await _from_form(request, body, file) if form else await _copy(body, file, request)
                upload = await run_in_threadpool(self._checked, request, path, file, kind, form)
            yield upload
        finally:
            path.unlink(missing_ok=True)

    def _checked(self, request: Request, path: Path, file: BufferedRandom, kind: str, form: bool) -> Upload:
        file.flush()
        size = file.tell()
        if size > self._max_bytes:
            raise self._too_large()
        declared = request.headers.get("content-length", "")
        if not form and declared.isdigit() and int(declared) != size:
            raise BadRequest(f"The body has {size} bytes, its header says {declared}.", hint="Send it again.")
        file.seek(0)
        expected = request.headers.get("content-md5")
        if expected is not None:
            digest = base64.b64encode(hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest())
            if digest.decode() != expected.strip():
                raise BadRequest("The body does not have the MD5 its header names.", hint="Send it again.")
            file.seek(0)
        return Upload(path, size, file.read(SNIFF_BYTES), kind)

    async def _body(self, request: Request, limit: int) -> AsyncGenerator[bytes, None]:
        """The bytes as they come, counted and timed."""
        stream = aiter(request.stream())
        received, started = 0, time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    block = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise TooSlow(f"No bytes came for {self._idle_s:g} s.", hint="Send it again.") from None
            except ClientDisconnect:
                raise BadRequest("The connection ended before the body did.", hint="Send it again.") from None
            received += len(block)
            if received > limit:
                raise self._too_large()
            if received < _LEAST_RATE * (time.monotonic() - started - self._idle_s):
                raise TooSlow("The bytes came too slowly.", hint="Send it again over a faster line.")
            yield block

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"More than {self._max_bytes} bytes are not taken.", hint="Send less, or raise BOXLENS_PROXY__MAX_BYTES."
        )


async def _copy(body: AsyncGenerator[bytes, None], file: BufferedRandom, request: Request) -> str:
    waiting = bytearray()
    async for block in body:
        waiting += block
        if len(waiting) >= _BLOCK:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(file.write, bytes(waiting))
    return request.headers.get("content-type", "")


async def _from_form(request: Request, body: AsyncGenerator[bytes, None], file: BufferedRandom) -> str:
    """Copy the part ``file`` of a form. Its other parts are passed over."""
    hint = "Send one part named file, as multipart/form-data, or the bytes alone."
    try:
        form = await MultiPartParser(request.headers, body, max_files=1, max_fields=16).parse()
    except MultiPartException as error:
        raise BadRequest(f"The form cannot be read: {error.message}", hint=hint) from error
    try:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise BadRequest("The form has no part named file.", hint=hint)
        while block := await part.read(_BLOCK):
            await run_in_threadpool(file.write, block)
        return part.content_type or ""
    finally:
        await form.close()


@contextlib.contextmanager
def _disk_problems() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("No room to receive the file.", hint="Free space on the disk of minio-proxy.") from error
        reason = error.strerror or type(error).__name__
        raise StoreAway(f"The file cannot be received: {reason}.", hint="Check the disk of minio-proxy.") from error
