"""Bodies of Elasticsearch requests as pure functions. Core features only: no scripts, no licensed parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from boxlens.domain.filters import Area, Circle, Filter, NumberRange, Period, Value, Words
from boxlens.domain.ports import MAX_RESULTS
from boxlens.domain.queries import Sort, SortField, VectorQuery, WordQuery
from boxlens.index.derived import count_term, with_count_terms
from boxlens.index.mapping import VECTOR_FIELDS
from boxlens.language.word_matching import (
    COLOUR_WEIGHT,
    KIND_WEIGHT,
    LABEL_WEIGHT,
    PHRASE_WEIGHT,
    WHOLE_WEIGHT,
    distinct,
    fields_for,
    needed,
)
from boxlens.language.word_query import colour_tokens
from boxlens.schema import BY_NAME, FACET_FIELDS, StoredField

Body = dict[str, Any]

FEWEST_CANDIDATES = 100
CANDIDATES_PER_RESULT = 2
OVERSAMPLE: Mapping[str, float] = {"int8_hnsw": 2.0, "int8_flat": 2.0, "bbq_hnsw": 3.0}
FEWEST_RESCORED = 100
"""Quantised vectors: so many times k, and no fewer than that, are compared again with the float32 vectors, which also
makes scores exact.

Measured with int8_hnsw on 10,000 clustered vectors of 512 dims, recall@10: 0.901 without, 0.995 with 2 times and 100
candidates, 1.000 with 3 times and 200: what counts is how many are compared again, and a long list has enough with
twice as many. One bit a dimension tells less.
"""

MOST_VALUES = 1000
COUNTED_EXACTLY = 40_000
"""Distinct images are counted by HyperLogLog++, which counts up to so many nearly exactly; more is not allowed."""

PROPOSAL: Body = {"term": {"kind": "proposal"}}
SINGLE = ":1"
"""Ends the term of ``label_counts`` that an image has for each of its labels, however many there are."""

SPARE = 16
"""Asked for beyond k, so that the order of ties at the end is ours and not that of the graph."""

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

EXACT_LABEL = "exact_label"
"""The name by which the server says of a hit that its label is one of those asked for; those of other facts follow."""
WHOLE = "whole"
PHRASE = "phrase"
TOKENS = "tokens"
COLOUR = "colour:"  # and its name
EARLIER = "earlier:"  # and the facet
BESIDE = "beside:"  # and its label

NO_VALUE = 2**63 - 1
"""What the server says of an object without a value, with a minus where the order is descending."""

UNREAD = ["vit_vector", "clip_vector", "tokens"]
"""Left out of what a read brings back. Indices of schema 8 and earlier hold the vectors in ``_source`` too."""


def vector_body(query: VectorQuery, index_type: str) -> Body:
    """The nearest k by kNN with the filter inside the graph search. The vector stands in it as a numpy array."""
    k = min(query.k, MAX_RESULTS)
    gathered = min(k + SPARE, MAX_RESULTS)
    candidates = min(max(CANDIDATES_PER_RESULT * gathered, FEWEST_CANDIDATES), MAX_RESULTS)
    admitted = [] if query.filter.empty else [filter_query(query.filter)]
    if query.thorough:  # where a filter admits no more than there are candidates, the server walks no graph
        candidates = MAX_RESULTS
        admitted.append({"exists": {"field": f"{query.signal}_vector"}})
    knn: Body = {
        "field": f"{query.signal}_vector",
        "query_vector": np.ascontiguousarray(query.vector),
        "k": gathered,
        "num_candidates": candidates,
    }
    if index_type in OVERSAMPLE:
        knn["rescore_vector"] = {"oversample": max(OVERSAMPLE[index_type], FEWEST_RESCORED / gathered)}
    if admitted:
        knn["filter"] = admitted
    return {"knn": knn, "size": k, "sort": by_rank(query), **UNOPENED}


def by_rank(query: VectorQuery | WordQuery) -> list[Body]:
    """The order of a ranked list. The keys after the object id decide nothing: they bring along the first bits of the
    picture's hash, and where asked for the box, the label and the value of a field, which costs less than opening
    documents."""
    along: list[Body] = [{"picture_bits": {"order": "asc", "missing": "_last", "unmapped_type": "long"}}]
    if query.boxes:
        along += [{side: {"order": "asc"}} for side in BOX]
    if isinstance(query, VectorQuery) and query.labels:
        along.append({"label": {"order": "asc", "missing": "_last"}})
    if query.value != "relevance":
        along.append({VALUES[query.value]: {"order": "asc", "missing": "_last"}})
    return BY_RANK + along


def word_body(query: WordQuery) -> Body:
    """Objects of a named label first, then those that hold enough of the tokens.

    A token scores its weight times its rarity (BM25 with k1 and b of 0, see the mapping) in its best field, and all of
    several in one field ``WHOLE_WEIGHT`` more; an exact label scores ``LABEL_WEIGHT``, and so many shares of it as its
    image holds of the labels beside it; a colour scores ``COLOUR_WEIGHT``, or as its words do.
    """
    alternatives: list[Body] = []
    if query.labels:
        labelled = {"terms": {"label": distinct(query.labels)}}
        alternatives.append({"constant_score": {"filter": labelled, "boost": LABEL_WEIGHT, "_name": EXACT_LABEL}})
    tokens, weights = distinct(query.tokens), fields_for(query.labels or query.phrase)
    colours = [_colour(colour, weights) for colour in distinct(query.colours)]
    if tokens:
        parts = [_token(token, weights) for token in tokens]
        if len(tokens) > 1:
            parts.append(
                _whole(tokens, weights, WHOLE_WEIGHT, WHOLE)
            )  # matches beside all others alone, so fewer are never enough by it
        named = {"_name": TOKENS} if query.kinds else {}
        alternatives.append({"bool": {"should": parts, "minimum_should_match": needed(len(tokens)), **named}})
    if query.kinds:
        labelled = {"terms": {"label": list(query.kinds)}}
        alternatives.append({"constant_score": {"filter": labelled, "boost": KIND_WEIGHT}})
    if query.phrase:
        alternatives.append(_whole(distinct(query.phrase), weights, PHRASE_WEIGHT, PHRASE))
    if alternatives:
        matching: Body = {"bool": {"should": alternatives, "minimum_should_match": 1}}
    else:
        matching = {"bool": {"should": colours, "minimum_should_match": needed(len(colours))}}
        matching, colours = matching if colours else {"match_none": {}}, []
    preferred = [*colours, *(_beside(label, share) for label, share in query.beside)]
    if preferred or not query.filter.empty:
        filters = [] if query.filter.empty else [filter_query(query.filter)]
        matching = {"bool": {"must": [matching], "should": preferred, "filter": filters}}
    return {"query": matching, "size": min(query.k, MAX_RESULTS), "sort": by_rank(query), **UNOPENED}


def _token(token: str, weights: dict[str, float]) -> Body:
    fields = [{"term": {f"tokens.{name}": {"value": token, "boost": w}}} for name, w in weights.items()]
    return {"dis_max": {"queries": fields}}


def _whole(tokens: list[str], weights: dict[str, float], boost: float, name: str) -> Body:
    fields = [{"bool": {"filter": [{"term": {f"tokens.{field}": token}} for token in tokens]}} for field in weights]
    return {"constant_score": {"filter": {"bool": {"should": fields}}, "boost": boost, "_name": name}}


def _beside(label: str, share: float) -> Body:
    """The objects of images that hold an object of another label."""
    held = {"term": {"label_counts": count_term(label, 1)}}
    return {"constant_score": {"filter": held, "boost": LABEL_WEIGHT * share, "_name": f"{BESIDE}{label}"}}


def _colour(colour: str, weights: dict[str, float]) -> Body:
    by_field = {"constant_score": {"filter": {"term": {"colours": colour}}, "boost": COLOUR_WEIGHT}}
    queries = [by_field, *(_token(token, weights) for token in colour_tokens(colour))]
    return {"dis_max": {"queries": queries, "_name": f"{COLOUR}{colour}"}}


def matching_body(filter: Filter, size: int, sort: Sort, after: str | None, value: float | None) -> Body:
    """Objects under a filter in an order, from behind an object with its value."""
    order: list[Body] = [{"object_id": {"order": "asc"}}]
    behind: list[Any] = [after]
    if sort.field != "relevance":
        last = -NO_VALUE - 1 if sort.descending else NO_VALUE
        # said as a number: with "_last" the server leaves shards out that hold no value at all
        missing = "_last" if sort.field == "box_area" else last
        order.insert(0, {VALUES[sort.field]: {"order": "desc" if sort.descending else "asc", "missing": missing}})
        behind.insert(0, value if value is not None else last)
    admitted = filter_query(filter)
    if sort.field == "box_area":
        admitted = {"bool": {"filter": [admitted], "must_not": [{"term": {"kind": "frame"}}]}}
    body: Body = {
        "query": admitted,
        "size": min(size, MAX_RESULTS),
        "sort": order,
        "_source": False,
        "track_total_hits": False,
    }
    return body if after is None else {**body, "search_after": behind}


def sample_body(field: str, size: int, after: str | None) -> Body:
    """The vectors of one field by object id, from behind ``after``."""
    body: Body = {
        "query": {"exists": {"field": field}},
        "size": min(size, MAX_RESULTS),
        "sort": [{"object_id": {"order": "asc"}}],
        "_source": False,
        "docvalue_fields": [field],
        "track_total_hits": False,
    }
    return body if after is None else {**body, "search_after": [after]}


def vectors_body(ids: Sequence[str], size: int) -> Body:
    """The vectors of some documents and the states they are of; ``size``: most hits, of all indices asked."""
    return {
        "query": {"ids": {"values": list(ids)}},
        "size": min(size, MAX_RESULTS),
        "_source": False,
        "docvalue_fields": list(VECTOR_FIELDS),
        "seq_no_primary_term": True,
        "track_total_hits": False,
    }


def facets_body(filter: Filter, object_ids: Collection[str] | None) -> Body:
    """Images by the most frequent values of each facet, among some objects when their ids are given. Proposals are not
    counted."""
    admitted = filter_query(filter)
    if object_ids is not None:
        admitted = {"bool": {"filter": [admitted, {"terms": {"object_id": list(object_ids)}}]}}
    return {
        "query": {"bool": {"filter": [admitted], "must_not": [PROPOSAL]}},
        "size": 0,
        "aggs": _by_object([*FACET_FIELDS]),
    }


def all_facets_body() -> Body:
    """The same of everything in one collection. A frame says of its image what all its objects would, labels included:
    counting frames needs no telling apart of images. ``uncounted`` are those of before labels were counted."""
    by_frame: Body = {field.facet: _facet(field) for field in FACET_FIELDS if field.source == "image"}
    by_frame["label"] = {"terms": {"field": "label_counts", "include": f".*{SINGLE}", "size": MOST_VALUES}}
    by_frame["uncounted"] = {"missing": {"field": "objects"}}
    by_object = _by_object([field for field in FACET_FIELDS if field.source != "image" and field.facet != "label"])
    return {
        "query": {"bool": {"must_not": [PROPOSAL]}},
        "size": 0,
        "aggs": {"frames": {"filter": {"term": {"kind": "frame"}}, "aggs": by_frame}, **by_object},
    }


def _by_object(fields: Sequence[StoredField]) -> Body:
    """Facets over objects. A date by the clock of the place is stored since schema 4: of documents from before the
    moment itself is counted, beside the others under ``EARLIER``."""
    facets = {field.facet: _images_by(field) for field in fields}
    for field in fields:
        if moment := next((other for other in BY_NAME.values() if other.local == field.name), None):
            without = {"bool": {"must_not": [{"exists": {"field": field.name}}]}}
            facets[EARLIER + field.facet] = {"filter": without, "aggs": {"values": _images_by(moment)}}
    return facets


def _images_by(field: StoredField) -> Body:
    """A facet over objects: each value counts the different images of its objects."""
    images = {"cardinality": {"field": "image_id", "precision_threshold": COUNTED_EXACTLY}}
    return {**_facet(field), "aggs": {"images": images}}


def _facet(field: StoredField) -> Body:
    """Dates are counted by year."""
    if field.type == "date":
        years = {"field": field.name, "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
        return {"date_histogram": years}
    return {"terms": {"field": field.name, "size": MOST_VALUES}}


def of_images_body(image_ids: list[str]) -> Body:
    """Ids of all documents of some images that a search can see."""
    of_images = {"terms": {"image_id": image_ids}}
    return {"query": of_images, "size": MAX_RESULTS, "_source": False, "sort": [{"object_id": {"order": "asc"}}]}


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


def filter_query(filter: Filter) -> Body:
    """A filter as a query that scores nothing."""
    must: list[Body] = []
    must_not: list[Body] = [filter_query(inner) for inner in filter.none]
    for condition in with_count_terms(filter.conditions):
        if condition.any_of:
            must.append(_holds_any(condition.field, condition.any_of))
        if condition.none_of:
            must_not.append(_holds_any(condition.field, condition.none_of))
        if condition.range is not None:
            must.append(_within(condition.field, condition.range))
    if filter.any:
        must.append({"bool": {"should": [filter_query(f) for f in filter.any], "minimum_should_match": 1}})
    return {"bool": {"filter": must or [{"match_all": {}}], "must_not": must_not}}


def _holds_any(field: str, values: Sequence[Value]) -> Body:
    keywords = [value for value in values if isinstance(value, str)]
    if len(keywords) == len(values):
        return {"terms": {field: keywords}}
    alternatives = [_holds(field, value) for value in values]
    return {"bool": {"should": alternatives, "minimum_should_match": 1}}


def _holds(field: str, value: Value) -> Body:
    match value:
        case Area(west, south, east, north):
            corners = {"top": north, "left": west, "bottom": south, "right": east}
            return {"geo_bounding_box": {field: corners}}
        case Circle(lat, lon, km):
            return {"geo_distance": {"distance": f"{km!r}km", field: {"lat": lat, "lon": lon}}}
        case Words(tokens):
            return {"bool": {"filter": [{"term": {f"tokens.{field}": token}} for token in tokens]}}
        case keyword:
            return {"term": {field: keyword}}


def _within(field: str, range: NumberRange | Period) -> Body:
    if isinstance(range, Period) and range.local:
        local, moments = BY_NAME[field].local, Period(range.first, range.last)
        # what was stored before there was a clock of the place is asked by its moment
        earlier = {"bool": {"filter": [_within(field, moments)], "must_not": [{"exists": {"field": local}}]}}
        return {"bool": {"should": [_within(local, moments), earlier], "minimum_should_match": 1}}
    if isinstance(range, NumberRange):
        bounds: dict[str, float | None] = {"gte": range.gte, "lte": range.lte}
    else:
        bounds = {"gte": _milliseconds(range.first), "lte": _milliseconds(range.last)}
    return {"range": {field: {name: bound for name, bound in bounds.items() if bound is not None}}}


def _milliseconds(moment: datetime | None) -> int | None:
    """Since 1970, as the server compares dates."""
    return None if moment is None else round(moment.timestamp() * 1000)
