"""The ranked lists behind the parts of ``all_of``: what each part looks for, read so deep that no member is missed.

First every part is asked for its best k objects in the whole collection. Then the images met there are looked at whole:
every part is asked again within these images alone, so that none is missed because one of its members ranked beyond k.
That is Fagin's threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware", 2001) with
the weakest member as the aggregate: an image not met so far cannot score above the weakest of the lists' ends.

Boxes and detector scores come along with the lists: no document is opened. Labels that the parts name, and how many of
each, stand on every document as counts, so that images without them are not met at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from embedding_pipeline.domain import CollectionInfo, LabelName
from embedding_pipeline.fields import COUNT
from embedding_pipeline.filters import both
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import (
    Condition,
    Filter,
    Part,
    Query,
    Range,
    RankedObject,
    Signal,
    TextClause,
    VectorQuery,
    WordQuery,
)
from embedding_pipeline.reading.tables import says_nothing
from embedding_pipeline.search.fusion import Wanted
from embedding_pipeline.search.relevance import Relevance, Weights, threshold
from embedding_pipeline.search.several_filter import OBJECTS, Holding, among, within
from embedding_pipeline.text.label_words import recognise

MOST_DEEP = 10_000  # what an index gives in one list
MOST_IMAGES = 1_000  # looked at whole in one round
_CHUNK = 4_000  # objects expected in one list of a second look
_BESIDE = 0.5
"""Of the usual least relevance, what is enough beside something sure in the same image: measured, docs/relevance.md."""
_COUNTED = Filter((Condition("objects", range=Range(gte=0)),))


_Answered = tuple[Wanted, Sequence[RankedObject], Weights]


@dataclass(frozen=True, slots=True)
class Seen:
    """An object in one list of a part; ``relevance`` None: an exact label, as sure as its detector was.

    ``weight`` is that of the signal.
    """

    signal: Signal
    rank: int
    relevance: float | None
    weight: float
    object: RankedObject

    @property
    def strength(self) -> float:
        """0..1; above 0, so that a sure label of an unsure detector still is a match."""
        value = self.relevance if self.relevance is not None else self.object.box_score
        return max(value or 0.0, 1e-6)


@dataclass(slots=True)
class Found:
    """What is known of one part: by image and object the places in its lists."""

    images: dict[str, dict[str, list[Seen]]] = field(default_factory=dict)
    whole: bool = True
    edge: list[Seen] = field(default_factory=list)

    def add(self, entry: RankedObject, seen: Seen) -> None:
        self.images.setdefault(entry.image_id, {}).setdefault(entry.object_id, []).append(seen)


@dataclass(frozen=True, slots=True)
class Round:
    """All that one depth brought. ``whole``: no image outside ``images`` can hold every part.

    ``crowded``: more images were met than are looked at.
    ``edges``: for every part the objects at which its lists were cut off: an image that was not met has none stronger.
    ``sure``: the relevance that one box of an image must reach for its part.
    """

    images: tuple[str, ...]
    parts: tuple[Found, ...]
    whole: bool
    crowded: bool
    edges: tuple[tuple[Seen, ...], ...]
    calibrated: bool
    sure: float


def lists_of(parts: Sequence[Part], asked: Sequence[Wanted], labels: Sequence[LabelName]) -> tuple[Wanted, ...]:
    """The lists of the parts, made from those a query with the same clauses asks for.

    Only objects are looked at. Where a text names labels, an object must have one of them; when the text says no more
    than that, this is all it takes.
    """
    lists = []
    counted = _counted(parts, labels)
    for wanted in asked:
        filter = both([wanted.query.filter, OBJECTS, counted])
        clause = parts[wanted.clause].clause
        named, rest = recognise(clause.text, labels) if isinstance(clause, TextClause) else ((), "")
        if named:
            filter = both([filter, Filter((Condition("label", any_of=named),))])
            by_label = says_nothing(rest) or not any(w.clause == wanted.clause and w.signal == "clip" for w in asked)
            if by_label != isinstance(wanted.query, WordQuery):
                continue
            if isinstance(wanted.query, WordQuery):
                lists.append(
                    replace(wanted, query=replace(wanted.query, labels=named, tokens=(), colours=(), filter=filter))
                )
                continue
        lists.append(replace(wanted, query=replace(wanted.query, filter=filter)))
    return tuple(lists)


def _counted(parts: Sequence[Part], labels: Sequence[LabelName]) -> Filter:
    """The images that hold as many objects of the labels as the parts name, and those stored before objects were
    counted: these have no ``objects``."""
    single: Counter[str] = Counter()
    several: list[Filter] = []
    for part in parts:
        named = recognise(part.clause.text, labels)[0] if isinstance(part.clause, TextClause) and part.least else ()
        if len(named) == 1:
            single[named[0]] += part.least
        elif named:
            several.append(Filter(any=tuple(_at_least(label, 1) for label in named)))
    if not single and not several:
        return Filter()
    held = both([*(_at_least(label, least) for label, least in single.items()), *several])
    return Filter(none=(replace(_COUNTED, none=(held,)),))


def _at_least(label: str, least: int) -> Filter:
    return Filter((Condition(f"{COUNT}{label}", range=Range(gte=least)),))


class PartLists:
    """Reads the lists of one query from an index, deeper with every look."""

    def __init__(
        self,
        index: ObjectIndex,
        relevance: Relevance,
        info: CollectionInfo,
        query: Query,
        lists: Sequence[Wanted],
        filter: Filter,
        holding: Holding,
    ) -> None:
        """``lists``: those of ``lists_of``; ``filter`` holds for every box, and ``holding`` are the images to be taken.
        An object matches a part from the query's ``min_relevance`` on; where that cuts nothing, as with "auto": else
        everything would be everything.

        With "auto", of several boxes that are told by their looks one must be as relevant as the best hit of a search;
        beside it the others may be less so than they must be alone.
        """
        self._index, self._relevance, self._info, self._holding = index, relevance, info, holding
        self._free, self._filtered = lists, both([filter, holding.few])
        self._lists = [within(wanted, self._filtered) for wanted in lists]
        self._parts, self._similar = len(query.all_of), query.min_similarity
        self._value = query.sort.field
        self._wanted = query.min_relevance or "auto"
        self._beside = self._joined(query)
        self._least: list[float] = []
        self._looked: set[str] = set()
        self._inside = [Found(whole=False) for _ in query.all_of]
        self._calibrated = True

    def look(self, needed: Sequence[int], k: int) -> Round:
        """One round at depth k; ``needed``: the parts that an image cannot do without.

        What an image was found to hold stands: a deeper round looks only at images that were not met before.
        """
        first = self._ask(self._lists, [k] * len(self._lists))
        self._least = self._least or self._thresholds(first)
        found = [Found() for _ in range(self._parts)]
        for wanted, answer, weights in first:
            part = found[wanted.clause]
            self._take(part, wanted, answer, weights)
            if len(answer) >= k and (relevance := self._matching(wanted, weights, answer[-1])):
                part.whole = False
                part.edge.append(_seen(wanted, k, answer[-1], relevance))
        images, whole, crowded = _to_look_at(found, needed, self._holding)
        deeper = [p for p in range(self._parts) if not found[p].whole]
        edges = tuple(tuple(part.edge) for part in found)
        again = [wanted for wanted in self._lists if wanted.clause in deeper]
        for chunk in _chunks([image for image in images if image not in self._looked], self._boxes()):
            self._again(again, chunk)
        self._looked.update(images)
        for p in deeper:
            found[p] = self._inside[p]
        sure = threshold("auto", 0.0) or 0.0 if self._beside else 0.0
        return Round(images, tuple(found), whole, crowded, edges, self._calibrated, sure)

    def _joined(self, query: Query) -> frozenset[int]:
        """The parts of which one makes the other surer. Those with a ``most`` count boxes, and count what is shown."""
        if self._wanted != "auto" or self._info.settings.min_relevance is not None:
            return frozenset()
        looks = {w.clause for w in self._lists if not _exact(w)}
        if sum(part.least for p, part in enumerate(query.all_of) if p in looks) < 2:
            return frozenset()
        return frozenset(p for p in looks if query.all_of[p].most is None)

    def _thresholds(self, first: Sequence[_Answered]) -> list[float]:
        """What objects must reach, by part: seen from the best there is without the filter, so that a filter leaves out
        and nothing comes or goes for another reason."""
        by_looks = any(not _exact(w) and w.clause not in self._beside for w in self._lists)
        if self._wanted == "auto" and by_looks and not self._filtered.empty:
            first = self._ask(self._free, [1] * len(self._free))
        return [self._threshold(part, first) for part in range(self._parts)]

    def _threshold(self, part: int, first: Sequence[_Answered]) -> float:
        if part in self._beside:
            return _BESIDE * (threshold("auto", 1.0) or 0.0)
        best = max(
            (w.get(a[0].object_id, 0.0) for wanted, a, w in first if wanted.clause == part and w and a), default=0.0
        )
        return threshold(self._wanted, best, self._info.settings.min_relevance) or 0.0

    def _again(self, lists: Sequence[Wanted], images: Sequence[str]) -> None:
        """Every list within these images alone, whole: in halves when they hold more than one list can bring."""
        if not lists or not images:
            return
        inside = [within(wanted, among(images)) for wanted in lists]
        expected = min(MOST_DEEP, round(2 * len(images) * self._boxes()) + 200)
        answers = self._ask(inside, [expected] * len(inside))
        if len(images) > 1 and any(len(answer) >= expected for _, answer, _ in answers):
            half = len(images) // 2
            self._again(lists, images[:half])
            self._again(lists, images[half:])
            return
        for wanted, answer, weights in answers:
            self._take(self._inside[wanted.clause], wanted, answer, weights)

    def _ask(self, lists: Sequence[Wanted], depths: Sequence[int]) -> list[_Answered]:
        deep = [
            replace(w, query=replace(w.query, k=k, value=self._value, boxes=True))
            for w, k in zip(lists, depths, strict=True)
        ]
        answers = self._index.search(self._info.name, [w.query for w in deep]) if deep else []
        weighed = self._relevance.weigh(self._info.name, self._info, deep, answers)
        self._calibrated = self._calibrated and all(
            weights is not None or not isinstance(w.query, VectorQuery)
            for w, weights in zip(deep, weighed, strict=True)
        )
        return list(zip(lists, answers, weighed, strict=True))

    def _take(self, part: Found, wanted: Wanted, answer: Sequence[RankedObject], weights: Weights) -> None:
        for rank, entry in enumerate(answer, start=1):
            if relevance := self._matching(wanted, weights, entry):
                part.add(entry, _seen(wanted, rank, entry, relevance))

    def _matching(self, wanted: Wanted, weights: Weights, entry: RankedObject) -> float:
        """0..1, and 0 where it is no match; a list that cannot be calibrated counts by its cosine."""
        if entry.similarity < self._similar.get(wanted.signal, -1.0):
            return 0.0
        if weights is None:
            return (1 + entry.similarity) / 2
        value = weights.get(entry.object_id, 0.0)
        return value if value >= self._least[wanted.clause] else 0.0

    def _boxes(self) -> float:
        return max(1.0, (self._info.objects + self._info.images) / max(1, self._info.images))


def _seen(wanted: Wanted, rank: int, entry: RankedObject, relevance: float) -> Seen:
    return Seen(wanted.signal, rank, None if _exact(wanted) else relevance, wanted.weight, entry)


def _exact(wanted: Wanted) -> bool:
    """Whether the list finds nothing but objects with a label."""
    return isinstance(wanted.query, WordQuery) and bool(wanted.query.labels)


def _to_look_at(found: Sequence[Found], needed: Sequence[int], holding: Holding) -> tuple[tuple[str, ...], bool, bool]:
    """The images that may hold every part, most promising first; whether these are all; whether there were too many.

    A part whose lists came whole names every image that holds it; without such a part any image met may be one.
    """
    whole = [p for p in needed if found[p].whole]
    met: dict[str, int] = {}
    for p in needed:
        for image in found[p].images:
            met[image] = met.get(image, 0) + 1
    images = holding.of([image for image in met if all(image in found[p].images for p in whole)])
    images.sort(key=lambda image: -met[image])  # stable: of the same number the better ranked first
    crowded = len(images) > MOST_IMAGES
    return tuple(images[:MOST_IMAGES]), bool(whole) and not crowded, crowded


def _chunks(images: Sequence[str], boxes: float) -> Iterator[Sequence[str]]:
    size = max(1, min(1_000, int(_CHUNK / boxes)))
    for start in range(0, len(images), size):
        yield images[start : start + size]
