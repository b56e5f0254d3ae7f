"""A loopback HTTP server for downloads: ranges, broken connections, busy answers, redirects, and what was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """One request; ``at`` in seconds of a monotonic clock."""

    method: str
    path: str
    headers: dict[str, str]
    at: float


@dataclass
class FileServer:
    """``files`` by path, as bytes or a file on disk; ``break_after`` ends an answer after so many bytes, once for each
    path in it, ``break_each`` every time; ``busy`` gives these answers (status and headers) before any other."""

    url: str = ""
    files: dict[str, bytes | Path] = field(default_factory=dict)
    break_after: dict[str, int] = field(default_factory=dict)
    break_each: dict[str, int] = field(default_factory=dict)
    busy: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    ranges: bool = True
    headers: dict[str, dict[str, str]] = field(default_factory=dict)  # more headers by path
    redirects: dict[str, str] = field(default_factory=dict)  # path to path or address, with the headers of the first
    asked: list[Asked] = field(default_factory=list)

    @property
    def requests(self) -> list[tuple[str, str | None]]:
        """Path and range of each request for a body."""
        return [(request.path, request.headers.get("range")) for request in self.asked if request.method == "GET"]


@contextmanager
def file_server() -> Iterator[FileServer]:
    state = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            sent = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append(Asked(self.command, self.path, sent, time.monotonic()))
            if state.busy.get(self.path):
                status, headers = state.busy[self.path].pop(0)
                self._start(status, 0, headers)
            elif self.path in state.redirects:
                self._start(302, 0, {"Location": state.redirects[self.path]} | state.headers.get(self.path, {}))
            elif self.path not in state.files:
                self.send_error(404)
            else:
                self._file(sent.get("range"))

        def _file(self, asked: str | None) -> None:
            held = state.files[self.path]
            whole = held.read_bytes() if isinstance(held, Path) else held
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
            body = whole[start:]
            part = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
            self._start(206 if start else 200, len(body), part | state.headers.get(self.path, {}))
            if self.command == "GET":
                least = min(state.break_after.pop(self.path, len(body)), state.break_each.get(self.path, len(body)))
                self.wfile.write(body[:least])
            self.close_connection = True

        def _start(self, status: int, length: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
