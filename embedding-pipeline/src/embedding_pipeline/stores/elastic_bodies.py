"""Bodies of Elasticsearch requests as pure functions. Core features only: no scripts, no licensed parts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np

from embedding_pipeline.queries import Filter, Sort, SortField, VectorQuery, WordQuery
from embedding_pipeline.stores.filter_checks import Area, Check, CheckedFilter, Circle, Period, Value, Words, checked
from embedding_pipeline.stores.object_words import (
    COLOUR_WEIGHT,
    LABEL_WEIGHT,
    WHOLE_WEIGHT,
    distinct,
    fields_for,
    needed,
)
from embedding_pipeline.text.wanted_words import colour_tokens

Body = dict[str, Any]

MOST_RESULTS = 10_000
"""Elasticsearch's own limit on k, num_candidates and a result window."""

FEWEST_CANDIDATES = 200
CANDIDATES_PER_RESULT = 2
OVERSAMPLE = 3.0
"""Quantised vectors: so many times k are compared again with the float32 vectors, which also makes scores exact.

Measured with int8_hnsw on 10,000 clustered vectors of 512 dims, recall@10: 0.901 without, 0.995 with 2 and 100
candidates, 1.000 with 3 and 200, at no cost in time that could be told from noise.
"""

MOST_VALUES = 1000
COUNTED_EXACTLY = 40_000
"""Distinct images are counted by HyperLogLog++, which counts up to so many nearly exactly; more is not allowed."""

SPARE = 16
"""Asked for beyond k, so that the order of ties at the end is ours and not that of the graph."""

QUANTISED = ("int8_hnsw", "bbq_hnsw", "int8_flat")
BY_RANK: list[Body] = [
    {"_score": {"order": "desc"}},
    {"box_score": {"order": "desc"}},
    {"object_id": {"order": "asc"}},
]
VALUES: dict[SortField, str] = {"taken_at": "taken_at", "ingested_at": "ingested_at", "box_area": "area_share"}
"""The stored field behind each order."""

BOX = ("box.x1", "box.y1", "box.x2", "box.y2")

UNOPENED: Body = {"_source": False, "stored_fields": "_none_", "track_total_hits": False}
"""Nothing but sort values is read of a hit: to name its ``_id`` the server would decompress its document, which makes
a list of 1,000 take twice as long."""

NO_VALUE = 2**63 - 1
"""What the server says of an object without a value, with a minus where the order is descending."""

UNREAD = ["vit_vector", "clip_vector", "tokens"]
"""Left out of what a read brings back: in the request, because leaving them out of _source would break updates."""


def vector_body(query: VectorQuery, index_type: str) -> Body:
    """The nearest k by kNN with the filter inside the graph search. The vector stands in it as a numpy array."""
    k = min(query.k, MOST_RESULTS)
    gathered = min(k + SPARE, MOST_RESULTS)
    candidates = min(max(CANDIDATES_PER_RESULT * gathered, FEWEST_CANDIDATES), MOST_RESULTS)
    knn: Body = {
        "field": f"{query.signal}_vector",
        "query_vector": np.ascontiguousarray(query.vector),
        "k": gathered,
        "num_candidates": candidates,
    }
    if index_type in QUANTISED:
        knn["rescore_vector"] = {"oversample": OVERSAMPLE}
    if not query.filter.empty:
        knn["filter"] = filter_query(checked(query.filter))
    return {"knn": knn, "size": k, "sort": by_rank(query), **UNOPENED}


def by_rank(query: VectorQuery | WordQuery) -> list[Body]:
    """The order of a ranked list. The keys after the object id decide nothing: they bring along the first bits of the
    picture's hash, and where asked for the box and the value of a field, which costs less than opening documents."""
    along: list[Body] = [{"picture_bits": {"order": "asc", "missing": "_last", "unmapped_type": "long"}}]
    if query.boxes:
        along += [{side: {"order": "asc"}} for side in BOX]
    if query.value != "relevance":
        along.append({VALUES[query.value]: {"order": "asc", "missing": "_last"}})
    return BY_RANK + along


def word_body(query: WordQuery) -> Body:
    """Objects of a named label first, then those that hold enough of the tokens.

    A token scores its weight times its rarity (BM25 with k1 and b of 0, see the mapping) in its best field, and all of
    several in one field ``WHOLE_WEIGHT`` more; an exact label scores ``LABEL_WEIGHT``; a colour scores
    ``COLOUR_WEIGHT``, or as its words do.
    """
    ways: list[Body] = [
        {"constant_score": {"filter": {"term": {"label": label}}, "boost": LABEL_WEIGHT}}
        for label in distinct(query.labels)
    ]
    tokens, weights = distinct(query.tokens), fields_for(query.labels)
    colours = [_colour(colour, weights) for colour in distinct(query.colours)]
    if tokens:
        parts = [_token(token, weights) for token in tokens]
        if len(tokens) > 1:
            parts.append(_whole(tokens, weights))  # matches beside all others alone, so fewer are never enough by it
        ways.append({"bool": {"should": parts, "minimum_should_match": needed(len(tokens))}})
    if ways:
        found: Body = {"bool": {"should": ways, "minimum_should_match": 1}}
    else:
        found = {"bool": {"should": colours, "minimum_should_match": needed(len(colours))}}
        found, colours = found if colours else {"match_none": {}}, []
    if colours or not query.filter.empty:
        kept = [] if query.filter.empty else [filter_query(checked(query.filter))]
        found = {"bool": {"must": [found], "should": colours, "filter": kept}}
    return {"query": found, "size": min(query.k, MOST_RESULTS), "sort": by_rank(query), **UNOPENED}


def _token(token: str, weights: dict[str, float]) -> Body:
    fields = [{"term": {f"tokens.{name}": {"value": token, "boost": w}}} for name, w in weights.items()]
    return {"dis_max": {"queries": fields}}


def _whole(tokens: list[str], weights: dict[str, float]) -> Body:
    fields = [{"bool": {"filter": [{"term": {f"tokens.{name}": token}} for token in tokens]}} for name in weights]
    return {"constant_score": {"filter": {"bool": {"should": fields}}, "boost": WHOLE_WEIGHT}}


def _colour(colour: str, weights: dict[str, float]) -> Body:
    kept = {"constant_score": {"filter": {"term": {"colours": colour}}, "boost": COLOUR_WEIGHT}}
    return {"dis_max": {"queries": [kept, *(_token(token, weights) for token in colour_tokens(colour))]}}


def matching_body(filter: Filter, size: int, sort: Sort, after: str | None, value: float | None) -> Body:
    """Objects under a filter in an order, from behind an object with its value."""
    order: list[Body] = [{"object_id": {"order": "asc"}}]
    behind: list[Any] = [after]
    if sort.field != "relevance":
        direction = "desc" if sort.descending else "asc"
        order.insert(0, {VALUES[sort.field]: {"order": direction, "missing": "_last"}})
        behind.insert(0, value if value is not None else -NO_VALUE - 1 if sort.descending else NO_VALUE)
    admitted = filter_query(checked(filter))
    if sort.field == "box_area":
        admitted = {"bool": {"filter": [admitted], "must_not": [{"term": {"kind": "frame"}}]}}
    body: Body = {
        "query": admitted,
        "size": min(size, MOST_RESULTS),
        "sort": order,
        "_source": False,
        "track_total_hits": False,
    }
    return body if after is None else {**body, "search_after": behind}


def sample_body(field: str, size: int, after: str | None) -> Body:
    """The vectors of one field by object id, from behind ``after``."""
    body: Body = {
        "query": {"exists": {"field": field}},
        "size": min(size, MOST_RESULTS),
        "sort": [{"object_id": {"order": "asc"}}],
        "_source": [field],
        "track_total_hits": False,
    }
    return body if after is None else {**body, "search_after": [after]}


def facets_body(filter: Filter, object_ids: Collection[str] | None) -> Body:
    """Images by the most frequent values of each facet, among some objects when their ids are given."""
    fields = {"label": "label", "tag": "tags", "colour": "colours", "format": "format", "camera": "camera"}
    aggregations: Body = {name: {"terms": {"field": field, "size": MOST_VALUES}} for name, field in fields.items()}
    aggregations["year"] = {
        "date_histogram": {"field": "taken_at", "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
    }
    images = {"cardinality": {"field": "image_id", "precision_threshold": COUNTED_EXACTLY}}
    wanted = filter_query(checked(filter))
    if object_ids is not None:
        wanted = {"bool": {"filter": [wanted, {"terms": {"object_id": list(object_ids)}}]}}
    return {
        "query": wanted,
        "size": 0,
        "aggs": {name: {**how, "aggs": {"images": images}} for name, how in aggregations.items()},
    }


def of_images_body(image_ids: list[str]) -> Body:
    """Ids of all documents of some images that a search can see."""
    found = {"terms": {"image_id": image_ids}}
    return {"query": found, "size": MOST_RESULTS, "_source": False, "sort": [{"object_id": {"order": "asc"}}]}


def counts_body() -> Body:
    """Frames, objects and the last change of a collection."""
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "kinds": {"terms": {"field": "kind"}},
            "last_change": {"max": {"field": "changed_at"}},
        },
    }


def filter_query(filter: CheckedFilter) -> Body:
    """A checked filter as a query that scores nothing."""
    must: list[Body] = []
    must_not: list[Body] = [filter_query(f) for f in filter.none]
    for check in filter.checks:
        if check.any_of:
            must.append(_holds_any(check, check.any_of))
        if check.none_of:
            must_not.append(_holds_any(check, check.none_of))
        if check.low is not None or check.high is not None:
            must.append(_within(check.field, check.low, check.high))
    if filter.any:
        must.append({"bool": {"should": [filter_query(f) for f in filter.any], "minimum_should_match": 1}})
    return {"bool": {"filter": must or [{"match_all": {}}], "must_not": must_not}}


def _holds_any(check: Check, values: tuple[Value, ...]) -> Body:
    if check.kind in ("word", "number"):
        return {"terms": {check.field: list(values)}}
    ways: list[Body] = []
    for value in values:
        if isinstance(value, Period):
            ways.append(_within(check.field, value.first, value.last))
        elif isinstance(value, Area):
            ways.append({"geo_bounding_box": {check.field: _corners(value)}})
        elif isinstance(value, Circle):
            middle = {"lat": value.lat, "lon": value.lon}
            ways.append({"geo_distance": {"distance": f"{value.km!r}km", check.field: middle}})
        elif isinstance(value, Words):
            every = [{"term": {f"tokens.{check.field}": token}} for token in sorted(value.tokens)]
            ways.append({"bool": {"filter": every}})
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _within(field: str, low: float | datetime | None, high: float | datetime | None) -> Body:
    bounds = {"gte": low, "lte": high}
    return {"range": {field: {name: _plain(value) for name, value in bounds.items() if value is not None}}}


def _plain(value: float | datetime) -> float | int:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _corners(area: Area) -> Body:
    return {"top": area.north, "left": area.west, "bottom": area.south, "right": area.east}
