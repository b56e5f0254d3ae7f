"""Exact ranking and filtering in memory: what Elasticsearch approximates, computed in full."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from embedding_pipeline.domain import GeoPoint, IndexedObject
from embedding_pipeline.fields import ATTRIBUTES
from embedding_pipeline.pictures.picture_hash import bits_of
from embedding_pipeline.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from embedding_pipeline.stores.filter_checks import (
    Area,
    Check,
    CheckedFilter,
    Circle,
    Period,
    Value,
    Words,
    utc_milliseconds,
)
from embedding_pipeline.stores.object_geometry import aspect, centre, positions
from embedding_pipeline.stores.object_words import (
    COLOUR_WEIGHT,
    FIELD_WEIGHTS,
    LABEL_WEIGHT,
    WHOLE_WEIGHT,
    distinct,
    fields_for,
    needed,
)
from embedding_pipeline.text.wanted_words import colour_tokens
from embedding_pipeline.text.word_fields import all_tags

FACETS = ("label", "tag", "colour", "format", "year", "camera")
EARTH_KM = 6371.0087714
"""Mean radius of the earth (IUGG), as org.apache.lucene.util.SloppyMath has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An object as the twin keeps it, with the fields an index adds."""

    object: IndexedObject
    collection: str
    pack: str
    pack_revision: str
    ingested_at: datetime
    changed_at: datetime
    tokens: dict[str, frozenset[str]]
    counts: tuple[str, ...]
    objects: int


def by_vector(stored: Sequence[Stored], query: VectorQuery) -> list[RankedObject]:
    """The k nearest by cosine among those that have the vector."""
    field = f"{query.signal}_vector"
    having = [s for s in stored if getattr(s.object, field) is not None]
    if not having:
        return []
    # the server scores in float32 too: equal vectors tie in both
    cosines = np.stack([getattr(s.object, field) for s in having]) @ query.vector.astype(np.float32)
    return _ranked(zip(having, cosines.tolist(), strict=True), query)


def by_words(everything: Sequence[Stored], passing: Sequence[Stored], query: WordQuery) -> list[RankedObject]:
    """Exact labels and tokens scored as elastic_bodies.word_body asks the server to; rarity counts all objects."""
    asked, labels = distinct(query.tokens), distinct(query.labels)
    weights, colours = fields_for(query.labels), distinct(query.colours)
    rarity = _rarity(everything, [*asked, *(token for colour in colours for token in colour_tokens(colour))])
    scored = []
    for entry in passing:
        score = LABEL_WEIGHT * (entry.object.label in labels)
        parts = [_token_score(entry, token, weights, rarity) for token in asked]
        if asked and sum(part > 0 for part in parts) >= needed(len(asked)):
            score += sum(parts) + WHOLE_WEIGHT * _whole(entry, asked, weights)
        shades = [_colour_score(entry, colour, weights, rarity) for colour in colours]
        by_colour = not asked and not labels and sum(part > 0 for part in shades) >= needed(len(shades))
        if score > 0 or (shades and by_colour):
            scored.append((entry, float(np.float32(score + sum(shades)))))
    return _ranked(scored, query)


def _token_score(entry: Stored, token: str, weights: dict[str, float], rarity: dict[tuple[str, str], float]) -> float:
    found = (w * rarity[name, token] for name, w in weights.items() if token in entry.tokens[name])
    return max(found, default=0.0)


def _whole(entry: Stored, tokens: Sequence[str], weights: dict[str, float]) -> bool:
    return len(tokens) > 1 and any(entry.tokens[name].issuperset(tokens) for name in weights)


def _colour_score(entry: Stored, colour: str, weights: dict[str, float], rarity: dict[tuple[str, str], float]) -> float:
    kept = COLOUR_WEIGHT * (colour in entry.object.colours)
    return max(kept, *(_token_score(entry, token, weights, rarity) for token in colour_tokens(colour)))


def _rarity(everything: Sequence[Stored], tokens: Sequence[str]) -> dict[tuple[str, str], float]:
    """BM25's idf per field and token: ln(1 + (N - n + 0.5) / (n + 0.5)), N objects with the field (Robertson, 2009).

    The mapping sets k1 and b to 0, so that the rest of BM25 is 1. Elasticsearch also counts deleted
    documents until their segment merges, and each shard alone, so its numbers may differ a little from these.
    """
    idf = {}
    for name in FIELD_WEIGHTS:
        total = sum(bool(s.tokens[name]) for s in everything)
        for token in tokens:
            n = sum(token in s.tokens[name] for s in everything)
            idf[name, token] = math.log(1 + (total - n + 0.5) / (n + 0.5))
    return idf


def _ranked(scored: Iterable[tuple[Stored, float]], query: VectorQuery | WordQuery) -> list[RankedObject]:
    def place(item: tuple[Stored, float]) -> tuple[float, float, str]:
        obj = item[0].object
        return (-item[1], -float(np.float32(obj.box_score)), obj.object_id)

    best = sorted(scored, key=place)[: query.k]
    found = [_found(s, score, _value(s, query.value)) for s, score in best]
    if not query.boxes:
        return found
    held = [s.object for s, _ in best]
    return [f._replace(box=o.box, box_score=float(np.float32(o.box_score))) for f, o in zip(found, held, strict=True)]


def in_order(stored: Sequence[Stored], sort: Sort, after: str | None, after_value: float | None) -> list[RankedObject]:
    """All of them in an order, from behind an object with its value; frames have no place in that of ``box_area``."""

    def place(value: float | None, object_id: str) -> tuple[bool, float, str]:
        return (value is None, 0.0 if value is None else -value if sort.descending else value, object_id)

    placed = [s for s in stored if sort.field != "box_area" or s.object.kind != "frame"]
    found = [_found(s, 0.0, _value(s, sort.field)) for s in placed]
    behind = [f for f in found if after is None or place(f.value, f.object_id) > place(after_value, after)]
    return sorted(behind, key=lambda f: place(f.value, f.object_id))


def _found(entry: Stored, similarity: float, value: float | None) -> RankedObject:
    image = entry.object.image
    return RankedObject(entry.object.object_id, image.image_id, similarity, value, bits_of(image.picture_hash))


def _value(entry: Stored, field: SortField) -> float | None:
    """What an order goes by, see ``queries.RankedObject``."""
    if field == "box_area":
        return None if entry.object.kind == "frame" else float(_values(entry, "area_share")[0])
    if field == "relevance":
        return None
    return next((moment.timestamp() * 1000 for moment in _single(entry, field)), None)


def facet_counts(passing: Sequence[Stored]) -> dict[str, dict[str, int]]:
    """Images by the values that their objects have: label, tag, colour, format, year and camera."""
    held: dict[str, set[tuple[str, str]]] = {name: set() for name in FACETS}
    for entry in passing:
        obj, image = entry.object, entry.object.image
        taken = utc_milliseconds(image.taken_at) if image.taken_at else None
        values: dict[str, Sequence[str | None]] = {
            "label": [obj.label],
            "tag": all_tags(obj),
            "colour": obj.colours,
            "format": [image.format],
            "year": [f"{taken.year:04d}" if taken else None],
            "camera": [image.camera],
        }
        for name in FACETS:
            held[name].update((value, image.image_id) for value in values[name] if value)
    counts = {name: Counter(value for value, _ in pairs) for name, pairs in held.items()}
    return {name: dict(sorted(c.items(), key=lambda item: (-item[1], item[0]))) for name, c in counts.items()}


def passes(entry: Stored, filter: CheckedFilter) -> bool:
    """Whether an object satisfies a filter, by the rules Elasticsearch applies."""
    return (
        all(_holds(entry, check) for check in filter.checks)
        and (not filter.any or any(passes(entry, f) for f in filter.any))
        and not any(passes(entry, f) for f in filter.none)
    )


def _holds(entry: Stored, check: Check) -> bool:
    values = _values(entry, check.field)
    if check.any_of and not any(_is(v, wanted) for v in values for wanted in check.any_of):
        return False
    if any(_is(v, unwanted) for v in values for unwanted in check.none_of):
        return False
    if check.low is None and check.high is None:
        return True
    return any(_between(v, check.low, check.high) for v in values)


def _is(value: Any, wanted: Value) -> bool:
    if isinstance(wanted, Period):
        return bool(wanted.first <= value <= wanted.last)
    if isinstance(wanted, Area):
        across = wanted.west > wanted.east
        inside = (
            (value.lon >= wanted.west or value.lon <= wanted.east)
            if across
            else wanted.west <= value.lon <= wanted.east
        )
        return bool(inside and wanted.south <= value.lat <= wanted.north)
    if isinstance(wanted, Circle):
        return kilometres(value, GeoPoint(wanted.lat, wanted.lon)) <= wanted.km
    if isinstance(wanted, Words):
        return bool(wanted.tokens <= value)
    return bool(value == wanted) if isinstance(wanted, str) else _between(value, wanted, wanted)


def kilometres(a: GeoPoint, b: GeoPoint) -> float:
    """Distance on a sphere by the haversine formula, with the mean radius of the earth that Lucene takes."""
    south, north = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _between(value: Any, low: Any, high: Any) -> bool:
    if isinstance(value, np.float32):  # a float field compares what it stores: bounds are rounded alike
        low, high = (None if b is None else np.float32(b) for b in (low, high))
    return (low is None or bool(value >= low)) and (high is None or bool(value <= high))


def _values(entry: Stored, field: str) -> list[Any]:
    """The values of a field of an object as compared by the server; empty when it has none."""
    obj, image = entry.object, entry.object.image
    if field.startswith(ATTRIBUTES):
        value = image.attributes.get(field[len(ATTRIBUTES) :])
        return [] if value is None else [value]
    if field == "tags":
        return list(all_tags(obj))
    if field == "colours":
        return list(obj.colours)
    if field.startswith(("box.", "box_norm.")):
        box, side = field.split(".")
        numbers = obj.box.as_list() if box == "box" else list(obj.box.norm(image.width, image.height))
        number = numbers[("x1", "y1", "x2", "y2").index(side)]
        return [number if box == "box" else np.float32(number)]
    if field == "ocr_text":
        return [entry.tokens[field]]
    if field == "label_counts":
        return list(entry.counts)
    return _shape(obj, field) or _single(entry, field)


def _shape(obj: IndexedObject, field: str) -> list[Any]:
    """What fields of geometry hold; empty for other fields."""
    width, height = obj.image.width, obj.image.height
    x, y = centre(obj.box, width, height)
    held: dict[str, list[Any]] = {
        "area_share": [np.float32(obj.box.area / (width * height))],
        "aspect": [np.float32(aspect(obj.box))],
        "center_x": [np.float32(x)],
        "center_y": [np.float32(y)],
        "position": list(positions(x, y)),
    }
    return held.get(field, [])


def _single(entry: Stored, field: str) -> list[Any]:
    obj, image = entry.object, entry.object.image
    holder: Any = image
    if field in ("object_id", "kind", "label", "number", "box_score"):
        holder = obj
    elif field in ("collection", "pack", "pack_revision", "ingested_at", "objects"):
        holder = entry
    value = getattr(holder, field)
    if field == "box_score":
        return [np.float32(value)]
    if isinstance(value, datetime):
        return [utc_milliseconds(value)]
    return [value] if isinstance(value, GeoPoint) or value not in (None, "") else []
