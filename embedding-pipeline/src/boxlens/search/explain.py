"""Why words matched: the tokens and the label that brought an object, and where they stand in its texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from boxlens.domain.answers.hits import Highlight, Hit, HitObject, Why
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import VectorQuery, WordQuery
from boxlens.language.highlights import find_tokens
from boxlens.language.word_fields import image_texts, own_texts
from boxlens.language.word_query import colour_tokens
from boxlens.search.requests import RankedListRequest

_NONE: frozenset[str] = frozenset()


def explain(hits: Sequence[Hit], lists: Sequence[RankedListRequest]) -> tuple[Hit, ...]:
    """The same hits with highlights, and with the matched words on every reason of the signal ``words``.

    Words that push away are matched too, in ``why``, but not highlighted.
    """
    queries: dict[int, WordQuery] = {}
    for list_request in lists:
        if isinstance(query := list_request.query, WordQuery):
            queries[list_request.clause] = _joined(queries.get(list_request.clause), query)
    if not queries:
        return tuple(hits)
    positive = _TokenMatches(_tokens(list_request.query) for list_request in lists if list_request.weight > 0)
    every = _TokenMatches(_tokens(query) for query in queries.values())
    every = positive if positive.tokens == every.tokens else every
    explained = []
    for hit in hits:
        texts = image_texts(hit.image)
        of_frame = every.matched(texts) if any(matched.object.kind == "frame" for matched in hit.objects) else _NONE
        objects = tuple([_explain_object(matched, of_frame, queries, positive, every) for matched in hit.objects])
        explained.append(replace(hit, highlights=positive.highlights(texts), objects=objects))
    return tuple(explained)


def _explain_object(
    matched: HitObject,
    of_frame: frozenset[str],
    queries: Mapping[int, WordQuery],
    positive: _TokenMatches,
    every: _TokenMatches,
) -> HitObject:
    """``of_frame``: the tokens that stand in the texts of its image, which words find on the frame alone."""
    obj, why = matched.object, matched.why
    if any(reason.signal == "words" for reason in why):
        tokens = every.in_own_texts(obj)[1] | (of_frame if obj.kind == "frame" else _NONE)
        why = tuple([_with_words(reason, obj, queries, tokens) for reason in why])
    highlights = positive.in_own_texts(obj)[0]
    return HitObject(obj, matched.score, why, highlights, matched.relevance, matched.part)


def _with_words(reason: Why, obj: IndexedObject, queries: Mapping[int, WordQuery], tokens: frozenset[str]) -> Why:
    if reason.signal != "words" or reason.clause not in queries:
        return reason
    query = queries[reason.clause]
    words = [token for token in dict.fromkeys((*query.tokens, *query.phrase)) if token in tokens] if tokens else []
    words += [c for c in query.colours if c in obj.colours or any(token in tokens for token in colour_tokens(c))]
    return reason._replace(words=tuple(words), label=obj.label if obj.label in query.labels else None)


def _joined(earlier: WordQuery | None, query: WordQuery) -> WordQuery:
    """The words of one clause that has several lists."""
    if earlier is None:
        return query
    return replace(
        earlier,
        labels=(*earlier.labels, *query.labels),
        tokens=tuple(dict.fromkeys((*earlier.tokens, *query.tokens))),
        phrase=earlier.phrase or query.phrase,
        colours=tuple(dict.fromkeys((*earlier.colours, *query.colours))),
    )


class _TokenMatches:
    """Where some tokens stand in the texts of one answer; names of labels and captions come again and again."""

    def __init__(self, tokens: Iterable[frozenset[str]]) -> None:
        self.tokens = frozenset(token for some in tokens for token in some)
        self._by_texts: dict[tuple[str, ...], tuple[tuple[Highlight, ...], frozenset[str]]] = {}
        self._by_own: dict[tuple[object, ...], tuple[dict[str, tuple[Highlight, ...]], frozenset[str]]] = {}

    def highlights(self, fields: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Highlight, ...]]:
        """The texts in which any of the tokens stands, by field."""
        return {name: marked for name, texts in fields.items() if (marked := self._of(texts)[0])}

    def matched(self, fields: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """The tokens that stand in any of these texts."""
        return frozenset().union(*[self._of(texts)[1] for texts in fields.values()])

    def in_own_texts(self, obj: IndexedObject) -> tuple[dict[str, tuple[Highlight, ...]], frozenset[str]]:
        """Both of the texts of an object itself. Boxes of a label mostly have the same ones."""
        key = (obj.label, obj.label_names, obj.tags, obj.ocr_text, obj.caption)
        matches = self._by_own.get(key)
        if matches is None:
            fields = own_texts(obj)
            matches = self._by_own[key] = (self.highlights(fields), self.matched(fields))
        return matches

    def _of(self, texts: tuple[str, ...]) -> tuple[tuple[Highlight, ...], frozenset[str]]:
        matches = self._by_texts.get(texts)
        if matches is None:
            spans = [(text, *find_tokens(text, self.tokens)) for text in texts]
            marked = tuple(Highlight(text, where) for text, where, _ in spans if where)
            matches = self._by_texts[texts] = (marked, frozenset(token for *_, tokens in spans for token in tokens))
        return matches


def _tokens(query: WordQuery | VectorQuery) -> frozenset[str]:
    """The tokens of a word query and those of its colours."""
    if not isinstance(query, WordQuery):
        return frozenset()
    return frozenset(
        (*query.tokens, *query.phrase, *(token for colour in query.colours for token in colour_tokens(colour)))
    )
