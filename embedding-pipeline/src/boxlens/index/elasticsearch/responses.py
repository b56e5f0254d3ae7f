"""Hits of Elasticsearch as ranked objects, read from their sort values alone: no document is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from boxlens.index.elasticsearch.queries import (
    BESIDE,
    BOX,
    COLOUR,
    EARLIER,
    EXACT_LABEL,
    NO_VALUE,
    PHRASE,
    SINGLE,
    TOKENS,
    WHOLE,
)
from boxlens.language.word_matching import distinct


def ranked(answer: Mapping[str, Any], query: VectorQuery | WordQuery) -> list[RankedObject]:
    """The hits of a list (see ``queries.by_rank``); for unit vectors Elasticsearch scores (1 + cosine) / 2."""
    words = None if isinstance(query, VectorQuery) else query
    hits = answer["hits"]["hits"]
    box_scores = np.array([hit["sort"][1] for hit in hits], np.float32).tolist()  # as float32 holds them
    objects: dict[str, RankedObject] = {}
    facts: dict[tuple[str, ...], _WordFacts] = {}  # thousands of hits are of a few kinds
    for hit, certain in zip(hits, box_scores, strict=True):
        score, _, id, bits, *along = hit["sort"]
        if id in objects:  # two collections searched together may hold the same picture
            continue
        similarity = 2 * score - 1 if words is None else score
        value = _value(id, query.value, along[-1]) if query.value != "relevance" else None
        box = Box(*along[: len(BOX)]) if query.boxes else None
        bits = None if bits == NO_VALUE else bits
        label = along[len(BOX) if query.boxes else 0] if isinstance(query, VectorQuery) and query.labels else None
        matched = tuple(hit.get("matched_queries", ()))
        if matched not in facts:
            facts[matched] = _VECTOR_FACTS if words is None else _word_facts(matched, words)
        objects[id] = RankedObject(
            id, _image_of(id), similarity, value, bits, box, certain, *facts[matched], label or ""
        )
    return list(objects.values())


_WordFacts = tuple[bool, bool, bool, tuple[str, ...], bool]
"""Whether the label is named, one field holds all tokens, all colours are met, what stands beside it, and whether one
field holds the whole text; see ``RankedObject``."""

_VECTOR_FACTS: _WordFacts = (False, True, True, (), False)


def _word_facts(matched: Collection[str], query: WordQuery) -> _WordFacts:
    whole = WHOLE in matched or (len(distinct(query.tokens)) < 2 and (not query.kinds or TOKENS in matched))
    colours = all(f"{COLOUR}{colour}" in matched for colour in distinct(query.colours))
    beside = tuple(label for label, _ in query.beside if f"{BESIDE}{label}" in matched)
    return EXACT_LABEL in matched, whole, colours, beside, PHRASE in matched


def listed(hit: Mapping[str, Any], sort: Sort) -> RankedObject:
    """One hit of ``queries.matching_body``."""
    id: str = hit["_id"]
    value = _value(id, sort.field, hit["sort"][0]) if sort.field != "relevance" else None
    return RankedObject(id, _image_of(id), 0.0, value)


def placeholder(hit: Mapping[str, Any]) -> bool:
    """Whether a hit of ``queries.matching_body`` only stands for a frame that was taken away."""
    return hit["sort"][-1] is None


def facets(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Images by value, by facet, of ``queries.facets_body``."""
    return _by_object(answer["aggregations"])


def all_facets(answer: Mapping[str, Any]) -> dict[str, dict[str, int]] | None:
    """Those of ``queries.all_facets_body``; None where some images do not say which labels they have."""
    by_object = dict(answer["aggregations"])
    by_frame = by_object.pop("frames")
    if by_frame.pop("uncounted")["doc_count"]:
        return None
    counts = _by_object(by_object)
    counts |= {name: _images_by_value(facet) for name, facet in by_frame.items() if name != "doc_count"}
    labels = counts["label"].items()
    return counts | {"label": {term.removesuffix(SINGLE): images for term, images in labels}}


def _by_object(aggregations: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Those of ``queries.facets_body``: what documents of before tell is added to the facet that it belongs to."""
    counts = {name: _images_by_value(facet) for name, facet in aggregations.items() if not name.startswith(EARLIER)}
    for name, facet in aggregations.items():
        if name.startswith(EARLIER) and (earlier := _images_by_value(facet["values"])):
            merged = Counter(counts[name.removeprefix(EARLIER)]) + Counter(earlier)
            counts[name.removeprefix(EARLIER)] = dict(sorted(merged.items()))
    return counts


def _images_by_value(facet: Mapping[str, Any]) -> dict[str, int]:
    """Of frames each is an image; of objects their images were counted."""
    return {
        bucket.get("key_as_string", bucket["key"]): bucket["images"]["value"]
        if "images" in bucket
        else bucket["doc_count"]
        for bucket in facet["buckets"]
    }


def _value(id: str, field: SortField, sort_value: Any) -> float | None:
    """A sort value as ``RankedObject`` holds it. The server says a largest number where there is no value."""
    if sort_value is None or abs(sort_value) >= NO_VALUE or (field == "box_area" and id.endswith("-0")):
        return None
    return float(np.float32(sort_value)) if field == "box_area" else float(sort_value)


def _image_of(id: str) -> str:
    return id.rpartition("-")[0]
