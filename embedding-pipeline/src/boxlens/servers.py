"""The servers a command needs: those that run already, or our own for as long as the command lasts."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from boxlens.domain.errors import DiskFull, ProxyAway, Unavailable
from boxlens.domain.local_files import NO_ROOM, reason
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.listening import listen_near
from boxlens.settings import Settings
from boxlens.supervision import kept_running

EMBEDDED = "embedded"
_PROXY_WAIT_S = 120.0  # a second or two, where the machine has time
Report = Callable[[str], None]
DownloadProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Elasticsearch and minio-proxy answer."""

    elasticsearch: str
    proxy: str


@contextmanager
def servers(
    settings: Settings,
    report: Report = lambda text: None,
    on_download: DownloadProgress | None = None,
    page_port: int | None = None,
) -> Iterator[Addresses]:
    """Both servers for the length of the block. What was running before keeps running after. ``page_port``: where the
    page is served that may read pictures by script.

    Raises NodeFailed, ProxyAway, and DiskFull or Unavailable when the data folder cannot be written.
    """
    if EMBEDDED in (settings.elasticsearch.url, settings.proxy.url):
        check_data_folder(settings.data_dir)
    with ExitStack() as stack:
        elasticsearch = settings.elasticsearch.url
        if elasticsearch == EMBEDDED:
            elasticsearch = stack.enter_context(embedded_elasticsearch(settings, report, on_download))
        proxy = settings.proxy.url
        if proxy == EMBEDDED:
            proxy = stack.enter_context(embedded_proxy(settings, settings.proxy.port, page_port, report))
        yield Addresses(elasticsearch, proxy)


def check_data_folder(folder: Path) -> None:
    """Make the data folder and write to it. Raises DiskFull, and Unavailable when it may not be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as trial:
            trial.write(bytes(4096))
            trial.flush()
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(f"There is no room in the data folder {folder}.", hint="Free some disk space.") from error
        raise Unavailable(
            f"The data folder {folder} cannot be written: {reason(error)}.",
            hint="Check its permissions, or set BOXLENS_DATA_DIR to another folder.",
        ) from error


@contextmanager
def embedded_elasticsearch(settings: Settings, report: Report, on_download: DownloadProgress | None) -> Iterator[str]:
    """The node of this data folder: joined when it runs, otherwise started and stopped again.

    When it ends meanwhile, whoever started it, it is started again, at the same address if it was ours.
    """
    chosen = settings.elasticsearch
    node = EmbeddedElasticsearch(settings.data_dir, port=chosen.port, nodes=chosen.nodes, heap=chosen.heap)
    if node.status() is None:
        report("Starting Elasticsearch (`boxlens es start` keeps one running) …")
    try:
        url = node.connect(progress=on_download)
        with kept_running("Elasticsearch", lambda: node.address() is not None, node.connect, report):
            yield url
    finally:
        node.close()


@contextmanager
def embedded_proxy(
    settings: Settings, port: int, page_port: int | None = None, report: Report = lambda text: None
) -> Iterator[str]:
    """minio-proxy as a child that ends with us, also when we are killed: it watches its standard input.

    ``port`` is the first choice; a free one is taken when it is in use. The socket is bound here and handed on, so no
    other program can take the port before the proxy listens, nor while it is started again after it has ended: who
    connects meanwhile waits. Raises ProxyAway with the proxy's own words.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "minio-proxy.log"
    with listen_near(port) as listening, log.open("wb") as log_file, ExitStack() as children:

        def start() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "minio_proxy.main", "--fd", str(listening.fileno()), "--exit-with-stdin"]
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                pass_fds=(listening.fileno(),),
                env=proxy_environment(settings, page_port),
                start_new_session=True,  # Ctrl-C is for us: we finish our batch before the proxy goes
            )
            children.callback(_end, child)
            return child

        current = start()
        assert current.stdout is not None
        address = _announced(current.stdout, log)

        def start_again() -> None:
            nonlocal current
            _end(current)
            current = start()

        with kept_running("minio-proxy", lambda: current.poll() is None, start_again, report):
            yield address


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a proxy by the end of its standard input; again does nothing."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()


def _announced(output: IO[bytes], log: Path) -> str:
    """The address in the line that minio-proxy prints once it listens."""
    with selectors.DefaultSelector() as selector:  # select() knows no descriptor from 1,024 on
        selector.register(output, selectors.EVENT_READ)
        ready = selector.select(_PROXY_WAIT_S)
    line = output.readline() if ready else b""
    if not line:
        lines = log.read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it wrote nothing"
        raise ProxyAway(f"minio-proxy did not start: {last}", hint=f"Its log: {log}")
    return str(json.loads(line)["url"])


def proxy_environment(settings: Settings, page_port: int | None = None) -> dict[str, str]:
    """What our settings say of the proxy, as the proxy's own variables."""
    chosen = settings.proxy
    values = {
        "BACKEND": chosen.backend,
        "ROOT": str((settings.data_dir / "pictures").resolve()),
        "CACHE": str((settings.data_dir / "thumbnails").resolve()),
        "S3_ENDPOINT": chosen.s3_endpoint,
        "S3_BUCKET": chosen.s3_bucket,
        "WRITE_KEY": chosen.write_key,
        "SIGNING_KEY": chosen.signing_key,
        "S3_ACCESS_KEY": chosen.s3_access_key,
        "S3_SECRET_KEY": chosen.s3_secret_key,
        "PAGE_PORTS": None if page_port is None else str(page_port),
    }
    variables = {
        f"BOXLENS_PROXY__{name}": value if isinstance(value, str) else value.get_secret_value()
        for name, value in values.items()
        if value is not None
    }
    return os.environ | variables
