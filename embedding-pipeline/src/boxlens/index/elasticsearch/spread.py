"""When and where images were taken: what Elasticsearch is asked for that, and what its answer says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from boxlens.domain.answers.spread import MOST_CELLS, Cell, Spread
from boxlens.domain.filters import Filter
from boxlens.index.elasticsearch.queries import PROPOSAL, Body, filter_query
from boxlens.schema import ATTRIBUTES, BY_NAME, COUNT

COUNTED_EXACTLY = 3000
"""Images of a month or a cell up to which objects under a filter are counted exactly; more are within some percent.
Each takes 16 KB for every such number, so that thousands of cells stay small."""

_LOCAL, _MOMENT, _PLACE = "taken_local", "taken_at", "location"
_FRAME: Body = {"term": {"kind": "frame"}}


def spread_body(filter: Filter, image_ids: Collection[str] | None, halvings: int) -> Body:
    """Of the images under a filter, or of those given. Where all objects of an image say the same, its frame is asked
    alone, and counting is exact."""
    if image_ids is not None:
        admitted: Body = {"terms": {"object_id": [f"{image_id}-0" for image_id in image_ids]}}
    else:
        admitted = filter_query(filter)
    frames = image_ids is not None or _of_whole_images(filter)
    months: Body = {"calendar_interval": "month", "format": "yyyy-MM", "min_doc_count": 1}
    cells: Body = {"field": _PLACE, "precision": halvings, "size": MOST_CELLS}
    images: Body = {} if frames else {"aggs": {"images": _different_images()}}
    without: Body = {"bool": {"must_not": [{"exists": {"field": _LOCAL}}]}}
    return {
        "query": {"bool": {"filter": [admitted, *([_FRAME] if frames else [])], "must_not": [PROPOSAL]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "all": {"filter": {"match_all": {}}, **images},
            "dated": {"filter": {"exists": {"field": _MOMENT}}, **images},
            "placed": {"filter": {"exists": {"field": _PLACE}}, **images},
            "months": {"date_histogram": {"field": _LOCAL, **months}, **images},
            "earlier": {
                "filter": without,
                "aggs": {"months": {"date_histogram": {"field": _MOMENT, **months}, **images}},
            },
            "cells": {"geotile_grid": cells, **images},
        },
    }


def spread_of(answer: Mapping[str, Any]) -> Spread:
    """The answer to ``spread_body``."""
    counts = answer["aggregations"]
    months: Counter[str] = Counter()
    for bucket in [*counts["months"]["buckets"], *counts["earlier"]["months"]["buckets"]]:
        months[bucket["key_as_string"]] += _images(bucket)
    cells = {Cell(*map(int, bucket["key"].split("/"))): _images(bucket) for bucket in counts["cells"]["buckets"]}
    return Spread(
        _images(counts["all"]),
        _images(counts["dated"]),
        _images(counts["placed"]),
        dict(sorted(months.items())),
        dict(sorted(cells.items(), key=lambda item: -item[1])),
    )


def _different_images() -> Body:
    return {"cardinality": {"field": "image_id", "precision_threshold": COUNTED_EXACTLY}}


def _images(bucket: Mapping[str, Any]) -> int:
    return int(bucket["images"]["value"] if "images" in bucket else bucket["doc_count"])


def _of_whole_images(filter: Filter) -> bool:
    """Whether every object of an image meets a filter or none does."""
    conditions = all(_of_whole_image(condition.field) for condition in filter.conditions)
    return conditions and all(_of_whole_images(inner) for inner in (*filter.any, *filter.none))


def _of_whole_image(name: str) -> bool:
    if name.startswith((ATTRIBUTES, COUNT)):
        return True
    field = BY_NAME.get(name)
    return field is not None and field.source == "image"
