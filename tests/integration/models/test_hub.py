"""Finding files on loopback servers with the public layouts of the hub and of ModelScope: commits, hashes, pins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.servers.hub import COMMIT, Hub, hub_server

from boxlens.domain.errors import ModelMissing
from boxlens.fetch import patience
from boxlens.fetch.download import Fetching, FileIdentity, download, open_client
from boxlens.models.packs.hub import Hubs, Located, locate
from boxlens.models.packs.pins import Pins

BYTES = bytes(range(256)) * 1000
OTHER = b"another" * 1000
REPO = "org/model"
FILE = "weights.bin"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    import huggingface_hub.constants

    monkeypatch.setattr(patience, "PAUSE_S", 0.0)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with hub_server() as hub:
        yield hub


def hubs(hub: Hub, **more: Any) -> Hubs:
    return replace(Hubs(hub.site.url, hub.modelscope.url), **more)


def find(hub: Hub, folder: Path, *, repo: str = REPO, newest: bool = False, **more: str) -> tuple[Located, Pins]:
    pins = Pins(folder / "pins.json", newest=newest)
    with open_client(ModelMissing) as client:
        return locate(repo, FILE, folder / FILE, hubs=hubs(hub, **more), pins=pins, client=client), pins


def bring(hub: Hub, folder: Path, *, repo: str = REPO, newest: bool = False, **more: str) -> bytes:
    """Found, fetched and pinned."""
    located, pins = find(hub, folder, repo=repo, newest=newest, **more)
    if located.here is None:
        with open_client(ModelMissing) as client:
            how = Fetching(ModelMissing, headers=located.headers)
            download(client, [located.url], folder / FILE, located.identity, how)
    pins.remember(repo, located.revision, FILE, located.identity)
    return (located.here or folder / FILE).read_bytes()


def test_the_hub_names_commit_size_and_hash(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    located, _ = find(hub, tmp_path)
    assert located.revision == COMMIT
    assert located.identity == FileIdentity(len(BYTES), hashlib.sha256(BYTES).hexdigest())
    assert located.url == f"{hub.site.url}/{REPO}/resolve/{COMMIT}/{FILE}"
    assert hub.cdn.asked == []  # looking costs no byte of the file
    assert bring(hub, tmp_path) == BYTES


def test_small_files_have_the_hash_of_git(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, b"{}", large=False)
    assert bring(hub, tmp_path) == b"{}"
    assert len(find(hub, tmp_path)[0].identity.digest) == 40


def test_nothing_is_told_about_the_user(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    bring(hub, tmp_path)
    assert {request.path for request in hub.site.asked} <= {f"/{REPO}/resolve/{r}/{FILE}" for r in ("main", COMMIT)}
    for request in hub.site.asked:
        assert "torch/" not in request.headers["user-agent"]
        assert "agent/" not in request.headers["user-agent"].replace("user-agent/", "")


def test_the_revision_stays_pinned(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    assert bring(hub, tmp_path) == BYTES
    hub.site.redirects.pop(f"/{REPO}/resolve/main/{FILE}")
    later = "f" * 40
    hub.add(REPO, FILE, OTHER, commit=later)
    hub.site.asked.clear()
    assert bring(hub, tmp_path) == BYTES
    assert hub.site.asked == []  # the pinned file is here: nobody is asked
    (tmp_path / FILE).unlink()
    assert bring(hub, tmp_path) == BYTES
    assert bring(hub, tmp_path, newest=True) == OTHER
    assert find(hub, tmp_path)[0].revision == later


def test_a_mirror_without_hashes_is_taken_at_the_pinned_hash_alone(hub: Hub, tmp_path: Path) -> None:
    hub.mirror(REPO, FILE, BYTES)
    with pytest.raises(ModelMissing, match="names no hash, and none is pinned") as caught:
        find(hub, tmp_path)
    assert "pins.json" in caught.value.hint
    Pins(tmp_path / "pins.json").remember(REPO, COMMIT, FILE, FileIdentity(0, hashlib.sha256(BYTES).hexdigest()))
    path = hub.mirror(REPO, FILE, BYTES, revision=COMMIT)
    hub.site.files.pop(f"/{REPO}/resolve/main/{FILE}")
    assert bring(hub, tmp_path) == BYTES
    assert hub.site.asked[-1].path == path
    (tmp_path / FILE).unlink()
    hub.mirror(REPO, FILE, OTHER, revision=COMMIT)
    with pytest.raises(ModelMissing, match="another file"):
        bring(hub, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_a_hub_that_names_another_hash_than_the_pinned_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, OTHER)
    Pins(tmp_path / "pins.json").remember(REPO, COMMIT, FILE, FileIdentity(0, hashlib.sha256(BYTES).hexdigest()))
    with pytest.raises(ModelMissing, match="another file than the pinned one") as caught:
        find(hub, tmp_path)
    assert "--newest" in caught.value.hint


def test_the_token_goes_to_the_host_of_the_hub_alone(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    bring(hub, tmp_path, token="hf_secret")
    assert {request.headers.get("authorization") for request in hub.site.asked} == {"Bearer hf_secret"}
    hub.on_modelscope(REPO, FILE, BYTES)
    bring(hub, tmp_path / "other", token="hf_secret", source="modelscope")
    assert hub.cdn.asked
    assert hub.modelscope.asked
    assert not [request for request in (*hub.cdn.asked, *hub.modelscope.asked) if "authorization" in request.headers]


def test_without_a_token_none_is_sent(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_not_this_one")
    hub.add(REPO, FILE, BYTES)
    bring(hub, tmp_path)
    assert not [request for request in hub.site.asked if "authorization" in request.headers]


def test_a_busy_hub_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    hub.site.busy[f"/{REPO}/resolve/main/{FILE}"] = [(429, {"Retry-After": "1"}), (429, {"Retry-After": "0"})]
    assert bring(hub, tmp_path) == BYTES
    first, second = hub.site.asked[:2]
    assert second.at - first.at >= 1


def test_what_the_hub_refuses_is_said(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="does not exist"):
        find(hub, tmp_path)
    hub.site.busy[f"/{REPO}/resolve/main/{FILE}"] = [(401, {})]
    with pytest.raises(ModelMissing, match=r"refused \(401\)") as caught:
        find(hub, tmp_path)
    assert "HF_TOKEN" in caught.value.hint
    assert hub.modelscope.asked == []  # it answers: nobody else is asked


def test_modelscope_is_asked_where_the_hub_does_not_answer(hub: Hub, tmp_path: Path) -> None:
    hub.on_modelscope("AI-ModelScope/model", FILE, BYTES)
    away = "http://127.0.0.1:1"
    assert bring(hub, tmp_path, repo="OFA-Sys/model", endpoint=away) == BYTES
    with pytest.raises(ModelMissing, match="does not answer") as caught:
        find(hub, tmp_path / "x", repo="OFA-Sys/model", endpoint=away, source="hub")
    assert "--source modelscope" in caught.value.hint


def test_modelscope_is_held_to_the_pins_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    bring(hub, tmp_path)
    (tmp_path / FILE).unlink()
    hub.on_modelscope(REPO, FILE, BYTES, named=False)
    assert bring(hub, tmp_path, source="modelscope") == BYTES
    with pytest.raises(ModelMissing, match="names no hash"):
        find(hub, tmp_path / "new", source="modelscope")
    hub.modelscope.files.clear()
    hub.on_modelscope(REPO, FILE, OTHER)
    (tmp_path / FILE).unlink()
    with pytest.raises(ModelMissing, match="another file than the pinned one"):
        find(hub, tmp_path, source="modelscope")
    hub.modelscope.files.clear()
    with pytest.raises(ModelMissing, match="does not exist"):
        find(hub, tmp_path, source="modelscope")


def test_what_huggingface_hub_has_in_its_cache_is_not_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, FILE, BYTES)
    held = tmp_path / "cache" / "models--org--model" / "snapshots" / COMMIT / FILE
    held.parent.mkdir(parents=True)
    held.write_bytes(BYTES)
    assert find(hub, tmp_path)[0].here == held
    held.write_bytes(OTHER)
    assert find(hub, tmp_path)[0].here is None


@pytest.mark.parametrize("text", ["", "[]", '{"org/model": {}}', '{"org/model": {"revision": "x", "files": {"w": 1}}}'])
def test_pins_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pins.json").write_text(text)
    assert Pins(tmp_path / "pins.json").of(REPO).files == {}
