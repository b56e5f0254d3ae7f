"""How the index of a collection is shared out over machines: a rule of thumb, computed from objects, dims and memory.

**Shards.** One, as long as one will do: a search asks every shard, and the ways in one graph grow only with the
logarithm of what it holds (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs", 2016). More, where one would hold more than five million documents, because
a merge builds the graph of a segment on one core and a shard moves between machines in one piece; or more than 50 GiB,
the size up to which Elastic keeps shards movable ("Size your shards", Elasticsearch guide). From a million documents a
machine on, every machine has a shard, so that a load works on all of them; more shards than machines are a multiple of
them, so that all carry the same.

**Replicas.** One, where there is a second machine: then any one of them may be lost, and nothing is. None where there
is none, because a copy beside the original is lost with it.

**Memory.** A search walks quantised vectors and links; they are to lie in memory, in each copy. What the machines have
beside the heaps of Elasticsearch is left to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from boxlens.domain.collections import IndexType

BYTES_PER_DIM: dict[IndexType, float] = {
    "hnsw": 4.0,
    "flat": 4.0,
    "int8_hnsw": 1.0,
    "int8_flat": 1.0,
    "bbq_hnsw": 1 / 8,
}
"""Of the vectors that a search walks over; the float32 vectors of all types are read from disk for what is rescored."""

LINK_BYTES, FLOAT_BYTES = 4, 4
SHARD_DOCUMENTS = 5_000_000
SHARD_BYTES = 50 * 2**30
MACHINE_DOCUMENTS = 1_000_000
"""Documents a machine from which each of them has a shard."""


def walked_bytes(vit_dims: int, clip_dims: int, index_type: IndexType, m: int) -> float:
    """Bytes a document that a search wants in memory: quantised vectors and links, 2 m of them on the lowest level."""
    links = 0 if index_type.endswith("flat") else 2 * m * LINK_BYTES * ((vit_dims > 0) + (clip_dims > 0))
    return BYTES_PER_DIM[index_type] * (vit_dims + clip_dims) + links


@dataclass(frozen=True, slots=True)
class Machines:
    """``count`` nodes that hold data; ``free_bytes``: their memory beside the heaps, all together, None where it is not
    known. Nodes of one host share its memory."""

    count: int = 1
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What a person said of a collection to be made: shards and copies, or how many documents are expected, frames
    included; None leaves it to the settings, and these to the rule."""

    shards: int | None = None
    replicas: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class ShareOut:
    """Shards and copies, and what they ask for: ``memory_bytes`` of all copies together, ``vector_bytes`` on disk of
    one copy (vectors and graphs; texts and the source of documents come on top)."""

    documents: int
    shards: int
    replicas: int
    memory_bytes: int
    vector_bytes: int
    machines: Machines

    @property
    def fits(self) -> bool | None:
        """Whether the machines have the memory; None where it is not known."""
        free = self.machines.free_bytes
        return None if free is None else self.memory_bytes <= free

    @property
    def machines_needed(self) -> int | None:
        """Machines like these that would have the memory; None where it is not known."""
        free = self.machines.free_bytes
        return math.ceil(self.memory_bytes * self.machines.count / free) if free else None


def share_out(
    documents: int, vit_dims: int, clip_dims: int, index_type: IndexType, m: int, machines: Machines
) -> ShareOut:
    """The rule for ``documents`` objects, frames included.

    >>> rule = share_out(20_000_000, 768, 512, "int8_hnsw", 16, Machines(3, 96 * 2**30))
    >>> rule.shards, rule.replicas, rule.fits
    (6, 1, True)
    """
    walked = walked_bytes(vit_dims, clip_dims, index_type, m)
    floats = FLOAT_BYTES * (vit_dims + clip_dims) if BYTES_PER_DIM[index_type] < FLOAT_BYTES else 0
    stored = walked + floats
    shards = max(1, math.ceil(documents / SHARD_DOCUMENTS), math.ceil(documents * stored / SHARD_BYTES))
    shards = max(shards, min(machines.count, documents // MACHINE_DOCUMENTS))
    if shards > machines.count:
        shards = math.ceil(shards / machines.count) * machines.count
    replicas = 1 if machines.count > 1 else 0
    memory = math.ceil(documents * walked * (1 + replicas))
    return ShareOut(documents, shards, replicas, memory, math.ceil(documents * stored), machines)
