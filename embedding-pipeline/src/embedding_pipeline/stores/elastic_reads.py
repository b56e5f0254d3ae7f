"""Reads by id, real-time: they see what was written whether or not a refresh came in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from embedding_pipeline.domain import object_id
from embedding_pipeline.stores.elastic_bodies import MOST_RESULTS, UNREAD, of_images_body
from embedding_pipeline.stores.elastic_errors import speaking

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


def numbered(image_id: str, facts: Mapping[str, Any] | None) -> list[str]:
    """Ids of the objects that a frame says its image has."""
    return [object_id(image_id, number) for number in facts["object_numbers"]] if facts else []


def _mget(
    client: Elasticsearch, alias: str, collection: str, ids: Sequence[str], chosen: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), AT_ONCE):
        with speaking(collection):
            answer = client.mget(index=alias, ids=list(ids[start : start + AT_ONCE]), **chosen)
        found.update({doc["_id"]: doc["_source"] for doc in answer["docs"] if doc.get("found")})
    return found
