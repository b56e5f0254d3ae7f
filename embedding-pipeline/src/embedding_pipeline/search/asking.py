"""Clauses into the ranked lists to ask an index for: words are read, texts and pictures embedded, vectors looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from embedding_pipeline.answers import QueryObject
from embedding_pipeline.domain import Box, LabelName, Vector
from embedding_pipeline.errors import NotFound
from embedding_pipeline.pipeline.graph import Looked, QueryPipeline
from embedding_pipeline.ports import ObjectIndex, TextEncoder
from embedding_pipeline.queries import ObjectClause, PictureClause, Query, TextClause, VectorQuery
from embedding_pipeline.search.fusion import Wanted
from embedding_pipeline.search.fusion_weights import EXAMPLE, TEXT, words_weight
from embedding_pipeline.text.wanted_words import wanted_words

MOST_GROUPS = 20
"""Objects of a query picture that are answered one by one, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The lists a query needs, their ``k`` not yet set; what was seen in its pictures; what its asker should know.

    ``groups``: the lists for each object of the query picture in place of the one that is meant, where asked for.
    """

    lists: tuple[Wanted, ...]
    looked: tuple[Looked, ...]
    notes: tuple[str, ...]
    groups: tuple[tuple[Wanted, ...], ...] = ()


class Asker:
    """Turns queries into lists. Thread-safe."""

    def __init__(
        self,
        index: ObjectIndex,
        pictures: QueryPipeline,
        texts: TextEncoder | None,
        labels: Sequence[LabelName],
    ) -> None:
        self._index, self._pictures, self._texts, self._labels = index, pictures, texts, labels

    def ask(self, collection: str, query: Query) -> Asked:
        """Every ranked list the query needs, all texts and all pictures embedded in one go each.

        Raises NotFound for a stored object that is not there.
        """
        texts = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, TextClause)]
        pictures = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, PictureClause)]
        stored = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, ObjectClause)]
        lists: list[Wanted] = []
        if texts and self._texts is not None and query.signals.get("clip", 0):
            for (i, clause), vector in zip(texts, self._texts.encode_texts([c.text for _, c in texts]), strict=True):
                lists.append(self._near(query, i, clause.weight * TEXT["clip"], "clip", vector))
        for i, clause in texts:
            words = wanted_words(clause.text, self._labels, query.filter)
            if words is not None:
                weight = clause.weight * words_weight(clause.text, self._labels)
                lists.append(Wanted(i, "words", weight * query.signals.get("words", 0), words))
        each = MOST_GROUPS if query.groups == "query_objects" else 0
        looked = self._pictures.look([c.pixels for _, c in pictures], [c.box for _, c in pictures], each=each)
        for (i, example), look in zip(pictures, looked, strict=True):
            itself = self._stored_box(collection, example, look.box)
            vectors = self._vectors(query, i, example.weight, look.vit, look.clip)
            lists.extend(replace(wanted, itself=itself) for wanted in vectors)
        found = {
            o.object_id: o for o in self._index.objects(collection, [c.object_id for _, c in stored], vectors=True)
        }
        for i, known in stored:
            if known.object_id not in found:
                raise NotFound(f"There is no object {known.object_id} in {collection}.", place=f"clauses.{i}")
            like = found[known.object_id]
            lists.extend(self._vectors(query, i, known.weight, like.vit_vector, like.clip_vector))
        notes = ("clip_off",) if texts and self._texts is None else ()
        lists = [wanted for wanted in lists if wanted.weight]
        groups = self._groups(query, *pictures[0], looked[0], lists) if each and pictures else ()
        return Asked(tuple(lists), tuple(looked), notes, groups)

    def _stored_box(self, collection: str, example: PictureClause, box: Box) -> str | None:
        """The stored object that lies nearest to the box of an example picture, where that picture is stored.

        A drawn box is never quite the stored one, and its vectors may be nearer to those of another picture.
        """
        if example.image_id is None or example.weight <= 0:
            return None
        try:
            stored = self._index.image(collection, example.image_id)
        except NotFound:
            return None
        return max(stored, key=lambda known: known.box.iou(box)).object_id

    def _groups(
        self, query: Query, i: int, clause: PictureClause, look: Looked, lists: Sequence[Wanted]
    ) -> tuple[tuple[Wanted, ...], ...]:
        """The lists of one object after the other; those of all other clauses are shared."""
        shared = [wanted for wanted in lists if wanted.clause != i]
        own = [self._vectors(query, i, clause.weight, vit, clip) for vit, clip in look.each]
        return tuple((*(wanted for wanted in vectors if wanted.weight), *shared) for vectors in own)

    def _vectors(self, query: Query, i: int, weight: float, vit: Vector | None, clip: Vector | None) -> list[Wanted]:
        lists = []
        if vit is not None:
            lists.append(self._near(query, i, weight * EXAMPLE["vit"], "vit", vit))
        if clip is not None:
            lists.append(self._near(query, i, weight * EXAMPLE["clip"], "clip", clip))
        return lists

    @staticmethod
    def _near(query: Query, i: int, weight: float, signal: Literal["vit", "clip"], vector: Vector) -> Wanted:
        return Wanted(i, signal, weight * query.signals.get(signal, 0), VectorQuery(signal, vector, 0, query.filter))


def query_objects(looked: Sequence[Looked]) -> tuple[QueryObject, ...]:
    """The objects of the first query picture, the one a page shows."""
    if not looked:
        return ()
    return tuple(QueryObject(detection, i == looked[0].primary) for i, detection in enumerate(looked[0].objects))
