"""The jar list, and jars fetched from a loopback server: resumed, refused, fetched again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.files import FileServer, file_server

from boxlens.domain.errors import DiskFull, NodeFailed
from boxlens.embedded import jars as node_jars
from boxlens.embedded.jars import Jar, cache_dir, ensure_jars, read_jar_list
from boxlens.fetch import patience

BODY = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(patience, "PAUSE_S", 0.0)
    with file_server() as running:
        yield running


def jar(name: str = "one", body: bytes = BODY) -> Jar:
    return Jar("org.example", name, "1.0", "lib", len(body), hashlib.sha256(body).hexdigest())


def serve(server: FileServer, *jars: Jar, body: bytes = BODY) -> None:
    for jar in jars:
        server.files[f"/{jar.repository_path}"] = body


def test_the_committed_list_is_whole() -> None:
    jars = read_jar_list()
    assert len(jars) == 47
    assert len({jar.file_name for jar in jars}) == 47  # two versions of one jar would be refused by the server
    assert sum(jar.folder == node_jars.MODULE for jar in jars) == 10
    assert {jar.folder for jar in jars} == {"lib", node_jars.MODULE}
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) and jar.size > 1000 for jar in jars)
    assert {jar.version for jar in jars if jar.group == "org.elasticsearch"} == {node_jars.VERSION}


def test_repository_path_follows_the_standard_layout() -> None:
    assert jar().repository_path == "org/example/one/1.0/one-1.0.jar"


def test_jars_come_once_and_progress_adds_up(server: FileServer, tmp_path: Path) -> None:
    jars = [jar("one"), jar("two"), jar("three")]
    serve(server, *jars)
    seen: list[tuple[int, int, str]] = []
    home = ensure_jars(
        lambda done, total, name: seen.append((done, total, name)),
        cache=tmp_path,
        jars=jars,
        repositories=[server.url + "/"],
    )
    assert all((home / "lib" / listed.file_name).read_bytes() == BODY for listed in jars)
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert seen[-1][:2] == (3 * len(BODY), 3 * len(BODY))
    assert {total for _, total, _ in seen} == {3 * len(BODY)}
    server.asked.clear()
    ensure_jars(cache=tmp_path, jars=jars, repositories=[server.url])
    assert server.requests == []


def test_a_half_downloaded_jar_is_resumed(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar())
    part = tmp_path / f"elasticsearch-{node_jars.VERSION}" / "lib" / "one-1.0.jar.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1000])
    home = ensure_jars(cache=tmp_path, jars=[jar()], repositories=[server.url])
    assert server.requests == [("/org/example/one/1.0/one-1.0.jar", "bytes=1000-")]
    assert (home / "lib" / "one-1.0.jar").read_bytes() == BODY
    assert not part.exists()


def test_a_broken_connection_is_taken_up_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar())
    server.break_after[f"/{jar().repository_path}"] = 100_000
    home = ensure_jars(cache=tmp_path, jars=[jar()], repositories=[server.url])
    assert (home / "lib" / "one-1.0.jar").read_bytes() == BODY
    first, second = server.requests
    assert first[1] is None
    assert second[1] is not None
    assert 0 < int(second[1].removeprefix("bytes=").rstrip("-")) <= 100_000


def test_a_server_without_ranges_is_read_from_the_start(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar())
    server.ranges = False
    part = tmp_path / f"elasticsearch-{node_jars.VERSION}" / "lib" / "one-1.0.jar.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    home = ensure_jars(cache=tmp_path, jars=[jar()], repositories=[server.url])
    assert (home / "lib" / "one-1.0.jar").read_bytes() == BODY


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(BODY), BODY + b"more"], ids=["short", "equal", "long"])
def test_a_wrong_part_is_thrown_away_and_fetched_again(server: FileServer, tmp_path: Path, left: bytes) -> None:
    serve(server, jar())
    part = tmp_path / f"elasticsearch-{node_jars.VERSION}" / "lib" / "one-1.0.jar.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    home = ensure_jars(cache=tmp_path, jars=[jar()], repositories=[server.url])
    assert (home / "lib" / "one-1.0.jar").read_bytes() == BODY
    assert server.requests[-1][1] is None


def test_a_damaged_jar_is_fetched_again(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar("one"), jar("two"))
    jars = [jar("one"), jar("two")]
    home = ensure_jars(cache=tmp_path, jars=jars, repositories=[server.url])
    damaged = home / "lib" / "one-1.0.jar"
    damaged.write_bytes(BODY[:-1] + b"!")
    server.asked.clear()
    ensure_jars(cache=tmp_path, jars=jars, repositories=[server.url])
    assert damaged.read_bytes() == BODY
    assert [path for path, _ in server.requests] == ["/org/example/one/1.0/one-1.0.jar"]


def test_a_jar_that_stays_wrong_is_refused(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar(), body=BODY[::-1])
    with pytest.raises(NodeFailed, match=r"one-1\.0\.jar .*SHA-256") as failed:
        ensure_jars(cache=tmp_path, jars=[jar()], repositories=[server.url])
    assert failed.value.hint
    assert list((tmp_path / f"elasticsearch-{node_jars.VERSION}" / "lib").iterdir()) == []


def test_the_second_repository_is_asked_when_the_first_has_it_not(server: FileServer, tmp_path: Path) -> None:
    serve(server, jar())
    home = ensure_jars(cache=tmp_path, jars=[jar()], repositories=[f"{server.url}/empty", server.url])
    assert (home / "lib" / "one-1.0.jar").read_bytes() == BODY


def test_no_network_says_so_and_names_the_jar(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match=r"one-1\.0\.jar could not be fetched") as failed:
        ensure_jars(cache=tmp_path, jars=[jar()], repositories=["http://127.0.0.1:9"])
    assert "network" in failed.value.hint


def test_a_full_disk_is_named_before_anything_is_fetched(tmp_path: Path) -> None:
    huge = Jar("org.example", "one", "1.0", "lib", 1 << 60, "0" * 64)
    with pytest.raises(DiskFull, match="MB are free"):
        ensure_jars(cache=tmp_path, jars=[huge], repositories=["http://127.0.0.1:9"])


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NodeFailed, match="cannot be written") as failed:
        ensure_jars(cache=tmp_path / "file", jars=[], repositories=[])
    assert "BOXLENS_CACHE_DIR" in failed.value.hint


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOXLENS_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "boxlens"
    monkeypatch.setenv("BOXLENS_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_dir() == tmp_path / "mine"
