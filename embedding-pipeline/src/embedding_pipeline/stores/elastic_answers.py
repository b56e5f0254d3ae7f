"""Hits of Elasticsearch as ranked objects, read from their sort values alone: no document is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedding_pipeline.domain import Box
from embedding_pipeline.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from embedding_pipeline.stores.elastic_bodies import BOX, NO_VALUE


def ranked(answer: Mapping[str, Any], query: VectorQuery | WordQuery) -> list[RankedObject]:
    """The hits of a list (see ``elastic_bodies.by_rank``); for unit vectors Elasticsearch scores (1 + cosine) / 2."""
    vectors = isinstance(query, VectorQuery)
    found: dict[str, RankedObject] = {}
    for hit in answer["hits"]["hits"]:
        score, box_score, id, bits, *along = hit["sort"]
        if id in found:  # two collections searched together may hold the same picture
            continue
        similarity = 2 * score - 1 if vectors else score
        told = _value(id, query.value, along[-1]) if query.value != "relevance" else None
        box, sure = (Box(*along[: len(BOX)]), float(np.float32(box_score))) if query.boxes else (None, None)
        found[id] = RankedObject(id, _image_of(id), similarity, told, None if bits == NO_VALUE else bits, box, sure)
    return list(found.values())


def listed(hit: Mapping[str, Any], sort: Sort) -> RankedObject:
    """One hit of ``elastic_bodies.matching_body``."""
    id: str = hit["_id"]
    value = _value(id, sort.field, hit["sort"][0]) if sort.field != "relevance" else None
    return RankedObject(id, _image_of(id), 0.0, value)


def _value(id: str, field: SortField, told: Any) -> float | None:
    """A sort value as ``RankedObject`` holds it. The server says a largest number where there is no value."""
    if told is None or abs(told) >= NO_VALUE or (field == "box_area" and id.endswith("-0")):
        return None
    return float(np.float32(told)) if field == "box_area" else float(told)


def _image_of(id: str) -> str:
    return id.rpartition("-")[0]
