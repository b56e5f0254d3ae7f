"""Whoever sends a very long header keeps no process busy: reading it takes time that grows with its length alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from tests.api.world import World

from boxlens.api.app import create_app
from minio_proxy.app import create_app as create_proxy
from minio_proxy.settings import ProxySettings

READINGS = """
    import resource
    from datetime import UTC, datetime
    from pathlib import Path

    from boxlens.access.keys import KeyFile
    from boxlens.api.middleware.access import Keys
    from boxlens.api.middleware.compression import takes_gzip
    from browser_guard import Allowed, BrowserGuard
    from minio_proxy.ranges import not_modified, wanted_range

    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + 120, used + 120))  # seconds are needed, or else an hour
    many, now = 200_000, datetime.now(UTC)
    guard = BrowserGuard(None, allowed=Allowed(), refuse=None)
    keys = Keys(KeyFile(Path("nowhere")))
    for fill in (" ", "\\t", ",", ";", '"', '\\\\"', "\\\\1", "=", "0", "-", "a", "a,", " ,", "gzip ", "q=0"):
        for start, end in (("", "x"), ("gzip", "x"), ("gzip;", "x"), ("bytes=", "x"), ("bytes=0-", "x"), ('a="', '"')):
            text = start + fill * many + end
            takes_gzip(text)
            assert wanted_range({"range": text}, 10, "e", now) is None
            not_modified({"if-modified-since": text}, "e", now)
            not_modified({"if-none-match": text}, "e", now)
            assert keys.of_page({"cookie": "boxlens_key=" + text}) is None
            for name in (b"host", b"origin", b"sec-fetch-site"):
                headers = dict([(b"host", b"localhost"), (name, text.encode())])
                assert guard.refusal({"method": "GET", "headers": [*headers.items()]}) is not None
    print("read")
"""


def test_reading_a_long_header_takes_time_that_grows_with_its_length_alone() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(READINGS)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "read\n"), done.stderr[-2000:]


def test_no_route_reads_cookies(world: World, tmp_path: Path) -> None:
    """FastAPI reads them for every route, by a parser of the standard library whose time grows with the square."""
    for app in (create_app(world), create_proxy(ProxySettings(root=tmp_path))):
        assert _cookie_seen(app) == "none"


def _cookie_seen(app: FastAPI) -> str:
    @app.get("/seen")
    def seen(request: Request) -> str:
        return request.headers.get("cookie", "none")

    with TestClient(app, base_url="http://localhost") as client:
        text: str = client.get("/seen", headers={"Cookie": "a=1"}).json()
    return text
