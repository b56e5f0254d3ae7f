"""The guarded fetcher against servers on this machine, trusted by name where a test needs to reach them."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from boxlens.domain.errors import FetchFailed, ForbiddenUrl, TooLarge
from boxlens.fetch.guarded import GuardedFetcher
from boxlens.settings import FetchSettings

LIMIT = 10_000
PICTURE = bytes(range(256)) * 8


class StoppableServer(ThreadingHTTPServer):
    """Handlers that wait do so until ``stopping``."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.stopping = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: StoppableServer
    timeout = 5
    seen: list[tuple[str, str]] = []  # noqa: RUF012 - emptied by the fixture

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Host"]))
        getattr(self, "answer_" + self.path.strip("/").split("/")[0].split("?")[0], self.answer_missing)()

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_missing(self) -> None:
        self._send(404, {"Content-Length": "0"})

    def answer_picture(self) -> None:
        self._send(200, {"Content-Length": str(len(PICTURE))}, PICTURE)

    def answer_hop(self) -> None:
        left = int(self.path.rsplit("/", 1)[1])
        self._send(302, {"Location": f"/hop/{left - 1}" if left else "/picture"})

    def answer_loop(self) -> None:
        self._send(301, {"Location": self.path})

    def answer_private(self) -> None:
        self._send(302, {"Location": "http://10.0.0.1/secret"})

    def answer_metadata(self) -> None:
        self._send(307, {"Location": "http://169.254.169.254/latest/meta-data/"})

    def answer_file(self) -> None:
        self._send(302, {"Location": "file:///etc/passwd"})

    def answer_broken(self) -> None:
        self._send(302, {"Location": "http://[bad"})

    def answer_announced(self) -> None:
        self._send(200, {"Content-Length": str(LIMIT + 1)})

    def answer_endless(self) -> None:
        self._send(200, {})
        try:
            while True:
                self.wfile.write(b"x" * 1000)
        except OSError:
            self.close_connection = True

    def answer_drip(self) -> None:
        self._send(200, {})
        self._drip()

    def answer_dripping_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._drip()

    def _drip(self) -> None:
        try:
            while not self.server.stopping.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            self.close_connection = True

    def answer_gzip(self) -> None:
        self._send(200, {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 1_000_000))

    def answer_cut(self) -> None:
        self._send(200, {"Content-Length": "5000"}, b"only this")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.seen.clear()
    server = StoppableServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def base(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def fetcher(server: ThreadingHTTPServer, **settings: object) -> GuardedFetcher:
    values: dict[str, object] = {"allow_hosts": (f"127.0.0.1:{server.server_port}",), "timeout_s": 10}
    return GuardedFetcher(FetchSettings(**(values | settings)), LIMIT)


def test_trusted_picture_arrives_whole(server: ThreadingHTTPServer) -> None:
    assert fetcher(server).fetch(f"{base(server)}/picture?size=1#part") == PICTURE
    assert Handler.seen == [("/picture?size=1", f"127.0.0.1:{server.server_port}")]


def test_loopback_is_refused_without_a_request(server: ThreadingHTTPServer) -> None:
    with pytest.raises(ForbiddenUrl):
        fetcher(server, allow_hosts=()).fetch(f"{base(server)}/picture")
    with pytest.raises(ForbiddenUrl):
        fetcher(server).fetch(f"http://localhost:{server.server_port}/picture")  # another name of the same host
    assert Handler.seen == []


def test_redirects_up_to_the_limit(server: ThreadingHTTPServer) -> None:
    assert fetcher(server, max_redirects=3).fetch(f"{base(server)}/hop/2") == PICTURE
    with pytest.raises(FetchFailed, match="More than 3 redirects"):
        fetcher(server, max_redirects=3).fetch(f"{base(server)}/hop/3")


@pytest.mark.parametrize("path", ["private", "metadata", "file", "broken"])
def test_redirect_to_what_is_forbidden(server: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(ForbiddenUrl):
        fetcher(server).fetch(f"{base(server)}/{path}")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("loop", "circle"),
        ("missing", "status 404"),
        ("gzip", "compressed"),
        ("cut", "could not be read"),
    ],
)
def test_answers_that_fail(server: ThreadingHTTPServer, path: str, words: str) -> None:
    with pytest.raises(FetchFailed, match=words):
        fetcher(server).fetch(f"{base(server)}/{path}")


@pytest.mark.parametrize("path", ["announced", "endless"])
def test_too_large(server: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(TooLarge):
        fetcher(server).fetch(f"{base(server)}/{path}")


@pytest.mark.parametrize("path", ["drip", "dripping_headers"])
def test_slow_drip_ends_at_the_deadline(server: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(FetchFailed, match=r"within 0\.3 s"):
        fetcher(server, timeout_s=0.3).fetch(f"{base(server)}/{path}")


def test_the_name_is_resolved_once_and_that_address_is_used(server: ThreadingHTTPServer) -> None:
    answers = iter([["127.0.0.1"]])
    pinned = GuardedFetcher(
        FetchSettings(allow_hosts=("pictures.test",)), LIMIT, resolve=lambda host, port: next(answers)
    )
    assert pinned.fetch(f"http://pictures.test:{server.server_port}/picture") == PICTURE
    assert Handler.seen == [("/picture", f"pictures.test:{server.server_port}")]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"]]
)
def test_names_that_lead_inside_are_refused(server: ThreadingHTTPServer, addresses: list[str]) -> None:
    inside = GuardedFetcher(FetchSettings(), LIMIT, resolve=lambda host, port: addresses)
    with pytest.raises(ForbiddenUrl):
        inside.fetch(f"http://pictures.test:{server.server_port}/picture")
    assert Handler.seen == []


def test_slow_name_resolution_ends_at_the_deadline() -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        release.wait(10)
        return []

    with pytest.raises(FetchFailed, match=r"within 0\.1 s"):
        GuardedFetcher(FetchSettings(timeout_s=0.1), LIMIT, resolve=slow).fetch("http://pictures.test/")
    release.set()


def test_unknown_host_and_closed_port(server: ThreadingHTTPServer) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(FetchFailed, match="There is no host"):
        GuardedFetcher(FetchSettings(), LIMIT, resolve=unknown).fetch("http://pictures.test/")
    server.socket.close()
    with pytest.raises(FetchFailed, match="could not be read"):
        fetcher(server).fetch(f"{base(server)}/picture")


def certificate(folder: Path, host: str) -> Path:
    """A certificate for a host, signed by itself, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


def test_tls_proves_the_name_although_the_address_is_pinned(
    server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "pictures.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    requests: list[str | None] = []
    context.sni_callback = lambda connection, name, _: requests.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    hosts = ("pictures.test", "other.test")
    pinned = GuardedFetcher(FetchSettings(allow_hosts=hosts), LIMIT, resolve=lambda host, port: ["127.0.0.1"])
    assert pinned.fetch(f"https://pictures.test:{server.server_port}/picture") == PICTURE
    with pytest.raises(FetchFailed, match="could not be read"):
        pinned.fetch(f"https://other.test:{server.server_port}/picture")
    assert requests == ["pictures.test", "other.test"]
