"""The rule of thumb by which a collection is shared out over machines."""

from __future__ import annotations

import pytest

from boxlens.domain.share_out import SHARD_BYTES, SHARD_DOCUMENTS, Machines, ShareOut, share_out

GIB = 2**30


def rule(documents: int, machines: int = 1, free_gib: int | None = None) -> ShareOut:
    free = None if free_gib is None else free_gib * GIB
    return share_out(documents, 768, 512, "int8_hnsw", 16, Machines(machines, free))


@pytest.mark.parametrize(
    ("documents", "machines", "shards"),
    [
        (0, 1, 1),
        (SHARD_DOCUMENTS, 1, 1),
        (SHARD_DOCUMENTS + 1, 1, 2),
        (900_000, 3, 1),  # a search asks all shards: few pictures have one
        (2_000_000, 3, 2),
        (3_000_000, 3, 3),  # from a million a machine on, a load works on all
        (16_000_000, 3, 6),  # four would do: all machines carry the same
        (1_000_000_000, 32, 224),
    ],
)
def test_shards_follow_from_objects_and_machines(documents: int, machines: int, shards: int) -> None:
    assert rule(documents, machines).shards == shards


def test_wide_vectors_make_smaller_shards() -> None:
    wide = share_out(SHARD_DOCUMENTS, 4096, 4096, "hnsw", 16, Machines())
    assert wide.vector_bytes / wide.shards <= SHARD_BYTES
    assert wide.shards > 1


def test_a_second_machine_holds_a_copy() -> None:
    assert [rule(10, machines).replicas for machines in (1, 2, 3)] == [0, 1, 1]
    assert rule(1000, 2).memory_bytes == 2 * rule(1000, 1).memory_bytes == 2 * 1000 * (1280 + 256)


def test_memory_that_does_not_do_is_told_with_what_would() -> None:
    assert rule(1_000_000).fits is None
    assert rule(1_000_000, 1, 16).fits is True
    tight = rule(100_000_000, 3, 96)
    assert (tight.fits, tight.machines_needed) == (False, 9)


@pytest.mark.parametrize(
    ("index_type", "stored"), [("hnsw", 4 * 1280 + 256), ("int8_hnsw", 5 * 1280 + 256), ("flat", 4 * 1280)]
)
def test_floats_are_counted_once(index_type: str, stored: int) -> None:
    assert share_out(1000, 768, 512, index_type, 16, Machines()).vector_bytes == 1000 * stored  # type: ignore[arg-type]
