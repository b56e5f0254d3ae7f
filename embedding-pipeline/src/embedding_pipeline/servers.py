"""The servers a command needs: those that run already, or our own for as long as the command lasts."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from embedding_pipeline.errors import ProxyAway
from embedding_pipeline.settings import Settings
from embedding_pipeline.stores.embedded_node import EmbeddedElasticsearch

EMBEDDED = "embedded"
_PROXY_WAIT_S = 30.0
Say = Callable[[str], None]
Downloaded = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Elasticsearch and minio-proxy answer."""

    elasticsearch: str
    proxy: str


@contextmanager
def servers(
    settings: Settings, say: Say = lambda text: None, downloaded: Downloaded | None = None
) -> Iterator[Addresses]:
    """Both servers for the length of the block. What was running before keeps running after.

    Raises NodeFailed, ProxyAway.
    """
    with ExitStack() as stack:
        elasticsearch = settings.elasticsearch.url
        if elasticsearch == EMBEDDED:
            elasticsearch = stack.enter_context(embedded_elasticsearch(settings, say, downloaded))
        proxy = settings.proxy.url
        if proxy == EMBEDDED:
            proxy = stack.enter_context(embedded_proxy(settings, settings.proxy.port))
        yield Addresses(elasticsearch, proxy)


@contextmanager
def embedded_elasticsearch(settings: Settings, say: Say, downloaded: Downloaded | None) -> Iterator[str]:
    """The node of this data folder: joined when it runs, otherwise started and stopped again."""
    chosen = settings.elasticsearch
    node = EmbeddedElasticsearch(settings.data_dir, port=chosen.port, nodes=chosen.nodes, heap=chosen.heap)
    if node.status() is None:
        say("Starting Elasticsearch (`boxlens es start` keeps one running) …")
    try:
        yield node.connect(progress=downloaded)
    finally:
        node.close()


@contextmanager
def embedded_proxy(settings: Settings, port: int) -> Iterator[str]:
    """minio-proxy as a child that ends with us, also when we are killed: it watches its standard input.

    ``port`` is the first choice; a free one is taken when it is in use. Raises ProxyAway with the proxy's own words.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "minio-proxy.log"
    command = [sys.executable, "-m", "minio_proxy.main", "--port", str(_free(port)), "--exit-with-stdin"]
    with log.open("wb") as said:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=proxy_environment(settings),
            start_new_session=True,  # Ctrl-C is for us: we finish our batch before the proxy goes
        )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        try:
            yield _announced(child.stdout, log)
        finally:
            child.stdin.close()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _announced(output: IO[bytes], log: Path) -> str:
    """The address in the line that minio-proxy prints once it listens."""
    ready, _, _ = select.select([output], [], [], _PROXY_WAIT_S)
    line = output.readline() if ready else b""
    if not line:
        said = log.read_text(errors="replace").strip().splitlines()
        raise ProxyAway(f"minio-proxy did not start: {said[-1] if said else 'it said nothing'}", hint=f"Its log: {log}")
    return str(json.loads(line)["url"])


def proxy_environment(settings: Settings) -> dict[str, str]:
    """What our settings say of the proxy, as the proxy's own variables."""
    chosen = settings.proxy
    told = {
        "BACKEND": chosen.backend,
        "ROOT": str((settings.data_dir / "pictures").resolve()),
        "CACHE": str((settings.data_dir / "thumbnails").resolve()),
        "S3_ENDPOINT": chosen.s3_endpoint,
        "S3_BUCKET": chosen.s3_bucket,
        "WRITE_KEY": chosen.write_key,
        "SIGNING_KEY": chosen.signing_key,
        "S3_ACCESS_KEY": chosen.s3_access_key,
        "S3_SECRET_KEY": chosen.s3_secret_key,
    }
    ours = {
        f"BOXLENS_PROXY__{name}": value if isinstance(value, str) else value.get_secret_value()
        for name, value in told.items()
        if value is not None
    }
    return os.environ | ours
