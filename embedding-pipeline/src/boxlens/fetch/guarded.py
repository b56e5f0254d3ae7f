"""Fetches pictures from addresses that strangers give, and posts to those that the owner gives, without becoming a
door into the server's own network.

The name is resolved once, every address of it is judged, and the connection goes to one of those very addresses, so a
name that changes its mind between check and use (DNS rebinding) gains nothing. Environment proxies are not used,
because behind one the address that is checked is not the address that is reached.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import httpcore
import httpx

from boxlens.domain.errors import FetchFailed, ForbiddenUrl, TooLarge
from boxlens.fetch.addresses import HINT, IPAddress, Target, check_address, literal_address, parse_target
from boxlens.settings import FetchSettings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = "Try again later, or upload the file itself."
_REQUEST_HEADERS = [
    ("User-Agent", "boxlens"),
    ("Accept", "image/*,*/*;q=0.1"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
]

T = TypeVar("T")
Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the order in which the system prefers them. Raises OSError."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class GuardedFetcher:
    """``Fetcher`` for http and https. ``max_bytes`` bounds the answer, ``settings.timeout_s`` all of its time:
    name resolution, every redirect, and a server that drips one byte a second."""

    def __init__(self, settings: FetchSettings, max_bytes: int, *, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._max_bytes = max_bytes
        self._resolve = resolve
        self._tls = httpx.create_ssl_context()

    def fetch(self, uri: str) -> bytes:
        """The bytes of an address.

        Raises ForbiddenUrl for an address that must not be reached, TooLarge, and FetchFailed when it answers with
        anything but a picture's bytes in time.
        """
        deadline = time.monotonic() + self._settings.timeout_s
        seen: set[str] = set()
        for _ in range(self._settings.max_redirects + 1):
            target = parse_target(uri, self._settings.allow_hosts)
            if str(target.url) in seen:
                raise FetchFailed(f"{target.host} redirects in a circle.", hint=HINT)
            seen.add(str(target.url))
            answer = self._visit(target, deadline, self._read)
            if isinstance(answer, bytes):
                return answer
            uri = _joined(target, answer)
        raise FetchFailed(f"More than {self._settings.max_redirects} redirects.", hint=HINT)

    def post(self, uri: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send bytes to an address, as ``Poster`` says."""
        deadline = time.monotonic() + self._settings.timeout_s
        target = parse_target(uri, self._settings.allow_hosts)
        content = [("User-Agent", "boxlens"), ("Connection", "close"), ("Content-Length", str(len(body)))]
        self._visit(target, deadline, _taken, "POST", [*content, *headers.items()], body)

    def _visit(
        self,
        target: Target,
        deadline: float,
        read: Callable[[Target, httpcore.Response], T],
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = _REQUEST_HEADERS,
        content: bytes | None = None,
    ) -> T:
        """One request, and what ``read`` makes of its answer."""
        try:
            addresses = self._addresses(target, deadline)
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._tls, network_backend=_PinnedBackend(addresses, deadline), max_connections=1
                ) as pool,
                pool.stream(
                    method,
                    httpcore.URL(
                        scheme=target.url.raw_scheme,
                        host=target.url.raw_host,
                        port=target.port,
                        target=target.url.raw_path,
                    ),
                    headers=[("Host", target.url.netloc), *headers],
                    content=content,
                ) as response,
            ):
                return read(target, response)
        except httpcore.TimeoutException as error:
            raise FetchFailed(
                f"{target.host} did not answer whole within {self._settings.timeout_s:g} s.", hint=_AGAIN
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            raise FetchFailed(
                f"{target.host} could not be read: {error or type(error).__name__}.", hint=_AGAIN
            ) from error

    def _read(self, target: Target, response: httpcore.Response) -> bytes | str:
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        location = headers.get(b"location")
        if response.status in REDIRECTS and location:
            return location
        if response.status != 200:
            raise FetchFailed(f"{target.host} answered with status {response.status}.", hint=HINT)
        if headers.get(b"content-encoding", "identity").strip().lower() not in ("", "identity"):
            # asked for none; unpacking one could turn a small answer into a huge one
            raise FetchFailed(f"{target.host} answers compressed although asked not to.", hint=HINT)
        length = headers.get(b"content-length", "")
        if length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large(target)
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large(target)
        return bytes(body)

    def _too_large(self, target: Target) -> TooLarge:
        return TooLarge(
            f"The picture at {target.host} has more than {self._max_bytes} bytes.", hint="Make the picture smaller."
        )

    def _addresses(self, target: Target, deadline: float) -> list[IPAddress]:
        """Every address of the host, all judged: one bad address among good ones is how rebinding looks."""
        literal = literal_address(target.host)
        if literal is not None:
            return [literal]  # judged by parse_target already
        addresses = [ipaddress.ip_address(text) for text in self._lookup(target, deadline)]
        if not addresses:
            raise FetchFailed(f"{target.host} has no address.", hint=HINT)
        if not target.trusted:
            for address in addresses:
                check_address(address, target.host)
        return addresses

    def _lookup(self, target: Target, deadline: float) -> list[str]:
        """Resolve in a thread of its own, because the system resolver knows no timeout."""
        answers: queue.Queue[list[str] | Exception] = queue.Queue()

        def work() -> None:
            try:
                answers.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=work, name="boxlens-resolve", daemon=True).start()
        try:
            answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise httpcore.ConnectTimeout from None
        if isinstance(answer, Exception):
            raise FetchFailed(f"There is no host {target.host}.", hint=HINT) from answer
        return answer


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, whatever the name says meanwhile, until the deadline."""

    def __init__(self, addresses: list[IPAddress], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sync = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            try:
                stream = self._sync.connect_tcp(
                    str(address), port, _left(self._deadline, timeout), local_address, socket_options
                )
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    """A stream each of whose waits ends at one common deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # the host name, not the pinned address, is what the certificate must prove
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _taken(target: Target, response: httpcore.Response) -> None:
    """Raises FetchFailed unless what was sent was taken; the body of the answer says nothing."""
    if not 200 <= response.status < 300:
        raise FetchFailed(f"{target.host} answered with status {response.status}.", hint=_AGAIN)


def _joined(target: Target, location: str) -> str:
    try:
        return str(target.url.join(location))
    except httpx.InvalidURL as error:
        raise ForbiddenUrl(f"{target.host} redirects to something that is not an address.", hint=HINT) from error


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(left, timeout)
