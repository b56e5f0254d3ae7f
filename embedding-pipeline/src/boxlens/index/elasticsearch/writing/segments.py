"""The segments of an index. Every segment has a graph of its own, and a search walks all of them: few are fast.

A document whose ``_source`` leaves the vectors out is kept whole beside it, so that a copy of its shard can be brought
up to date, until a merge finds that every copy has it. What every copy has is told by retention leases, which are
renewed every 30 seconds: a merge that may take its time waits for them, or it would carry all of that along.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

SEGMENT_DOCUMENTS = 1_000_000
"""Most documents of one segment: a merge of more would build its graph for hours on one core."""

PRUNED_FROM = 5000
"""Documents of which it is worth the wait: fewer take 40 MB."""
LEASES_S = 40.0
"""How long a merge waits for leases; it goes on without them."""


def merge_segments(client: Elasticsearch, index: str, *, wait: bool = True) -> int:
    """Merges each shard into as few segments as its documents need; how many the index has then. ``wait``: for the end
    of it, otherwise the server goes on by itself."""
    stats = client.indices.stats(index=index, metric=["docs"])
    shards = max(1, stats["_shards"]["successful"])
    documents = stats["_all"]["total"]["docs"]["count"]
    largest = max(1, math.ceil(documents / shards / SEGMENT_DOCUMENTS))
    if wait and documents >= PRUNED_FROM:
        client.indices.flush(index=index, wait_if_ongoing=True)
        _await_leases(client, index)
    client.options(request_timeout=None).indices.forcemerge(
        index=index, max_num_segments=largest, wait_for_completion=wait
    )
    return segments(client.indices.stats(index=index, metric=["segments"]).body)


def _await_leases(client: Elasticsearch, index: str) -> None:
    """Until the leases of all primaries are as far as their documents, or LEASES_S have passed."""
    give_up = time.monotonic() + LEASES_S
    while time.monotonic() < give_up:
        shards = client.indices.stats(index=index, level="shards")["indices"][index]["shards"]
        copies = [copy for shard in shards.values() for copy in shard if copy["routing"]["primary"]]
        if not any(_behind(copy) for copy in copies):
            return
        time.sleep(0.2)


def _behind(copy: Mapping[str, Any]) -> bool:
    retained = [lease["retaining_seq_no"] for lease in copy["retention_leases"]["leases"]]
    return bool(min(retained, default=0) <= copy["seq_no"]["max_seq_no"])


def segments(stats: Mapping[str, Any]) -> int:
    """How many the primaries of an index have, from its statistics."""
    return int(stats["_all"]["primaries"]["segments"]["count"])
