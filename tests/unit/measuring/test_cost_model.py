"""The model of cost: what it is fitted on comes back, and what it was not fitted on is told beside its measurement."""

from __future__ import annotations

import math

import pytest

from boxlens.benchmarks.cost_model import CostModel, fit, held_out
from boxlens.benchmarks.machine import Machine
from boxlens.benchmarks.scale_result import BARE, OBJECT, ScaleResult
from boxlens.domain.errors import BadInput
from boxlens.domain.share_out import walked_bytes


def result(documents: int, *, extra_ms: float = 0.0) -> ScaleResult:
    """A machine on which a search takes 2 + 1.5 log2 ms, a document 1 + 0.1 log2 ms and 9,000 bytes."""
    logs = math.log2(documents)
    rows = [{"request": OBJECT, "p50 ms": 2 + 1.5 * logs + extra_ms}, {"request": BARE, "p50 ms": 4.0}]
    seconds = documents * (0.001 + 0.0001 * logs)
    return ScaleResult(
        documents=documents,
        vit_dims=768,
        clip_dims=512,
        index_type="int8_hnsw",
        shards=1,
        load_s=0.75 * seconds,
        settle_s=0.25 * seconds,
        bytes_per_document=9000.0,
        off_heap_bytes=None,
        segments=1,
        first_search_ms=1.0,
        recall=1.0,
        requests=rows,
    )


def test_what_was_measured_comes_back() -> None:
    model = fit([result(10_000), result(60_000), result(300_000)], m=16)
    assert model.milliseconds(1_000_000) == pytest.approx(2 + 1.5 * math.log2(1e6))
    assert model.load_s(1_000_000) == pytest.approx(1e6 * (0.001 + 0.0001 * math.log2(1e6)))
    assert model.bytes_per_document == 9000
    assert model.fitted_on == (10_000, 60_000, 300_000)


def test_a_size_it_was_not_fitted_on_stands_beside_its_measurement() -> None:
    comparison = held_out([result(300_000), result(60_000, extra_ms=8), result(10_000)], m=16)
    assert comparison is not None
    assert comparison["documents"] == 60_000
    model, measured = comparison["search p50 ms"]
    assert measured - model == pytest.approx(8, abs=0.1)
    assert held_out([result(10_000), result(60_000)], m=16) is None


def test_one_size_makes_no_model() -> None:
    with pytest.raises(BadInput, match="two sizes"):
        fit([result(10_000), result(10_000)], m=16)


def test_memory_follows_from_dims_type_and_links() -> None:
    assert walked_bytes(768, 512, "int8_hnsw", 16) == 1280 + 2 * 2 * 16 * 4
    assert walked_bytes(768, 0, "flat", 16) == 4 * 768
    assert walked_bytes(768, 512, "bbq_hnsw", 16) == 160 + 256


def test_a_plan_grows_with_its_documents() -> None:
    model: CostModel = fit([result(10_000), result(60_000)], m=16)
    plans = [model.plan(documents) for documents in (1_000_000, 100_000_000, 1_000_000_000)]
    assert [plan["shards"] for plan in plans] == [1, 20, 200]
    assert [plan["machines of 64 GiB"] for plan in plans] == [1, 5, 45]
    assert plans[1]["disk, GB"] == pytest.approx(900)


def test_a_machine_that_others_use_is_named_so() -> None:
    quiet, busy = (Machine("a processor", 2, 8 * 2**30, "Linux x86_64", share, "2026-11-28") for share in (0.02, 0.4))
    assert (quiet.quiet, busy.quiet) == (True, False)
    assert quiet.hardware == "2 cores (a processor), 8 GiB, Linux x86_64"
    assert "2 shared cores" in busy.hardware
