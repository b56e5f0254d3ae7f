"""Exact answers over a made-up collection, which is made again part by part: no vector is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from elasticsearch import Elasticsearch

from boxlens.benchmarks.made_up import DOCUMENTS_PER_IMAGE, Example, MadeUpCollection
from boxlens.domain.collections import CollectionSet
from boxlens.domain.objects import Vector, object_id
from boxlens.domain.queries import RankedObject, VectorQuery, WordQuery
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.settings import IndexSettings

DEPTH = 1000
"""Objects of each exact list: what lies deeper is in no first page."""


class NearestRows:
    """The best ``DEPTH`` rows for each of some queries, kept while rows come in parts."""

    def __init__(self, queries: Vector) -> None:
        self._queries = queries
        self._cosines: npt.NDArray[np.float32] = np.empty((len(queries), 0), np.float32)
        self._rows: npt.NDArray[np.int64] = np.empty((len(queries), 0), np.int64)

    def add(self, vectors: Vector, first: int) -> None:
        """Unit vectors of shape (rows, dims), numbered from ``first`` on."""
        rows = np.broadcast_to(np.arange(first, first + len(vectors)), (len(self._queries), len(vectors)))
        cosines = np.concatenate([self._cosines, self._queries @ vectors.T], axis=1)
        rows = np.concatenate([self._rows, rows], axis=1)
        keep = np.argpartition(-cosines, min(DEPTH, cosines.shape[1]) - 1, axis=1)[:, :DEPTH]
        self._cosines, self._rows = np.take_along_axis(cosines, keep, 1), np.take_along_axis(rows, keep, 1)

    def best(self, query: int) -> list[tuple[int, float]]:
        """Row and cosine, best first."""
        order = np.argsort(-self._cosines[query], kind="stable")
        return [(int(self._rows[query, i]), float(self._cosines[query, i])) for i in order]


ExactLists = Mapping[tuple[str, bytes], Sequence[RankedObject]]
"""Exact lists by signal and the bytes of the vector that was asked for."""


def exact_lists(made_up: MadeUpCollection, examples: Sequence[Example]) -> ExactLists:
    """The exact lists of both signals for each example, ``DEPTH`` deep."""
    vit, clip = NearestRows(np.stack([e.vit for e in examples])), NearestRows(np.stack([e.clip for e in examples]))
    for part in made_up.parts():
        first = part.first * DOCUMENTS_PER_IMAGE
        vit.add(part.vit.reshape(-1, part.vit.shape[-1]), first)
        clip.add(part.clip.reshape(-1, part.clip.shape[-1]), first)
    lists: dict[tuple[str, bytes], Sequence[RankedObject]] = {}
    for query, example in enumerate(examples):
        lists["vit", example.vit.tobytes()] = [_ranked(made_up, *row) for row in vit.best(query)]
        lists["clip", example.clip.tobytes()] = [_ranked(made_up, *row) for row in clip.best(query)]
    return lists


class ExactIndex(ElasticsearchIndex):
    """A collection that is served, of which the lists of examples are exact and whole, however few are asked for: what
    a search answers over it is what it should answer."""

    def __init__(self, client: Elasticsearch, settings: IndexSettings, prefix: str, lists: ExactLists) -> None:
        super().__init__(client, settings, prefix=prefix)
        self._lists = lists

    def search(
        self, collection: str | CollectionSet, queries: Sequence[VectorQuery | WordQuery]
    ) -> list[list[RankedObject]]:
        return [list(self._lists[q.signal, q.vector.tobytes()]) for q in queries if isinstance(q, VectorQuery)]


def _ranked(made_up: MadeUpCollection, row: int, cosine: float) -> RankedObject:
    number, box = divmod(row, DOCUMENTS_PER_IMAGE)
    image_id = made_up.image_id(number)
    return RankedObject(object_id(image_id, box), image_id, cosine)
