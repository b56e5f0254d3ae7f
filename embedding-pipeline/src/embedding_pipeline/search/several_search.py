"""Searches for several things in one image: ``Query.all_of``.

Every part has its ranked lists (``several_lists``), every image met in them is settled by itself (``several``), and
images are ranked by their weakest member. Clauses beside ``all_of`` rank what it admits: the best object for them adds
its fused score; images that hold what a negative weight excludes are left out.

A member scores its strength 0..1 over 61, what the first place of a ranked list is worth, so that both may be added.
Its strength is its relevance to its part, or where the part names a label, how sure the detector was of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from embedding_pipeline.answers import Answer
from embedding_pipeline.domain import CollectionInfo, LabelName
from embedding_pipeline.errors import BadQuery, NotFound
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Filter, Part, PictureClause, Query
from embedding_pipeline.search.asking import Asked, Asker, query_objects
from embedding_pipeline.search.cursors import Shown, fingerprint, read_shown, until, write_cursor
from embedding_pipeline.search.fusion import Fused, Wanted, fuse
from embedding_pipeline.search.hits import fill_page
from embedding_pipeline.search.laps import Laps
from embedding_pipeline.search.matched_words import explained
from embedding_pipeline.search.ranking import Entry, fold_entries, sort_entries
from embedding_pipeline.search.relevance import Relevance, similar_enough
from embedding_pipeline.search.several import assign, check_parts
from embedding_pipeline.search.several_filter import Holding, among, objects_in, parted, within
from embedding_pipeline.search.several_hits import Member, Together, entry_of, points, told
from embedding_pipeline.search.several_lists import MOST_DEEP, PartLists, Round, Seen, lists_of

_SHALLOWEST = 200
_SORTED = 1000  # another order than the best needs a found set to put in order
_DEEPER = 4
_Row = dict[str, dict[int, list[Seen]]]


@dataclass(frozen=True, slots=True)
class _One:
    """One image settled: None where it does not hold every part, ``certain`` unless the search was cut short."""

    together: Together | None
    certain: bool


@dataclass(frozen=True, slots=True)
class _Settled:
    """The images of one round, best first. ``whole``: these are all; ``bound``: no image beside them scores above.

    ``crowded``: more images were met than are looked at; ``hard``: images whose search was cut short.
    """

    images: tuple[Together, ...]
    whole: bool
    crowded: bool
    bound: float
    hard: int
    calibrated: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """All hits to be, best first, and which of them were not shown yet."""

    settled: _Settled
    images: tuple[Together, ...]
    entries: tuple[Entry, ...]
    left: tuple[Entry, ...]
    lists: tuple[Wanted, ...]
    asked: Asked


class SeveralSearch:
    """Answers queries with ``all_of``. Thread-safe."""

    def __init__(self, index: ObjectIndex, asker: Asker, labels: Sequence[LabelName], relevance: Relevance) -> None:
        self._index, self._asker, self._labels, self._relevance = index, asker, labels, relevance

    def search(self, info: CollectionInfo, query: Query, now: int) -> Answer:
        """The images that hold every part at once. ``now`` in milliseconds since 1970.

        Raises BadQuery naming the place, NotFound, ElasticsearchAway.
        """
        laps, collection, parts = Laps(), info.name, len(query.all_of)
        mark = fingerprint(collection, query, None)
        shown = read_shown(query.cursor, mark, now)
        found = self._find(info, query, shown, laps)
        relevance = {m.object_id: m.relevance for image in found.images for m in image.members}
        known = relevance if found.settled.calibrated else {}
        hits, used = fill_page(self._index, collection, found.left, query.size, known)
        laps.lap("documents")
        shown = Shown(shown.moment, shown.marks | {entry.mark for entry in used})
        more = len(used) < len(found.left)
        return Answer(
            hits=told(explained(hits, found.lists), found.images, parts, found.settled.calibrated),
            total=len(found.entries),
            total_exact=found.settled.whole and not found.settled.hard,
            next_cursor=write_cursor(mark, shown) if more else None,
            took_ms=laps.laps(),
            query_objects=query_objects(found.asked.looked[_pictures(query) :]),
            notes=found.asked.notes + _notes(found.settled, more),
        )

    def counted(self, info: CollectionInfo, query: Query, most: int, now: int) -> Filter:
        """The objects whose values are counted: of the best ``most`` images all that a further condition would be asked
        of, so that each count is the number of images that are left with it. Raises as ``search``."""
        found = self._find(info, replace(query, size=most), Shown(now), Laps())
        return objects_in([image.image_id for image in found.images[:most]], parted(query.filter)[1])

    def _find(self, info: CollectionInfo, query: Query, shown: Shown, laps: Laps) -> _Found:
        _check(query)
        parts = len(query.all_of)
        boxes, image = parted(query.filter)
        asked = self._ask(info.name, query)
        stood = Filter() if query.cursor is None else until(Filter(), shown.moment)
        lists = [within(wanted, stood) for wanted in asked.lists]
        own = lists_of(query.all_of, [w for w in lists if w.clause < parts], self._labels)
        rest = [within(w, boxes) for w in lists if w.clause >= parts]
        laps.lap("embed")
        holding = Holding(self._index, info.name, image)
        reader = PartLists(self._index, self._relevance, info, query, own, boxes, holding)
        known: dict[str, _One] = {}
        k = _first_depth(info, query, len(shown.marks) + query.size + 1)
        while True:
            settled = self._settle(query.all_of, reader, k, known)
            images = self._ranked(info, query, settled.images, rest)
            entries = self._entries(info.name, images, query, shown)
            left = tuple(entry for entry in entries if entry.mark not in shown.marks)
            if k >= MOST_DEEP or settled.whole or settled.crowded or _page_is_sure(settled, images, left, query):
                laps.lap("search")
                return _Found(settled, tuple(images), tuple(entries), left, (*own, *rest), asked)
            k = min(_DEEPER * k, MOST_DEEP)

    def _ask(self, collection: str, query: Query) -> Asked:
        """Lists of parts and clauses without the filter, all texts and all pictures embedded in one go: parts first."""
        clauses = (*(replace(part.clause, weight=1.0) for part in query.all_of), *query.clauses)
        try:
            return self._asker.ask(collection, replace(query, clauses=clauses, filter=Filter()))
        except NotFound as error:
            kind, _, number = error.place.partition(".")
            if kind == "clauses" and number.isdigit():
                i, parts = int(number), len(query.all_of)
                error.place = f"all_of[{i}]" if i < parts else f"clauses[{i - parts}]"
            raise

    def _entries(self, collection: str, images: Sequence[Together], query: Query, shown: Shown) -> list[Entry]:
        """Images as entries, those that look the same in one, in the order asked for."""
        entries = [entry_of(image) for image in images]
        if query.fold:
            entries = fold_entries(self._index, collection, entries, shown)
        return sort_entries(entries, query.sort)

    def _settle(self, parts: Sequence[Part], reader: PartLists, k: int, known: dict[str, _One]) -> _Settled:
        """Everything one depth brings, settled image by image; ``known``: those settled before, to which it adds."""
        looked = reader.look([i for i, part in enumerate(parts) if part.least], k)
        for image in looked.images:
            if image not in known:
                known[image] = _settled(parts, image, _rows(looked, image), looked.sure)
        settled = [known[image] for image in looked.images]
        images = [one.together for one in settled if one.together is not None]
        images.sort(key=lambda together: (-together.score, together.image_id))
        bounds = [
            max((seen.strength for seen in edge), default=0.0)
            for part, edge in zip(parts, looked.edges, strict=True)
            if part.least
        ]
        hard = sum(not one.certain for one in settled)
        return _Settled(tuple(images), looked.whole, looked.crowded, points(min(bounds)), hard, looked.calibrated)

    def _ranked(
        self, info: CollectionInfo, query: Query, images: Sequence[Together], lists: Sequence[Wanted]
    ) -> list[Together]:
        """The same images with what the clauses say of them, best first, without those that hold what is excluded."""
        sure = {member.object_id: member.relevance for image in images for member in image.members}
        excluded = self._relevance.excluded(info, lists, [image.image_id for image in images], sure)
        kept = [image for image in images if image.image_id not in excluded]
        wished = [wanted for wanted in lists if wanted.weight > 0]
        if not wished or not kept:
            return kept
        inside = among([image.image_id for image in kept])
        boxes = (info.objects + info.images) / max(1, info.images)
        k = min(MOST_DEEP, round(2 * len(kept) * boxes) + 200)
        asked = [
            replace(w, query=replace(w.query, k=k, value=query.sort.field)) for w in (within(w, inside) for w in wished)
        ]
        answers = similar_enough(asked, self._index.search(info.name, [w.query for w in asked]), query.min_similarity)
        good = _best(fuse(asked, answers))
        ranked = [
            replace(image, score=image.score + best.score, best=best)
            if (best := good.get(image.image_id)) is not None
            else image
            for image in kept
        ]
        return sorted(ranked, key=lambda image: (-image.score, image.image_id))


def _rows(looked: Round, image: str) -> _Row:
    """The objects of one image, and where each stands in the lists of each part."""
    row: _Row = {}
    for p, found in enumerate(looked.parts):
        for key, seen in found.images.get(image, {}).items():
            row.setdefault(key, {})[p] = seen
    return dict(sorted(row.items()))


def _settled(parts: Sequence[Part], image: str, row: _Row, sure: float) -> _One:
    """The boxes of one image that stand for the parts, where one box is as relevant to its part as ``sure``."""
    met = [one for by_part in row.values() for p, seen in by_part.items() if parts[p].least for one in seen]
    if not any((one.relevance or 0.0) >= sure for one in met):
        return _One(None, True)
    keys = list(row)
    strengths = np.zeros((len(parts), len(keys)))
    boxes = np.zeros((len(keys), 4))
    for i, by_part in enumerate(row.values()):
        for p, seen in by_part.items():
            strengths[p, i] = max(one.strength for one in seen)
            if (box := seen[0].object.box) is not None:
                boxes[i] = box.as_list()
    found = assign(parts, boxes, strengths)
    if found.chosen is None:
        return _One(None, found.certain)
    members = tuple(
        Member(p, keys[i], float(strengths[p, i]), tuple(row[keys[i]][p]))
        for p, chosen in enumerate(found.chosen)
        for i in sorted(chosen, key=lambda i: -strengths[p, i])
    )
    return _One(Together(image, members, points(found.weakest)), found.certain)


def _best(fused: Sequence[Fused]) -> dict[str, Fused]:
    best: dict[str, Fused] = {}
    for found in fused:
        best.setdefault(found.image_id, found)
    return best


def _pictures(query: Query) -> int:
    """How many parts are pictures: their objects are looked at before those of the clauses."""
    return sum(isinstance(part.clause, PictureClause) for part in query.all_of)


def _check(query: Query) -> None:
    check_parts(query.all_of)
    if query.group_by != "image":
        hint = "Leave group_by out."
        raise BadQuery("all_of finds images: each box is no hit by itself.", hint=hint, place="group_by")
    if query.groups != "none":
        raise BadQuery("Groups of query objects do not go with all_of.", hint="Leave groups out.", place="groups")


def _first_depth(info: CollectionInfo, query: Query, images: int) -> int:
    boxes = (info.objects + info.images) / max(1, info.images)
    least = _SHALLOWEST if query.sort.field == "relevance" else max(_SHALLOWEST, _SORTED)
    return min(MOST_DEEP, max(least, round(2 * images * boxes)))


def _page_is_sure(settled: _Settled, images: Sequence[Together], left: Sequence[Entry], query: Query) -> bool:
    """Whether a deeper round could not change the page, or is not worth it: another order than by the weakest member
    orders what was found."""
    if len(left) <= query.size:
        return False
    if query.clauses or query.sort.field != "relevance":
        return True
    scores = {image.image_id: image.score for image in images}
    return scores[left[query.size - 1].key] >= settled.bound


def _notes(settled: _Settled, more: bool) -> tuple[str, ...]:
    notes: tuple[str, ...] = () if settled.calibrated else ("relevance_off",)
    if not settled.whole and not more:
        notes += ("all_of_depth",)
    return (*notes, "all_of_hard") if settled.hard else notes
