"""Exact ranking and filtering in memory: what Elasticsearch approximates, computed in full."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from embedding_pipeline.domain import GeoPoint, IndexedObject, RankedObject, Vector
from embedding_pipeline.fields import ATTRIBUTES
from embedding_pipeline.stores.filter_checks import (
    Area,
    Check,
    CheckedFilter,
    Period,
    Value,
    utc_milliseconds,
)
from embedding_pipeline.stores.object_words import FIELD_WEIGHTS, LABEL_WEIGHT, all_tags, distinct, fields_for, needed


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


def by_vector(stored: Sequence[Stored], signal: str, vector: Vector, k: int) -> list[RankedObject]:
    """The k nearest by cosine among those that have the vector."""
    field = f"{signal}_vector"
    having = [s for s in stored if getattr(s.object, field) is not None]
    if not having:
        return []
    # the server scores in float32 too: equal vectors tie in both
    cosines = np.stack([getattr(s.object, field) for s in having]) @ vector.astype(np.float32)
    return _ranked(zip(having, cosines.tolist(), strict=True), k)


def by_words(
    everything: Sequence[Stored], passing: Sequence[Stored], labels: Sequence[str], tokens: Sequence[str], k: int
) -> list[RankedObject]:
    """Exact labels and tokens scored as elastic_bodies.word_body asks the server to; rarity counts all objects."""
    asked = distinct(tokens)
    weights = fields_for(labels)
    rarity = _rarity(everything, asked)
    scored = []
    for entry in passing:
        score = LABEL_WEIGHT * (entry.object.label in distinct(labels))
        parts = [_token_score(entry, token, weights, rarity) for token in asked]
        if asked and sum(part > 0 for part in parts) >= needed(len(asked)):
            score += sum(parts)
        if score > 0:
            scored.append((entry, float(np.float32(score))))
    return _ranked(scored, k)


def _token_score(entry: Stored, token: str, weights: dict[str, float], rarity: dict[tuple[str, str], float]) -> float:
    found = (w * rarity[name, token] for name, w in weights.items() if token in entry.tokens[name])
    return max(found, default=0.0)


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


def _ranked(scored: Iterable[tuple[Stored, float]], k: int) -> list[RankedObject]:
    def place(item: tuple[Stored, float]) -> tuple[float, float, str]:
        obj = item[0].object
        return (-item[1], -float(np.float32(obj.box_score)), obj.object_id)

    best = sorted(scored, key=place)[:k]
    return [RankedObject(s.object.object_id, s.object.image.image_id, score) for s, score in best]


def facet_counts(passing: Sequence[Stored]) -> dict[str, dict[str, int]]:
    """Objects per label, tag, colour, format and year."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("label", "tag", "colour", "format", "year")}
    for entry in passing:
        obj = entry.object
        counts["label"].update([obj.label] if obj.label else [])
        counts["tag"].update(all_tags(obj))
        counts["colour"].update(set(obj.colours))
        counts["format"].update([obj.image.format] if obj.image.format else [])
        if obj.image.taken_at:
            counts["year"].update([f"{utc_milliseconds(obj.image.taken_at).year:04d}"])
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
    return bool(value == wanted) if isinstance(wanted, str) else _between(value, wanted, wanted)


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
    if field == "area_share":
        return [np.float32(obj.box.area / (image.width * image.height))]
    return _single(entry, field)


def _single(entry: Stored, field: str) -> list[Any]:
    obj, image = entry.object, entry.object.image
    holder: Any = image
    if field in ("object_id", "kind", "label", "number", "box_score"):
        holder = obj
    elif field in ("collection", "pack", "pack_revision", "ingested_at"):
        holder = entry
    value = getattr(holder, field)
    if field == "box_score":
        return [np.float32(value)]
    if isinstance(value, datetime):
        return [utc_milliseconds(value)]
    return [value] if isinstance(value, GeoPoint) or value not in (None, "") else []
