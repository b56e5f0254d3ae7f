"""Exact ranking in memory: what Elasticsearch approximates, computed in full."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from boxlens.domain.queries import RankedObject, Sort, SortField, VectorQuery, WordQuery
from boxlens.index.derived import count_term
from boxlens.index.memory.filtering import Stored, field_values, names_images, passing
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

_Facts = tuple[bool, bool, bool, tuple[str, ...], bool]
"""The fields of ``RankedObject`` from ``exact_label`` to ``phrase``."""


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
        self._labels, self._tokens = labels, tokens = _words_of(queries)
        self._everything = everything
        self._totals: Counter[str] = Counter()
        self._holding: defaultdict[tuple[str, str], list[Stored]] = defaultdict(list)
        self._labelled: defaultdict[str, list[Stored]] = defaultdict(list)
        for stored in everything if labels or tokens else ():
            if stored.object.label in labels:
                self._labelled[stored.object.label].append(stored)
            for name, held in stored.tokens.items():
                if held:
                    self._totals[name] += 1
                    for token in tokens & held:
                        self._holding[name, token].append(stored)

    def serve(self, everything: Sequence[Stored], queries: Sequence[VectorQuery | WordQuery]) -> bool:
        """Whether these are the words of a search that looks again, into some images alone: it asks the same once
        more, or some of it."""
        labels, tokens = _words_of(queries)
        again = all(names_images(query.filter) for query in queries)
        return again and labels <= self._labels and tokens <= self._tokens and self._everything == everything

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
                best[stored.object_id] = max(score, best.get(stored.object_id, 0.0))
        return best

    def met(self, query: WordQuery) -> list[Stored]:
        """What passes the filter of a query and may match it: by a label or a token, or, of colours alone, all."""
        labels, tokens = (*query.labels, *query.kinds), {*query.tokens, *query.phrase}
        if not labels and not tokens:
            return passing(self._everything, query.filter)
        lists = [self._labelled.get(label, ()) for label in labels]
        lists += [self._holding.get((name, token), ()) for name in FIELD_WEIGHTS for token in tokens]
        lists = [some for some in lists if some]
        met = lists[0] if len(lists) == 1 else {id(stored): stored for some in lists for stored in some}.values()
        return passing(met, query.filter)


def _words_of(queries: Sequence[VectorQuery | WordQuery]) -> tuple[frozenset[str], frozenset[str]]:
    """The labels and the tokens of all word queries."""
    words = [query for query in queries if isinstance(query, WordQuery)]
    labels = frozenset(label for query in words for label in (*query.labels, *query.kinds))
    return labels, frozenset(token for query in words for token in _all_tokens(query))


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
    written, enough = any(by_token), needed(len(tokens))
    scored = []
    for entry in words.met(query):
        label = entry.object.label
        score = LABEL_WEIGHT * (label in labels) + KIND_WEIGHT * (label in query.kinds)
        if written:
            parts = [scores.get(entry.object_id, 0.0) for scores in by_token]
            if sum([part > 0 for part in parts]) >= enough:
                score += sum(parts) + WHOLE_WEIGHT * _whole(entry, tokens, weights)
        score += PHRASE_WEIGHT * _holds_phrase(entry, query)
        shades = [
            max(
                COLOUR_WEIGHT * (colour in entry.object.colours), *[by_id.get(entry.object_id, 0.0) for by_id in tables]
            )
            for colour, tables in by_colour.items()
        ]
        of_colours = not tokens and not labels and sum([part > 0 for part in shades]) >= needed(len(shades))
        if score > 0 or (shades and of_colours):
            beside = LABEL_WEIGHT * sum([share for term, share in others if term in entry.label_counts])
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
    """The best k by score, as float32 like the server's, then by the detector's certainty, then by id."""
    scores = np.array([score for _, score in scored], np.float32).tolist()
    keys = [(-score, -stored.box_score) for (stored, _), score in zip(scored, scores, strict=True)]
    last = sorted(keys)[query.k - 1] if 0 < query.k < len(keys) else (math.inf, 0.0)  # ids of the best alone
    places = [(*key, s.object_id, s) for (s, _), key in zip(scored, keys, strict=True) if key <= last]
    best = [(stored, -score) for score, _, _, stored in sorted(places)[: query.k]]
    facts = _WordFacts(query).of if isinstance(query, WordQuery) else _no_word_facts
    return [
        RankedObject(
            stored.object_id,
            stored.image_id,
            score,
            _value(stored, query.value),
            stored.picture_bits,
            stored.object.box if query.boxes else None,
            stored.box_score,
            *facts(stored),
            label=stored.object.label if isinstance(query, VectorQuery) and query.labels else "",
        )
        for stored, score in best
    ]


def _no_word_facts(entry: Stored) -> _Facts:
    return False, True, True, (), False


class _WordFacts:
    """What words say of an object besides its score."""

    def __init__(self, query: WordQuery) -> None:
        self._query, self._tokens, self._labels = query, distinct(query.tokens), distinct(query.labels)
        self._weights, self._colours = fields_for(query.labels or query.phrase), distinct(query.colours)
        self._others = [(label, count_term(label, 1)) for label, _ in query.beside]

    def of(self, entry: Stored) -> _Facts:
        tokens, weights = self._tokens, self._weights
        single = len(tokens) < 2 and (not self._query.kinds or _holds_any_token(entry, tokens, weights))
        return (
            entry.object.label in self._labels,
            single or _whole(entry, tokens, weights),
            all(_has_colour(entry, colour, weights) for colour in self._colours),
            tuple([label for label, term in self._others if term in entry.label_counts]),
            _holds_phrase(entry, self._query),
        )


def _holds_any_token(entry: Stored, tokens: Sequence[str], weights: Mapping[str, float]) -> bool:
    return any(token in entry.tokens[name] for token in tokens for name in weights)


def in_order(stored: Sequence[Stored], sort: Sort, after: str | None, after_value: float | None) -> list[RankedObject]:
    """All of them in an order, from behind an object with its value; frames have no place in that of ``box_area``."""

    def place(value: float | None, object_id: str) -> tuple[bool, float, str]:
        return (value is None, 0.0 if value is None else -value if sort.descending else value, object_id)

    placed = [s for s in stored if sort.field != "box_area" or s.object.kind != "frame"]
    matches = [RankedObject(s.object_id, s.image_id, 0.0, _value(s, sort.field), s.picture_bits) for s in placed]
    behind = [f for f in matches if after is None or place(f.value, f.object_id) > place(after_value, after)]
    return sorted(behind, key=lambda f: place(f.value, f.object_id))


def _value(entry: Stored, field: SortField) -> float | None:
    """What an order goes by, see ``queries.RankedObject``."""
    if field == "box_area":
        return None if entry.object.kind == "frame" else float(field_values(entry, BY_NAME["area_share"])[0])
    if field == "relevance":
        return None
    return next((moment.timestamp() * 1000 for moment in field_values(entry, BY_NAME[field])), None)
