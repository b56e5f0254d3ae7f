"""Reads by id, real-time: they see what was written whether or not a refresh came in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from embedding_pipeline.domain import Vector, object_id
from embedding_pipeline.queries import apart
from embedding_pipeline.stores.elastic_bodies import MOST_RESULTS, UNREAD, of_images_body, sample_body
from embedding_pipeline.stores.elastic_errors import speaking
from embedding_pipeline.stores.object_checks import stacked

AT_ONCE = 500
"""Documents per request."""

FRAME_FACTS = ["object_numbers", "ingested_at"]


def sources(
    client: Elasticsearch, alias: str, collection: str, ids: Sequence[str], *, vectors: bool = False
) -> dict[str, dict[str, Any]]:
    """Stored documents by id; unknown ids are left out."""
    return _mget(client, alias, collection, ids, {"source_excludes": ["tokens"] if vectors else UNREAD})


def frame_facts(
    client: Elasticsearch, alias: str, collection: str, image_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """``object_numbers`` and ``ingested_at`` of those images that are stored whole, by image id."""
    frames = {object_id(image_id, 0): image_id for image_id in image_ids}
    found = _mget(client, alias, collection, list(frames), {"source_includes": FRAME_FACTS})
    return {frames[key]: source for key, source in found.items()}


def visible_ids(client: Elasticsearch, alias: str, collection: str, image_ids: Sequence[str]) -> list[str]:
    """Ids of all documents of these images that a search can see, whole or not."""
    ids: list[str] = []
    body = of_images_body(list(image_ids))
    while True:
        with speaking(collection):
            hits = client.search(index=alias, body=body)["hits"]["hits"]
        ids += [hit["_id"] for hit in hits]
        if len(hits) < MOST_RESULTS:
            return ids
        body = {**body, "search_after": hits[-1]["sort"]}


def sample(client: Elasticsearch, alias: str, collection: str, signal: str, size: int) -> Vector:
    """The vectors of the smallest object ids that have one, float32 of shape (n, dims)."""
    field = f"{signal}_vector"
    rows: list[list[float]] = []
    after: str | None = None
    while len(rows) < size:
        body = sample_body(field, min(AT_ONCE, size - len(rows)), after)
        with speaking(collection):
            hits = client.search(index=alias, body=body)["hits"]["hits"]
        rows += [hit["_source"][field] for hit in hits]
        if len(hits) < body["size"]:
            break
        after = hits[-1]["_id"]
    return stacked([np.asarray(row, np.float32) for row in rows])


def numbered(image_id: str, facts: Mapping[str, Any] | None) -> list[str]:
    """Ids of the objects that a frame says its image has."""
    return [object_id(image_id, number) for number in facts["object_numbers"]] if facts else []


def _mget(
    client: Elasticsearch, alias: str, collection: str, ids: Sequence[str], chosen: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), AT_ONCE):
        with speaking(collection):
            for one in apart(alias):  # a read by id knows one index; of several, the first that has it
                answer = client.mget(index=one, ids=list(ids[start : start + AT_ONCE]), **chosen)
                found = {doc["_id"]: doc["_source"] for doc in answer["docs"] if doc.get("found")} | found
    return found
