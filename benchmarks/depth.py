"""Prints the table of docs/scaling.md: how deep lists must be read for an answer to be that of whole lists.

``python -m benchmarks.depth`` from the root of the repository. No server: exact lists over the collection of
``boxlens bench scale`` are cut off at k, and the answers set against those of lists 1,000 deep.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.guides.tables import head, table
from boxlens.benchmarks.exact import DEPTH, ExactLists, exact_lists
from boxlens.benchmarks.made_up import Example, MadeUpCollection
from boxlens.benchmarks.scale import answered, searcher_of
from boxlens.domain.collections import CollectionSet
from boxlens.domain.queries import RankedObject, VectorQuery, WordQuery
from boxlens.index.memory.index import InMemoryIndex

DEPTHS = (30, 40, 50, 60, 96, 128, 200, 256)
TOPS = (10, 20)


class CutIndex(InMemoryIndex):
    """Answers searches with exact lists, cut off at ``depth`` however many are asked for."""

    depth = DEPTH
    lists: ExactLists

    def search(
        self, collection: str | CollectionSet, queries: Sequence[VectorQuery | WordQuery]
    ) -> list[list[RankedObject]]:
        vectors = [query for query in queries if isinstance(query, VectorQuery)]
        return [list(self.lists[query.signal, query.vector.tobytes()][: self.depth]) for query in vectors]


def main(documents: int = 12_000, queries: int = 30) -> None:
    made_up = MadeUpCollection(documents)
    examples = made_up.examples(queries)
    index = CutIndex()
    index.lists = exact_lists(made_up, examples)
    index.create("depth", made_up.pack)
    for _ in index.write("depth", made_up.objects()):
        pass
    exact = pages(index, made_up, examples)
    what = f"{made_up.documents:,} made-up documents of 768 + 512 dims, {queries} searches by a stored object"
    print(head("python -m benchmarks.depth", what) + "\n")
    columns = ("objects of each list", *(f"recall@{top} by image" for top in TOPS), "images a page, at least")
    print(table(columns, (row(index, k, made_up, examples, exact) for k in DEPTHS)))


def row(
    index: CutIndex, k: int, made_up: MadeUpCollection, examples: Sequence[Example], exact: Sequence[list[str]]
) -> tuple[str, ...]:
    index.depth = k
    answers = pages(index, made_up, examples)
    shares = [
        np.mean([len(set(a[:top]) & set(e[:top])) / top for a, e in zip(answers, exact, strict=True)]) for top in TOPS
    ]
    return (f"{k}", *(f"{share:.4f}" for share in shares), f"{min(map(len, answers))}")


def pages(index: CutIndex, made_up: MadeUpCollection, examples: Sequence[Example]) -> list[list[str]]:
    searcher = searcher_of(index, made_up)
    return [answered(searcher, "depth", example) for example in examples]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
