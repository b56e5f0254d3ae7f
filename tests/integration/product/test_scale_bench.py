"""`boxlens bench scale` on a small size: the whole table comes of the product's own index, nothing is left behind."""

from __future__ import annotations

import pytest

from boxlens.benchmarks import machine
from boxlens.benchmarks.made_up import MadeUpCollection
from boxlens.benchmarks.scale import bench_scale
from boxlens.benchmarks.scale_result import BARE, OBJECT
from boxlens.domain.errors import Unavailable
from boxlens.index.elasticsearch.client import connect
from boxlens.settings import ElasticsearchSettings, Settings


def test_the_table_of_a_size(elasticsearch_url: str) -> None:
    made_up = MadeUpCollection(900, vit_dims=64, clip_dims=64)
    reports: list[str] = []
    settings = Settings(elasticsearch=ElasticsearchSettings(url=elasticsearch_url))
    result = bench_scale(elasticsearch_url, settings, made_up, 5, reports.append)
    assert result.documents == 900
    assert result.segments == 1
    assert result.recall >= 0.99
    assert result.bytes_per_document > 64 * 2 * 4
    assert [row["request"] for row in result.requests] == [
        OBJECT,
        "a label",
        "an object under a label filter",
        "two common things (all_of)",
        "facets of everything",
        BARE,
    ]
    assert all(0 < row["p50 ms"] <= row["p90 ms"] for row in result.requests)
    assert all(row["of it Elasticsearch p50 ms"] <= row["p90 ms"] for row in result.requests)
    assert result.summary()["documents"] == 900
    client = connect(elasticsearch_url, ElasticsearchSettings())
    assert [name for name in client.indices.get(index="bench-*") if name.startswith("bench-")] == []
    client.close()


def test_a_busy_machine_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LOOK_S", 0.01)
    monkeypatch.setattr(machine, "QUIET", -1.0)
    with pytest.raises(Unavailable, match="nothing is measured") as caught:
        machine.look_at()
    assert "--busy" in caught.value.hint
    assert not machine.look_at(busy_allowed=True).quiet
