"""Why words matched: the tokens and the label that found an object, and where they stand in its texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from embedding_pipeline.answers import Highlight, Hit, Why
from embedding_pipeline.domain import IndexedObject
from embedding_pipeline.queries import VectorQuery, WordQuery
from embedding_pipeline.search.fusion import Wanted
from embedding_pipeline.text.highlights import found_in
from embedding_pipeline.text.wanted_words import colour_tokens
from embedding_pipeline.text.word_fields import image_texts, own_texts


def explained(hits: Sequence[Hit], lists: Sequence[Wanted]) -> tuple[Hit, ...]:
    """The same hits with highlights, and with the matched words on every reason of the signal ``words``.

    Words that push away are matched too, in ``why``, but not highlighted.
    """
    asked = {wanted.clause: wanted.query for wanted in lists if isinstance(wanted.query, WordQuery)}
    if not asked:
        return tuple(hits)
    wished = _Seen(_tokens(wanted.query) for wanted in lists if wanted.weight > 0)
    every = _Seen(_tokens(query) for query in asked.values())
    every = wished if wished.tokens == every.tokens else every
    explained = []
    for hit in hits:
        said, objects = image_texts(hit.image), []
        for matched in hit.objects:
            own = own_texts(matched.object)
            why = matched.why
            if any(part.signal == "words" for part in why):
                held = every.held(own) | (every.held(said) if matched.object.kind == "frame" else frozenset())
                why = tuple(_told(part, matched.object, asked, held) for part in why)
            objects.append(replace(matched, why=why, highlights=wished.highlights(own)))
        explained.append(replace(hit, highlights=wished.highlights(said), objects=tuple(objects)))
    return tuple(explained)


class _Seen:
    """Where some tokens stand in the texts of one answer; names of labels and captions come again and again."""

    def __init__(self, tokens: Iterable[frozenset[str]]) -> None:
        self.tokens = frozenset(token for part in tokens for token in part)
        self._known: dict[tuple[str, ...], tuple[tuple[Highlight, ...], frozenset[str]]] = {}

    def highlights(self, fields: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Highlight, ...]]:
        """The texts in which any of the tokens stands, by field."""
        return {name: marked for name, texts in fields.items() if (marked := self._of(texts)[0])}

    def held(self, fields: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """The tokens that stand in any of these texts."""
        return frozenset().union(*(self._of(texts)[1] for texts in fields.values()))

    def _of(self, texts: tuple[str, ...]) -> tuple[tuple[Highlight, ...], frozenset[str]]:
        known = self._known.get(texts)
        if known is None:
            found = [(text, *found_in(text, self.tokens)) for text in texts]
            marked = tuple(Highlight(text, spans) for text, spans, _ in found if spans)
            known = self._known[texts] = (marked, frozenset(token for *_, seen in found for token in seen))
        return known


def _told(part: Why, obj: IndexedObject, asked: Mapping[int, WordQuery], held: frozenset[str]) -> Why:
    if part.signal != "words" or part.clause not in asked:
        return part
    query = asked[part.clause]
    colours = (c for c in query.colours if c in obj.colours or any(token in held for token in colour_tokens(c)))
    return part._replace(
        words=(*(token for token in query.tokens if token in held), *colours),
        label=obj.label if obj.label in query.labels else None,
    )


def _tokens(query: WordQuery | VectorQuery) -> frozenset[str]:
    """The tokens of a word query and those of its colours."""
    if not isinstance(query, WordQuery):
        return frozenset()
    return frozenset((*query.tokens, *(token for colour in query.colours for token in colour_tokens(colour))))
