"""The hits of a query in their order: lists are asked for, fused, judged, grouped by image, folded and sorted.

An index gives the nearest k objects of each list. Where these make too few hits, as when one image holds most of the
nearest boxes, k grows until there are enough, or nothing more, or the index goes no deeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from embedding_pipeline.domain import CollectionInfo
from embedding_pipeline.pictures.picture_hash import folded, suspects
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Query, RankedObject, Sort, VectorQuery, WordQuery
from embedding_pipeline.search.cursors import Shown, mark_of, until
from embedding_pipeline.search.fusion import Fused, Wanted, by_image, fuse
from embedding_pipeline.search.relevance import Judged, Relevance, similar_enough

# Grouping sees only the nearest k objects: k = 2 x images wanted x mean boxes an image nearly always fills the page.
_CANDIDATES_PER_BOX = 2
_MOST_CANDIDATES = 10_000  # Elasticsearch's limit on num_candidates
_LEAST_CANDIDATES = 10
_DEEPER = 4
# Another order than relevance needs a found set to put in order: the nearest so many objects of each list.
_SORTED_CANDIDATES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A hit to be: its image id (or object id where each box is a hit), its objects, and the image ids folded into
    it."""

    key: str
    objects: tuple[Fused, ...]
    near_duplicates: tuple[str, ...] = ()

    @property
    def mark(self) -> bytes:
        return mark_of(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Hits to be in their order, with what was judged of them. ``complete``: no list went on beyond its ``k`` with more
    that would be shown, so these are all; ``deepest``: there is nothing to be had from a larger k."""

    entries: tuple[Entry, ...]
    judged: Judged
    k: int
    complete: bool
    deepest: bool

    def left(self, shown: Shown) -> list[Entry]:
        """What was not shown yet."""
        if not shown.marks:  # the first page: no mark needs to be made
            return list(self.entries)
        return [entry for entry in self.entries if entry.mark not in shown.marks]

    def goes_on(self, shown: Shown) -> bool:
        """Whether there is anything that was not shown yet, or may be."""
        return not self.deepest or any(entry.mark not in shown.marks for entry in self.entries)

    def fills(self, asking: Asking) -> bool:
        """Whether a page can be made of it, as full as there are hits."""
        return self.deepest or len(self.left(asking.shown)) >= asking.query.size


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """What a ranking is made for: the query over a collection, what was shown of it, and an object to leave out."""

    collection: CollectionInfo
    query: Query
    shown: Shown
    without: str | None = None

    @property
    def sorted(self) -> bool:
        return self.query.sort.field != "relevance"


class Ranker:
    """Ranks over one index. Thread-safe."""

    def __init__(self, index: ObjectIndex, relevance: Relevance) -> None:
        self._index, self._relevance = index, relevance

    def rank(self, asking: Asking, sets: Sequence[Sequence[Wanted]], deeper_than: int = 0) -> list[Ranking]:
        """A ranking for each set of lists, all asked for in one round trip, each with a page of hits not shown yet, as
        far as there are so many. k goes beyond ``deeper_than``."""
        k = max(_first_k(asking), min(_DEEPER * deeper_than, _MOST_CANDIDATES))
        while True:
            rankings = self.at(asking, sets, k)
            if all(ranking.fills(asking) for ranking in rankings):
                return rankings
            k = min(_DEEPER * k, _MOST_CANDIDATES)

    def at(self, asking: Asking, sets: Sequence[Sequence[Wanted]], k: int) -> list[Ranking]:
        """The same from the nearest k objects of each list, however many hits they make."""
        unique = list({id(wanted): wanted for lists in sets for wanted in lists}.values())
        asked = [_deep(wanted, asking, k) for wanted in unique]
        themselves = [(wanted, _alone(query, wanted.itself)) for wanted, query in zip(unique, asked, strict=True)]
        sure = [(wanted, query) for wanted, query in themselves if query is not None]
        queries = [*asked, *(query for _, query in sure)]
        answers = self._index.search(asking.collection.name, queries) if asked else []
        found = {id(wanted): answer for wanted, answer in zip(unique, answers, strict=False)}
        for (wanted, _), alone in zip(sure, answers[len(asked) :], strict=True):
            found[id(wanted)] = _led_by(alone, found[id(wanted)])
        return [self._ranking(asking, lists, [found[id(wanted)] for wanted in lists], k) for lists in sets]

    def _ranking(
        self, asking: Asking, lists: Sequence[Wanted], found: Sequence[Sequence[RankedObject]], k: int
    ) -> Ranking:
        query = asking.query
        answers = similar_enough(lists, found, query.min_similarity)
        fused = [f for f in fuse(lists, answers) if f.object_id != asking.without]
        judged = self._relevance.judge(asking.collection.name, asking.collection, query, lists, answers, fused)
        if query.group_by == "object":
            entries = [Entry(f.object_id, (f,)) for f in judged.ranked]
        else:
            entries = [Entry(objects[0].image_id, tuple(objects)) for objects in by_image(judged.ranked)]
        if query.fold and query.group_by == "image":
            entries = fold_entries(self._index, asking.collection.name, entries, asking.shown)
        complete = judged.complete or all(len(answer) < k for answer in answers)
        deepest = complete or asking.sorted or k >= _MOST_CANDIDATES
        return Ranking(tuple(sort_entries(entries, query.sort)), judged, k, complete, deepest)


def fold_entries(index: ObjectIndex, collection: str, entries: Sequence[Entry], shown: Shown) -> list[Entry]:
    """Images that look like a better one go into it; one that was shown already is not folded into a newcomer. The
    whole hashes are read of those images alone whose bits are near to another's."""
    order = entries if not shown.marks else sorted(entries, key=lambda entry: entry.mark not in shown.marks)
    doubtful = [order[place].key for place in suspects([entry.objects[0].picture_bits for entry in order])]
    frames = index.stored(collection, doubtful) if doubtful else {}
    hashes = [frames[entry.key].image.picture_hash if entry.key in frames else "" for entry in order]
    groups = folded(hashes)
    return [
        replace(order[i], near_duplicates=tuple(order[j].key for j in others)) if others else order[i]
        for i, others in groups
    ]


def sort_entries(entries: Sequence[Entry], sort: Sort) -> list[Entry]:
    """Entries and the objects in each by the values of ``sort``; what has none comes last, ties go by id."""
    if sort.field == "relevance":
        return list(entries)

    def place(found: Fused) -> tuple[bool, float, str]:
        value = found.value
        return (value is None, 0.0 if value is None else -value if sort.descending else value, found.object_id)

    ordered = [replace(entry, objects=tuple(sorted(entry.objects, key=place))) for entry in entries]
    return sorted(ordered, key=lambda entry: place(entry.objects[0]))


def _deep(wanted: Wanted, asking: Asking, k: int) -> VectorQuery | WordQuery:
    """The query of a list at that depth. After the first page it sees only what stood at the walk's moment."""
    query, filter = asking.query, wanted.query.filter
    later = until(filter, asking.shown.moment) if query.cursor is not None else filter
    return replace(wanted.query, k=k, filter=later, value=query.sort.field)


def _alone(query: VectorQuery | WordQuery, object_id: str | None) -> VectorQuery | WordQuery | None:
    """The same query of that object alone; None where there is none."""
    if object_id is None:
        return None
    only = Condition("object_id", any_of=(object_id,))
    return replace(query, k=1, filter=replace(query.filter, conditions=(*query.filter.conditions, only)))


def _led_by(alone: Sequence[RankedObject], answer: Sequence[RankedObject]) -> list[RankedObject]:
    """The answer with the very box that was asked with in its first place, as similar as a thing is to itself."""
    leading = [found._replace(similarity=1.0) for found in alone]
    ids = {found.object_id for found in leading}
    return [*leading, *(found for found in answer if found.object_id not in ids)]


def _first_k(asking: Asking) -> int:
    collection, query = asking.collection, asking.query
    boxes = max(1.0, collection.objects / max(1, collection.images)) if query.group_by == "image" else 1.0
    needed = round(_CANDIDATES_PER_BOX * (len(asking.shown.marks) + query.size) * boxes)
    return min(_MOST_CANDIDATES, max(_SORTED_CANDIDATES if asking.sorted else _LEAST_CANDIDATES, needed))
