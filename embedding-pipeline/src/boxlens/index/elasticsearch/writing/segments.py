"""The segments of an index. Every segment has a graph of its own, and a search walks all of them: few are fast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

SEGMENT_DOCUMENTS = 1_000_000
"""Most documents of one segment: a merge of more would build its graph for hours on one core."""


def merge_segments(client: Elasticsearch, index: str, *, wait: bool = True) -> int:
    """Merges each shard into as few segments as its documents need; how many the index has then. ``wait``: for the end
    of it, otherwise the server goes on by itself."""
    stats = client.indices.stats(index=index, metric=["docs"])
    shards = max(1, stats["_shards"]["successful"])
    documents = stats["_all"]["total"]["docs"]["count"]
    largest = max(1, math.ceil(documents / shards / SEGMENT_DOCUMENTS))
    client.options(request_timeout=None).indices.forcemerge(
        index=index, max_num_segments=largest, wait_for_completion=wait
    )
    return segments(client.indices.stats(index=index, metric=["segments"]).body)


def segments(stats: Mapping[str, Any]) -> int:
    """How many the primaries of an index have, from its statistics."""
    return int(stats["_all"]["primaries"]["segments"]["count"])
