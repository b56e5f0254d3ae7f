"""Downloads from a loopback server: gone on with, waited for, held to hashes, refused."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.servers.files import FileServer, file_server

from boxlens.domain.errors import ModelMissing
from boxlens.fetch import patience
from boxlens.fetch.download import Fetching, FileIdentity, download, open_client
from boxlens.fetch.patience import ATTEMPTS, LONGEST_WAIT_S, told_wait

BYTES = bytes(range(256)) * 1200
SHA = hashlib.sha256(BYTES).hexdigest()
WHOLE = FileIdentity(len(BYTES), SHA)
PATH = "/weights.bin"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(patience, "PAUSE_S", 0.0)
    with file_server() as server:
        server.files[PATH] = BYTES
        yield server


def bring(
    server: FileServer,
    target: Path,
    identity: FileIdentity = WHOLE,
    how: Fetching = Fetching(ModelMissing),
    *paths: str,
) -> Path:
    with open_client(ModelMissing) as client:
        download(client, [server.url + path for path in paths or (PATH,)], target, identity, how)
    return target


def test_a_file_comes_whole_and_is_not_fetched_twice(server: FileServer, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    bring(server, tmp_path / "w", WHOLE, Fetching(ModelMissing, at=lambda *numbers: progress.append(numbers)))
    assert (tmp_path / "w").read_bytes() == BYTES
    assert progress[-1] == (len(BYTES), len(BYTES))
    bring(server, tmp_path / "w")
    assert len(server.requests) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_a_broken_download_goes_on_where_it_stopped(server: FileServer, tmp_path: Path) -> None:
    server.break_after[PATH] = 100_000
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    first, second = server.requests
    assert first == (PATH, None)
    assert second[1] is not None
    assert 0 < int(second[1].removeprefix("bytes=").rstrip("-")) <= 100_000


def test_progress_decides_and_not_the_number_of_attempts(server: FileServer, tmp_path: Path) -> None:
    server.break_each[PATH] = 20_000
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    assert len(server.requests) > 2 * ATTEMPTS


def test_without_progress_it_ends(server: FileServer, tmp_path: Path) -> None:
    server.break_each[PATH] = 0
    with pytest.raises(ModelMissing, match="could not be fetched") as caught:
        bring(server, tmp_path / "w")
    assert "goes on where it stopped" in caught.value.hint
    assert len(server.requests) == ATTEMPTS


def test_a_server_that_always_starts_over_and_breaks_is_no_progress(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.break_each[PATH] = 100_000
    with pytest.raises(ModelMissing):
        bring(server, tmp_path / "w")
    assert len(server.requests) == ATTEMPTS + 1  # the first brought something


def test_a_server_without_ranges_starts_over(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.break_after[PATH] = 100_000
    assert bring(server, tmp_path / "w").read_bytes() == BYTES


def test_the_next_run_goes_on_too(server: FileServer, tmp_path: Path) -> None:
    server.break_after[PATH] = 100_000
    (tmp_path / "w.part").write_bytes(BYTES[:70_000])
    bring(server, tmp_path / "w")
    assert server.requests[0] == (PATH, "bytes=70000-")
    assert (tmp_path / "w").read_bytes() == BYTES


@pytest.mark.parametrize("identity", [WHOLE, FileIdentity(0, SHA)])
def test_a_whole_part_is_checked_before_it_is_fetched_again(
    server: FileServer, tmp_path: Path, identity: FileIdentity
) -> None:
    (tmp_path / "w.part").write_bytes(BYTES)
    assert bring(server, tmp_path / "w", identity).read_bytes() == BYTES
    assert server.requests == []


@pytest.mark.parametrize("left", [b"x" * len(BYTES), BYTES + b"more", b"x" * 1000], ids=["equal", "long", "short"])
def test_a_wrong_part_is_thrown_away(server: FileServer, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "w.part").write_bytes(left)
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    assert server.requests[-1] == (PATH, None)


def test_without_a_hash_nothing_is_pieced_together(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "w.part").write_bytes(b"of another file")
    assert bring(server, tmp_path / "w", FileIdentity()).read_bytes() == BYTES
    assert server.requests == [(PATH, None)]


def test_git_hashes_are_hashes_too(server: FileServer, tmp_path: Path) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(BYTES) + BYTES).hexdigest()
    assert bring(server, tmp_path / "w", FileIdentity(0, blob)).read_bytes() == BYTES
    with pytest.raises(ModelMissing, match="another file"):
        bring(server, tmp_path / "x", FileIdentity(0, "0" * 40))


def test_a_wrong_file_is_fetched_once_more_and_refused(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="f" * 64) as caught:
        bring(server, tmp_path / "w", FileIdentity(0, "f" * 64))
    assert SHA in caught.value.detail
    assert list(tmp_path.iterdir()) == []
    assert len(server.requests) == 2


def test_a_busy_server_is_waited_for_as_it_says(server: FileServer, tmp_path: Path) -> None:
    server.busy[PATH] = [(429, {"Retry-After": "1"})]
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    first, second = server.asked
    assert second.at - first.at >= 1


def test_waits_are_no_attempts(server: FileServer, tmp_path: Path) -> None:
    server.busy[PATH] = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})] * ATTEMPTS
    assert bring(server, tmp_path / "w").read_bytes() == BYTES


def test_a_long_wait_is_told_and_not_begun(server: FileServer, tmp_path: Path) -> None:
    server.busy[PATH] = [(429, {"Retry-After": str(int(LONGEST_WAIT_S) + 1)})]
    with pytest.raises(ModelMissing, match="asks to wait for 3601 s"):
        bring(server, tmp_path / "w")


def test_a_busy_server_that_says_nothing_is_asked_a_few_times(server: FileServer, tmp_path: Path) -> None:
    server.busy[PATH] = [(429, {})] * (ATTEMPTS - 1)
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    server.busy[PATH] = [(500, {})] * ATTEMPTS
    with pytest.raises(ModelMissing, match="answers 500"):
        bring(server, tmp_path / "x")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sat, 28 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 28 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"ratelimit": '"resolvers";r=0;t=55'}, 55.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert told_wait(headers, datetime(2026, 11, 28, 12, 0, tzinfo=UTC)) == seconds


def test_what_does_not_exist_or_is_refused_is_said_at_once(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="does not exist") as caught:
        bring(server, tmp_path / "w", WHOLE, Fetching(ModelMissing), "/absent")
    assert "HF_ENDPOINT" in caught.value.hint
    server.busy[PATH] = [(403, {})]
    with pytest.raises(ModelMissing, match=r"refused \(403\)") as caught:
        bring(server, tmp_path / "w")
    assert "account" in caught.value.hint
    assert len(server.requests) == 2


def test_the_second_address_is_asked_when_the_first_has_it_not(server: FileServer, tmp_path: Path) -> None:
    assert bring(server, tmp_path / "w", WHOLE, Fetching(ModelMissing), "/absent", PATH).read_bytes() == BYTES


def test_a_server_that_is_away(server: FileServer, tmp_path: Path) -> None:
    with open_client(ModelMissing) as client, pytest.raises(ModelMissing, match="could not be fetched"):
        download(client, ["http://127.0.0.1:1/x"], tmp_path / "w", WHOLE, Fetching(ModelMissing))


def test_a_token_does_not_follow_to_another_host(server: FileServer, tmp_path: Path) -> None:
    with file_server() as other:
        other.files["/blob"] = BYTES
        server.redirects[PATH] = other.url + "/blob"
        bring(server, tmp_path / "w", WHOLE, Fetching(ModelMissing, headers={"Authorization": "Bearer secret"}))
        assert server.asked[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.asked[0].headers


@pytest.mark.skipif(importlib.util.find_spec("socksio") is not None, reason="socksio is installed")
def test_a_socks_proxy_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ModelMissing, match="socksio") as caught:
        open_client(ModelMissing)
    assert "pip install socksio" in caught.value.hint


def test_a_proxy_of_an_unknown_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:70")
    with pytest.raises(ModelMissing, match="proxy of the environment") as caught:
        open_client(ModelMissing)
    assert "HTTPS_PROXY" in caught.value.hint
