"""Exact ranking and filtering in memory: what Elasticsearch approximates, computed in full."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import nsmallest
from typing import Any

import numpy as np

from boxlens.domain.filters import (
    Area,
    Circle,
    Condition,
    Filter,
    NumberRange,
    Period,
    Value,
    Words,
    utc_milliseconds,
)
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from boxlens.imaging.perceptual_hash import bits_of
from boxlens.index.derived import DERIVED, count_term, with_count_terms
from boxlens.language.word_matching import (
    COLOUR_WEIGHT,
    FIELD_WEIGHTS,
    KIND_WEIGHT,
    LABEL_WEIGHT,
    PHRASE_WEIGHT,
    WHOLE_WEIGHT,
    distinct,
    fields_for,
    needed,
)
from boxlens.language.word_query import colour_tokens
from boxlens.schema import ATTRIBUTES, BY_NAME, FACET_FIELDS, STORED_FIELDS, StoredField

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
    label_counts: tuple[str, ...]
    objects: int

    @property
    def image_id(self) -> str:
        return self.object.image.image_id


def by_vector(admitted: Sequence[Stored], query: VectorQuery) -> list[RankedObject]:
    """The k nearest by cosine among those that have the vector; ``admitted`` pass the filter."""
    field = f"{query.signal}_vector"
    having = [s for s in admitted if getattr(s.object, field) is not None]
    if not having:
        return []
    # the server scores in float32 too: equal vectors tie in both
    cosines = np.stack([getattr(s.object, field) for s in having]) @ query.vector.astype(np.float32)
    return _ranked(list(zip(having, cosines.tolist(), strict=True)), query)


class SharedWords:
    """What the word lists of one search have in common, found in one pass over ``everything``: which objects have the
    labels and hold the tokens of any of them, and how rare these tokens are."""

    def __init__(self, everything: Sequence[Stored], queries: Sequence[VectorQuery | WordQuery]) -> None:
        words = [query for query in queries if isinstance(query, WordQuery)]
        labels = {label for query in words for label in (*query.labels, *query.kinds)}
        tokens = {token for query in words for token in _all_tokens(query)}
        self._everything = everything
        self._totals: Counter[str] = Counter()
        self._holding: defaultdict[tuple[str, str], list[Stored]] = defaultdict(list)
        self._labelled: defaultdict[str, list[Stored]] = defaultdict(list)
        for stored in everything if words else ():
            if stored.object.label in labels:
                self._labelled[stored.object.label].append(stored)
            for name, held in stored.tokens.items():
                if held:
                    self._totals[name] += 1
                    for token in tokens & held:
                        self._holding[name, token].append(stored)

    def rarity(self, name: str, token: str) -> float:
        """BM25's idf of a token in a field: ln(1 + (N - n + 0.5) / (n + 0.5)), N objects with the field (Robertson,
        2009).

        The mapping sets k1 and b to 0, so that the rest of BM25 is 1. Elasticsearch also counts deleted
        documents until their segment merges, and each shard alone, so its numbers may differ a little from these.
        """
        n = len(self._holding.get((name, token), ()))
        return math.log(1 + (self._totals[name] - n + 0.5) / (n + 0.5))

    def scores(self, token: str, weights: Mapping[str, float]) -> dict[str, float]:
        """What a token adds to the score of each object that holds it, by its id: its best field counts."""
        best: dict[str, float] = {}
        for name, weight in weights.items():
            if (name, token) not in self._holding:
                continue
            score = weight * self.rarity(name, token)
            for stored in self._holding[name, token]:
                object_id = stored.object.object_id
                best[object_id] = max(score, best.get(object_id, 0.0))
        return best

    def met(self, query: WordQuery) -> list[Stored]:
        """What passes the filter of a query and may match it: by a label or a token, or, of colours alone, all."""
        labels, tokens = (*query.labels, *query.kinds), {*query.tokens, *query.phrase}
        if not labels and not tokens:
            return [stored for stored in self._everything if passes(stored, query.filter)]
        lists = [self._labelled.get(label, ()) for label in labels]
        lists += [self._holding.get((name, token), ()) for name in FIELD_WEIGHTS for token in tokens]
        lists = [some for some in lists if some]
        met = lists[0] if len(lists) == 1 else {id(stored): stored for some in lists for stored in some}.values()
        return [stored for stored in met if query.filter.empty or passes(stored, query.filter)]


def _all_tokens(query: WordQuery) -> Iterator[str]:
    yield from (*query.tokens, *query.phrase)
    for colour in query.colours:
        yield from colour_tokens(colour)


def by_words(words: SharedWords, query: WordQuery) -> list[RankedObject]:
    """Exact labels and tokens scored as ``word_body`` asks the server to."""
    tokens, labels = distinct(query.tokens), distinct(query.labels)
    weights, colours = fields_for(query.labels or query.phrase), distinct(query.colours)
    by_token = [words.scores(token, weights) for token in tokens]
    by_colour = {colour: [words.scores(token, weights) for token in colour_tokens(colour)] for colour in colours}
    others = [(count_term(label, 1), share) for label, share in query.beside]
    written = any(by_token) or any(any(tables) for tables in by_colour.values())
    scored = []
    for entry in words.met(query):
        object_id = entry.object.object_id if written else ""  # an id is put together anew each time
        score = LABEL_WEIGHT * (entry.object.label in labels) + KIND_WEIGHT * (entry.object.label in query.kinds)
        parts = [scores.get(object_id, 0.0) for scores in by_token]
        if tokens and sum(part > 0 for part in parts) >= needed(len(tokens)):
            score += sum(parts) + WHOLE_WEIGHT * _whole(entry, tokens, weights)
        score += PHRASE_WEIGHT * _holds_phrase(entry, query)
        shades = [
            max(COLOUR_WEIGHT * (colour in entry.object.colours), *(scores.get(object_id, 0.0) for scores in tables))
            for colour, tables in by_colour.items()
        ]
        of_colours = not tokens and not labels and sum(part > 0 for part in shades) >= needed(len(shades))
        if score > 0 or (shades and of_colours):
            beside = LABEL_WEIGHT * sum(share for term, share in others if term in entry.label_counts)
            scored.append((entry, score + sum(shades) + beside))
    return _ranked(scored, query)


def _whole(entry: Stored, tokens: Sequence[str], weights: dict[str, float]) -> bool:
    return len(tokens) > 1 and any(entry.tokens[name].issuperset(tokens) for name in weights)


def _holds_phrase(entry: Stored, query: WordQuery) -> bool:
    if not query.phrase:
        return False
    phrase = distinct(query.phrase)
    return any(entry.tokens[name].issuperset(phrase) for name in fields_for(query.labels or query.phrase))


def _has_colour(entry: Stored, colour: str, weights: dict[str, float]) -> bool:
    return colour in entry.object.colours or any(
        token in entry.tokens[name] for name in weights for token in colour_tokens(colour)
    )


def _ranked(scored: Sequence[tuple[Stored, float]], query: VectorQuery | WordQuery) -> list[RankedObject]:
    """The best k by score, then by the detector's certainty, then by id: both numbers as float32, as the server's."""
    scores = np.array([score for _, score in scored], np.float32).tolist()
    certain = np.array([stored.object.box_score for stored, _ in scored], np.float32).tolist()
    keys = [(-score, -sure) for score, sure in zip(scores, certain, strict=True)]
    last = nsmallest(query.k, keys)[-1] if 0 < query.k < len(keys) else (math.inf, 0.0)  # ids of the best alone
    places = [(*key, s.object.object_id, s) for (s, _), key in zip(scored, keys, strict=True) if key <= last]
    best = [(stored, -score, -sure) for score, sure, _, stored in nsmallest(query.k, places)]
    ranking = [_ranked_object(s, score, _value(s, query.value))._replace(box_score=sure) for s, score, sure in best]
    if isinstance(query, WordQuery):
        ranking = _with_word_facts(ranking, [stored for stored, *_ in best], query)
    elif query.labels:
        ranking = [place._replace(label=s.object.label) for place, (s, *_) in zip(ranking, best, strict=True)]
    if not query.boxes:
        return ranking
    return [place._replace(box=s.object.box) for place, (s, *_) in zip(ranking, best, strict=True)]


def _with_word_facts(
    ranking: Sequence[RankedObject], entries: Sequence[Stored], query: WordQuery
) -> list[RankedObject]:
    tokens, weights = distinct(query.tokens), fields_for(query.labels or query.phrase)
    labels, colours, single = distinct(query.labels), distinct(query.colours), len(tokens) < 2
    others = [(label, count_term(label, 1)) for label, _ in query.beside]
    return [
        place._replace(
            exact_label=entry.object.label in labels,
            whole=_whole(entry, tokens, weights) or (single and (not query.kinds or _holds_any_token(entry, tokens))),
            colours_met=all(_has_colour(entry, colour, weights) for colour in colours),
            beside=tuple([label for label, term in others if term in entry.label_counts]),
            phrase=_holds_phrase(entry, query),
        )
        for place, entry in zip(ranking, entries, strict=True)
    ]


def _holds_any_token(entry: Stored, tokens: Sequence[str]) -> bool:
    return any(token in field for token in tokens for field in entry.tokens.values())


def in_order(stored: Sequence[Stored], sort: Sort, after: str | None, after_value: float | None) -> list[RankedObject]:
    """All of them in an order, from behind an object with its value; frames have no place in that of ``box_area``."""

    def place(value: float | None, object_id: str) -> tuple[bool, float, str]:
        return (value is None, 0.0 if value is None else -value if sort.descending else value, object_id)

    placed = [s for s in stored if sort.field != "box_area" or s.object.kind != "frame"]
    matches = [_ranked_object(s, 0.0, _value(s, sort.field)) for s in placed]
    behind = [f for f in matches if after is None or place(f.value, f.object_id) > place(after_value, after)]
    return sorted(behind, key=lambda f: place(f.value, f.object_id))


def _ranked_object(entry: Stored, similarity: float, value: float | None) -> RankedObject:
    image = entry.object.image
    return RankedObject(entry.object.object_id, image.image_id, similarity, value, bits_of(image.picture_hash))


def _value(entry: Stored, field: SortField) -> float | None:
    """What an order goes by, see ``queries.RankedObject``."""
    if field == "box_area":
        return None if entry.object.kind == "frame" else float(field_values(entry, BY_NAME["area_share"])[0])
    if field == "relevance":
        return None
    return next((moment.timestamp() * 1000 for moment in field_values(entry, BY_NAME[field])), None)


def facet_counts(passing: Sequence[Stored]) -> dict[str, dict[str, int]]:
    """Images by the values that their objects have, for each facet of the schema; dates by their year."""
    counts: dict[str, dict[str, int]] = {}
    counted = [stored for stored in passing if stored.object.kind != "proposal"]
    for field in FACET_FIELDS:
        pairs = {(_facet_text(value), stored.image_id) for stored in counted for value in field_values(stored, field)}
        images = Counter(value for value, _ in pairs)
        counts[field.facet] = dict(sorted(images.items(), key=lambda item: (-item[1], item[0])))
    return counts


def _facet_text(value: Any) -> str:
    return f"{value.year:04d}" if isinstance(value, datetime) else str(value)


def passes(stored: Stored, filter: Filter) -> bool:
    """Whether an object satisfies a filter, by the rules Elasticsearch applies."""
    return (
        all(_holds(stored, condition) for condition in with_count_terms(filter.conditions))
        and (not filter.any or any(passes(stored, inner) for inner in filter.any))
        and not any(passes(stored, inner) for inner in filter.none)
    )


def _holds(stored: Stored, condition: Condition) -> bool:
    field = condition.field
    if isinstance(condition.range, Period) and condition.range.local:
        field = BY_NAME[field].local
    values = _condition_values(stored, field)
    if condition.any_of and not any(_is(value, admitted) for value in values for admitted in condition.any_of):
        return False
    if any(_is(value, unwanted) for value in values for unwanted in condition.none_of):
        return False
    match condition.range:
        case NumberRange(low, high):
            return any(_between(value, low, high) for value in values)
        case Period(first, last):
            return any(_between(value, first, last) for value in values)
    return True


def _is(value: Any, admitted: Value) -> bool:
    match admitted:
        case Area(west, south, east, north):
            inside = west <= value.lon <= east if west <= east else value.lon >= west or value.lon <= east
            return bool(inside and south <= value.lat <= north)
        case Circle(lat, lon, km):
            return kilometres(value, GeoPoint(lat, lon)) <= km
        case Words(tokens):
            return value.issuperset(tokens)  # type: ignore[no-any-return]
        case keyword:
            return bool(value == keyword)


def kilometres(a: GeoPoint, b: GeoPoint) -> float:
    """Distance on a sphere by the haversine formula, with the mean radius of the earth that Lucene takes."""
    south, north = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _between(value: Any, low: Any, high: Any) -> bool:
    if isinstance(value, np.float32):  # a float field compares what it stores: bounds are rounded alike
        low, high = (None if bound is None else np.float32(bound) for bound in (low, high))
    return (low is None or bool(value >= low)) and (high is None or bool(value <= high))


def _condition_values(stored: Stored, name: str) -> list[Any]:
    """What an object holds in the field of a condition: a text as the set of its tokens."""
    if name.startswith(ATTRIBUTES):
        value = stored.object.image.attributes.get(name.removeprefix(ATTRIBUTES))
        return [] if value is None else [value]
    field = BY_NAME[name]
    if field.filter == "words":
        return [stored.tokens[name]]
    return [value for counted in _counted_fields(name) for value in field_values(stored, counted)]


@cache
def _counted_fields(name: str) -> tuple[StoredField, ...]:
    """A field, and those whose values count as its own."""
    return (BY_NAME[name], *(other for other in STORED_FIELDS if other.counts_as == name))


def field_values(stored: Stored, field: StoredField) -> list[Any]:
    """The values of a field as the server compares them; empty when the object has none."""
    match field.source:
        case "object":
            value = getattr(stored.object, field.python_name)
        case "image":
            value = getattr(stored.object.image, field.python_name)
        case "index":
            value = getattr(stored, field.python_name)
        case "derived":
            value = DERIVED[field.name](stored.object)
    values = list(value) if field.many else [value]
    return [_compared(field, entry) for entry in values if entry is not None and entry != ""]


def _compared(field: StoredField, value: Any) -> Any:
    if field.type == "float":
        return np.float32(value)
    return utc_milliseconds(value) if field.type == "date" else value
