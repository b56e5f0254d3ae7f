"""Exact ranking in memory: what Elasticsearch approximates, computed in full."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest

import numpy as np

from boxlens.domain.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from boxlens.imaging.perceptual_hash import bits_of
from boxlens.index.derived import count_term
from boxlens.index.memory.filtering import Stored, field_values, passes
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
from boxlens.schema import BY_NAME


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
