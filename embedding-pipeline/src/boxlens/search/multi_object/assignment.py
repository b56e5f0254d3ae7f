"""Which boxes of one image stand for which part of a query, so that the weakest of them is as strong as can be.

Pure: strengths and boxes in, an assignment out. Every part takes as many boxes as it asks for, no box stands for two,
and a relation holds between every box of the one part and every box of the other.

The best weakest member is found by bisection over the strengths that occur: with only the boxes of at least that
strength, is there an assignment? The highest that can be is asked first: mostly there is. Without relations that is a
matching in a bipartite graph (augmenting paths; Kuhn, 1955). With relations it is a search over the choices that a
matching leaves open, cut short wherever no matching is left. Finding a pattern among boxes is NP-hard in general, so
that search takes ``STEPS`` steps at most for a question; an image in which it does not come to an end is answered
``certain=False``.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import BadQuery
from boxlens.domain.queries import Part
from boxlens.search.multi_object.relations import ORDERS, Boxes, holds

Rows = Sequence[Sequence[float]]
STEPS = 2000


@dataclass(frozen=True, slots=True)
class Assignment:
    """``chosen``: for every part the indexes of its boxes, None when there is no assignment; ``weakest`` 0..1.

    ``certain`` is False when the search was cut short: then there may be a better assignment than ``chosen``.
    """

    chosen: tuple[tuple[int, ...], ...] | None
    weakest: float
    certain: bool = True


def check_parts(parts: Sequence[Part], place: str = "all_of") -> None:
    """Raises BadQuery, naming the place, for parts that no image could ever satisfy or that point nowhere."""
    if parts and not any(part.min_count for part in parts):
        hint = "Give at least one part with count.min of 1 or more; a filter excludes labels without one."
        raise BadQuery("Every part may be absent: there is nothing to look for.", hint=hint, place=place)
    for i, part in enumerate(parts):
        if part.max_count is not None and part.min_count > part.max_count:
            raise BadQuery("min is larger than max.", place=f"{place}[{i}].count")
        if part.relation is not None:
            _check_relation(parts, i, part.relation.other, f"{place}[{i}].relation.other")
    for axis in ("x", "y", "area"):
        _check_order(parts, axis, place)


def _check_relation(parts: Sequence[Part], i: int, other: int, place: str) -> None:
    if not 0 <= other < len(parts):
        raise BadQuery(f"There is no part {other}.", hint=f"Parts count from 0 to {len(parts) - 1}.", place=place)
    if other == i:
        raise BadQuery("A part cannot stand in a relation to itself.", hint="Name another part.", place=place)
    for end in (i, other):
        if parts[end].min_count == 0:
            hint = "Give it a count.min of 1 or more."
            raise BadQuery(f"Part {end} may be absent, so that nothing can stand beside it.", hint=hint, place=place)


def _check_order(parts: Sequence[Part], axis: str, place: str) -> None:
    """Relations along one axis must not run in a circle: "left of" each other cannot be."""
    after: dict[int, set[int]] = {}
    for i, part in enumerate(parts):
        order, forward = ORDERS.get(part.relation.name, ("", True)) if part.relation else ("", True)
        if part.relation is None or order != axis:
            continue
        first, second = (i, part.relation.other) if forward else (part.relation.other, i)
        if _reaches(after, second, first):
            detail = f"This relation contradicts those of the other parts: together they run in a circle along {axis}."
            raise BadQuery(detail, hint="Take one of them out.", place=f"{place}[{i}].relation")
        after.setdefault(first, set()).add(second)


def _reaches(after: dict[int, set[int]], start: int, goal: int) -> bool:
    todo, seen = [start], {start}
    while todo:
        here = todo.pop()
        if here == goal:
            return True
        new = after.get(here, set()) - seen
        seen |= new
        todo.extend(new)
    return False


def enough(parts: Sequence[Part], strengths: Sequence[Sequence[float]]) -> bool:
    """Whether the numbers of matching boxes alone admit the image; a row of ``strengths`` for each part."""
    taken: set[int] = set()
    for part, row in zip(parts, strengths, strict=True):
        matching = [i for i, strength in enumerate(row) if strength > 0]
        if len(matching) < part.min_count or (part.max_count is not None and len(matching) > part.max_count):
            return False
        if part.min_count:
            taken.update(matching)
    return len(taken) >= sum(part.min_count for part in parts)


def assign(parts: Sequence[Part], boxes: Boxes, strengths: Rows, steps: int = STEPS) -> Assignment:
    """The assignment of the strongest weakest member in one image.

    ``boxes`` of shape (n, 4), xyxy, which only relations look at; ``strengths``, a row of n for each part: how well
    each box matches it, 0..1, where 0 is no match. A part's ``max_count`` counts all boxes that match it, whatever they
    are assigned to.
    """
    if not enough(parts, strengths):
        return Assignment(None, 0.0)
    if all(part.relation is None for part in parts):
        apart = _best_apart(parts, strengths) or _best_pair(parts, strengths)
        if apart is not None:
            return Assignment(apart, _weakest(strengths, apart))
    puzzle = _Puzzle(parts, boxes, [list(row) for row in strengths], steps)
    rows = puzzle.strengths
    # no assignment is stronger than the last box that any part must take
    limit = min(
        sorted(row, reverse=True)[part.min_count - 1] for part, row in zip(parts, rows, strict=True) if part.min_count
    )
    levels = sorted({strength for row in rows for strength in row if 0 < strength <= limit})
    best, certain = None, True
    low, high, probe = -1, len(levels), len(levels) - 1  # an assignment is known at low, certainly or not none at high
    while high - low > 1:
        boxes_of_parts, sure = puzzle.solve(levels[probe])
        if boxes_of_parts is not None:
            best, low = boxes_of_parts, probe
        else:
            certain, high = sure, probe
        probe = (low + high) // 2 if low >= 0 else 0
    if best is None:
        return Assignment(None, 0.0, certain)
    return Assignment(best, _weakest(rows, best), certain)


def _best_apart(parts: Sequence[Part], strengths: Rows) -> tuple[tuple[int, ...], ...] | None:
    """The strongest boxes for every part, where no two parts want the same: nothing can be stronger. So it is in most
    images, for parts of different labels in all."""
    chosen = []
    taken: set[int] = set()
    for part, row in zip(parts, strengths, strict=True):
        if part.min_count == 1:
            best = [row.index(max(row))]
        else:
            best = sorted(range(len(row)), key=row.__getitem__, reverse=True)[: part.min_count]
        if not taken.isdisjoint(best):
            return None
        taken.update(best)
        chosen.append(tuple(sorted(best)))
    return tuple(chosen)


def _best_pair(parts: Sequence[Part], strengths: Rows) -> tuple[tuple[int, ...], ...] | None:
    """The two boxes of two single things that both want the same box most: one of them takes its second best, and the
    weaker of the pair is as strong as it can be. None for other parts."""
    if len(parts) != 2 or any(part.min_count != 1 for part in parts):
        return None
    (best, other), (_, second) = (heapq.nlargest(2, range(len(row)), key=row.__getitem__) for row in strengths)
    pairs = ((best, second), (other, best))
    pair = max(pairs, key=lambda pair: sorted((strengths[0][pair[0]], strengths[1][pair[1]])))
    return tuple((box,) for box in pair)


def _weakest(strengths: Rows, chosen: Sequence[Sequence[int]]) -> float:
    return min(strengths[p][i] for p, boxes in enumerate(chosen) for i in boxes)


class _CutShortError(Exception):
    """The search took all its steps."""


class _Puzzle:
    """One image. Sets of boxes are bits of an integer, the strongest box for a part tried first."""

    def __init__(self, parts: Sequence[Part], boxes: Boxes, strengths: list[list[float]], steps: int) -> None:
        self._needs = [part.min_count for part in parts]
        self.strengths, self._steps, self._left = strengths, steps, steps
        self._links: list[tuple[int, int, list[int], list[int]]] = []
        for p, part in enumerate(parts):
            if part.relation is not None:
                table = holds(part.relation.name, boxes, boxes)
                self._links.append((p, part.relation.other, _bits(table), _bits(table.T)))
        for p, other, forward, back in self._links:
            self._keep_related(p, other, forward)
            self._keep_related(other, p, back)
        self._order = [sorted(range(len(row)), key=row.__getitem__, reverse=True) for row in self.strengths]

    def _keep_related(self, part: int, other: int, partners: list[int]) -> None:
        """A box with too few partners for a relation cannot stand for the part."""
        there = sum(1 << i for i, strength in enumerate(self.strengths[other]) if strength)
        self.strengths[part] = [
            strength if (partners[i] & there).bit_count() >= self._needs[other] else 0.0
            for i, strength in enumerate(self.strengths[part])
        ]

    def solve(self, level: float) -> tuple[tuple[tuple[int, ...], ...] | None, bool]:
        """Boxes for every part, none weaker than the level; and whether None is certain."""
        self._left = self._steps
        rows = zip(self.strengths, self._needs, strict=True)
        domains = [_at_least(row, level) if need else 0 for row, need in rows]
        try:
            return self._search(domains, [[] for _ in domains]), True
        except _CutShortError:
            return None, False

    def _search(self, domains: list[int], taken: list[list[int]]) -> tuple[tuple[int, ...], ...] | None:
        """``domains``: the boxes still open to each part, those it has ``taken`` no more among them."""
        while True:
            self._left -= 1
            if self._left < 0:
                raise _CutShortError
            rest = self._matching(domains, [n - len(t) for n, t in zip(self._needs, taken, strict=True)])
            if rest is None:
                return None
            whole = tuple(tuple(sorted((*t, *more))) for t, more in zip(taken, rest, strict=True))
            broken = self._broken(whole)
            if broken is None:
                return whole
            part, box = self._branch(broken, domains, rest)
            assignment = self._search(self._taken(domains, part, box), _with(taken, part, box))
            if assignment is not None:
                return assignment
            domains = [d & ~(1 << box) if p == part else d for p, d in enumerate(domains)]

    def _broken(self, whole: tuple[tuple[int, ...], ...]) -> tuple[int, int] | None:
        """The two parts of a relation that does not hold."""
        for p, other, forward, _ in self._links:
            others = sum(1 << j for j in whole[other])
            if any(others & ~forward[i] for i in whole[p]):
                return p, other
        return None

    def _branch(self, broken: tuple[int, int], domains: list[int], rest: list[list[int]]) -> tuple[int, int]:
        """The next choice to settle: of the two parts the one with fewer boxes to choose from, and its first box.

        One of them has boxes to settle: between taken boxes a relation holds, because taking narrows the domains.
        """
        part = min((p for p in broken if rest[p]), key=lambda p: domains[p].bit_count())
        return part, rest[part][0]

    def _taken(self, domains: list[int], part: int, box: int) -> list[int]:
        after = [d & ~(1 << box) for d in domains]
        for p, other, forward, back in self._links:
            if p == part:
                after[other] &= forward[box]
            if other == part:
                after[p] &= back[box]
        return after

    def _matching(self, domains: list[int], needs: list[int]) -> list[list[int]] | None:
        """Distinct boxes for every part, as many as it needs; None when there are not."""
        if any(d.bit_count() < n for d, n in zip(domains, needs, strict=True)):
            return None
        owner: dict[int, int] = {}
        for part, need in enumerate(needs):
            for _ in range(need):
                if not self._augment(part, domains, owner, set()):
                    return None
        rest: list[list[int]] = [[] for _ in domains]
        for box, part in owner.items():
            rest[part].append(box)
        return rest

    def _augment(self, part: int, domains: list[int], owner: dict[int, int], tried: set[int]) -> bool:
        """Give the part one more box, moving others to other boxes where that helps."""
        for box in self._order[part]:
            if domains[part] >> box & 1 and box not in tried and owner.get(box) != part:
                tried.add(box)
                if box not in owner or self._augment(owner[box], domains, owner, tried):
                    owner[box] = part
                    return True
        return False


def _at_least(row: list[float], level: float) -> int:
    """The boxes of at least that strength."""
    return sum(1 << i for i, strength in enumerate(row) if strength >= level)


def _with(taken: list[list[int]], part: int, box: int) -> list[list[int]]:
    return [[*t, box] if p == part else t for p, t in enumerate(taken)]


def _bits(table: npt.NDArray[np.bool_]) -> list[int]:
    """Every row as an integer whose bit i is column i."""
    return [int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little") for row in table]
