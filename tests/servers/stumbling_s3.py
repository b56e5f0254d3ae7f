"""A small S3 over loopback that keeps objects, and stumbles as told before it answers rightly."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Stumble = int | Literal["reset", "cut"]
"""A status, the connection reset without an answer, or half of the body and then the end."""


@dataclass
class StumblingS3:
    """``stumbles`` by method, the next first; ``requests`` are the methods that came, with their range."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    stumbles: dict[str, list[Stumble]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    retry_after: str = ""


@contextmanager
def stumbling_s3() -> Iterator[StumblingS3]:
    state = StumblingS3()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not self._stumbled():
                state.objects[self.path] = body
                self._answer(200, b"", {"ETag": f'"{_etag(body)}"'})

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            if self._stumbled():
                return
            body = state.objects.get(self.path)
            if body is None:
                self._answer(404, b"")
                return
            part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            start, end = (int(part[1]), int(part[2] or len(body) - 1) + 1) if part else (0, len(body))
            further = {"ETag": f'"{_etag(body)}"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
            self._answer(206 if part else 200, body[start:end], further)

        def _stumbled(self) -> bool:
            state.requests.append((self.command, self.headers.get("Range", "")))
            coming = state.stumbles.get(self.command, [])
            if not coming or coming[0] == "cut":
                return False
            stumble = coming.pop(0)
            if stumble == "reset":
                # to linger for no time sends a reset in the place of an end
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            else:
                self._answer(int(stumble), b"", {"Retry-After": state.retry_after} if state.retry_after else {})
            return True

        def _answer(self, status: int, body: bytes, further: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | (further or {})).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            coming = state.stumbles.get(self.command, [])
            if body and coming and coming[0] == "cut":
                coming.pop(0)
                body = body[: len(body) // 2]
                self.close_connection = True
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _etag(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()
