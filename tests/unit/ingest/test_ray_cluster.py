"""Where an ingest runs: what ``--on`` names, how many actors a cluster takes, and what its machines must reach."""

from __future__ import annotations

import importlib.util
import pickle
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from boxlens.domain.errors import BadInput, BadSource, Unavailable
from boxlens.domain.references import ImageRef, SourceProblem
from boxlens.on_ray.chunks import movable
from boxlens.on_ray.cluster import cluster_address, connected, require_ray, require_reachable
from boxlens.on_ray.ingest import on_any_machine
from boxlens.on_ray.pool import Shape, shape_of
from boxlens.servers import Addresses
from boxlens.settings import ProxySettings, Settings

HERE, THERE = "http://127.0.0.1:9200", "http://search.example.org:9200"


@pytest.mark.parametrize(
    ("on", "address"),
    [
        ("ray", None),
        ("ray://auto", "auto"),
        ("ray://10.0.0.5:6379", "10.0.0.5:6379"),
        ("ray://head.example.org:6379", "head.example.org:6379"),
        ("ray://[fd00::5]:6379", "[fd00::5]:6379"),
    ],
)
def test_what_on_names(on: str, address: str | None) -> None:
    assert cluster_address(on) == address


@pytest.mark.parametrize("on", ["", "spark", "ray:", "ray://", "ray://head", "ray://user@head:1", "10.0.0.5:6379"])
def test_what_names_no_engine(on: str) -> None:
    with pytest.raises(BadInput, match="no engine") as raised:
        cluster_address(on)
    assert "--on ray" in raised.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cluster_that_does_not_answer_is_named_at_once(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"{host}:{listening.getsockname()[1]}"
    with pytest.raises(Unavailable, match="No Ray cluster answers") as raised, connected(address):
        pass
    assert "ray start --head" in raised.value.hint
    with pytest.raises(Unavailable, match="No Ray cluster answers"), connected("127.0.0.1:99999"):
        pass


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="Ray is not installed") as raised:
        require_ray("ray")
    assert "pip install 'boxlens[ray]'" in raised.value.hint


@pytest.mark.parametrize(
    ("machines", "threads", "device", "shape"),
    [
        ([{"CPU": 2.0}], 0, "auto", Shape(1, 2)),
        ([{"CPU": 16.0}, {"CPU": 9.0}, {"CPU": 1.0}, {}], 0, "auto", Shape(6, 4)),
        ([{"CPU": 16.0}], 8, "auto", Shape(2, 8)),
        ([{"CPU": 1.0}] * 3, 0, "auto", Shape(3, 1)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 8.0}], 0, "auto", Shape(2, 4, 1)),
        ([{"CPU": 4.0, "GPU": 4.0}], 0, "auto", Shape(4, 1, 1)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 8.0}], 0, "cpu", Shape(6, 4)),
    ],
)
def test_actors_of_a_cluster(machines: list[dict[str, float]], threads: int, device: str, shape: Shape) -> None:
    assert shape_of(machines, threads, device) == shape


def test_a_cluster_without_cores_takes_no_actor() -> None:
    with pytest.raises(Unavailable, match="core"):
        shape_of([{"CPU": 0.0}], 0, "auto")


def test_servers_must_be_reached_from_every_machine() -> None:
    require_reachable(Addresses(HERE, HERE), ["10.0.0.5", "10.0.0.5"])
    require_reachable(Addresses(THERE, THERE), ["10.0.0.5", "10.0.0.6"])
    with pytest.raises(Unavailable) as raised:
        require_reachable(Addresses(f"{THERE},{HERE}", THERE), ["10.0.0.5", "10.0.0.6"])
    assert "BOXLENS_ELASTICSEARCH__URL" in raised.value.hint
    with pytest.raises(Unavailable) as raised:
        require_reachable(Addresses(THERE, "http://localhost:10086"), ["10.0.0.5", "10.0.0.6"])
    assert "BOXLENS_PROXY__URL" in raised.value.hint


def test_what_travels_means_the_same_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    local, remote = ImageRef("pictures/a.jpg", caption="a", tags=("b",)), ImageRef("bucket://pictures/a.jpg")
    assert movable(local) == replace(local, uri=str(tmp_path / "pictures/a.jpg"))
    assert movable(local).source == local.source
    assert movable(remote) is remote
    problem = SourceProblem(BadSource("x.jsonl:3: no uri", hint="write one"), "x.jsonl", 3, {"caption": "a"})
    arrived = pickle.loads(pickle.dumps(movable(ImageRef("x.jsonl:3", problem=problem))))
    assert (arrived.uri, arrived.problem.error.hint, arrived.problem.line) == ("x.jsonl:3", "write one", 3)


def test_settings_of_an_actor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    proxy = ProxySettings(write_key="secret")
    settings = on_any_machine(Settings(data_dir=Path("data"), proxy=proxy), Shape(3, 4))
    arrived = pickle.loads(pickle.dumps(settings))
    assert (arrived.data_dir, arrived.packs, arrived.threads) == (tmp_path / "data", tmp_path / "data/packs", 4)
    assert arrived.proxy.write_key.get_secret_value() == "secret"
