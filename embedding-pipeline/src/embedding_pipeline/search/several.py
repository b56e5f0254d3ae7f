"""Which boxes of one image stand for which part of a query, so that the weakest of them is as strong as can be.

Pure: strengths and boxes in, an assignment out. Every part takes as many boxes as it asks for, no box stands for two,
and a relation holds between every box of the one part and every box of the other.

The best weakest member is found by bisection over the strengths that occur: with only the boxes of at least that
strength, is there an assignment? Without relations that is a matching in a bipartite graph (augmenting paths; Kuhn,
1955). With relations it is a search over the choices that a matching leaves open, cut short wherever no matching is
left. Finding a pattern among boxes is NP-hard in general, so that search takes ``STEPS`` steps at most for a question;
an image in which it does not come to an end is answered ``certain=False``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embedding_pipeline.errors import BadQuery
from embedding_pipeline.queries import Part
from embedding_pipeline.search.relations import ORDERS, Boxes, holds

Strengths = npt.NDArray[np.float64]
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
    if parts and not any(part.least for part in parts):
        hint = "Give at least one part with count.min of 1 or more; a filter excludes labels without one."
        raise BadQuery("Every part may be absent: there is nothing to look for.", hint=hint, place=place)
    for i, part in enumerate(parts):
        if part.most is not None and part.least > part.most:
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
        if parts[end].least == 0:
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


def enough(parts: Sequence[Part], strengths: Strengths) -> bool:
    """Whether the numbers of matching boxes alone admit the image; ``strengths`` as in ``assign``."""
    matching = strengths > 0
    counts = matching.sum(axis=1)
    asked = [i for i, part in enumerate(parts) if part.least]
    return all(
        part.least <= count and (part.most is None or count <= part.most)
        for part, count in zip(parts, counts.tolist(), strict=True)
    ) and int(matching[asked].any(axis=0).sum()) >= sum(part.least for part in parts)


def assign(parts: Sequence[Part], boxes: Boxes, strengths: Strengths, steps: int = STEPS) -> Assignment:
    """The assignment of the strongest weakest member in one image.

    ``boxes`` of shape (n, 4), xyxy; ``strengths`` of shape (parts, n): how well each box matches each part, 0..1, where
    0 is no match. A part's ``most`` counts all boxes that match it, whatever they are assigned to.
    """
    if not enough(parts, strengths):
        return Assignment(None, 0.0)
    puzzle = _Puzzle(parts, boxes, strengths, steps)
    levels = np.unique(strengths[strengths > 0])
    best, certain = puzzle.solve(levels[0])
    if best is None:
        return Assignment(None, 0.0, certain)
    low, high = 0, len(levels)  # an assignment is known at low, none at high
    while high - low > 1:
        middle = (low + high) // 2
        found, sure = puzzle.solve(levels[middle])
        certain = certain and (found is not None or sure)
        low, high = (middle, high) if found is not None else (low, middle)
        best = found or best
    weakest = min(float(strengths[p, i]) for p, chosen in enumerate(best) for i in chosen)
    return Assignment(best, weakest, certain)


class _CutShortError(Exception):
    """The search took all its steps."""


class _Puzzle:
    """One image. Sets of boxes are bits of an integer, the strongest box for a part tried first."""

    def __init__(self, parts: Sequence[Part], boxes: Boxes, strengths: Strengths, steps: int) -> None:
        self._needs = [part.least for part in parts]
        self._strengths, self._steps, self._left = strengths, steps, steps
        self._order = [np.argsort(-row, kind="stable").tolist() for row in strengths]
        self._links: list[tuple[int, int, list[int], list[int]]] = []
        for p, part in enumerate(parts):
            if part.relation is not None:
                table = holds(part.relation.name, boxes, boxes)
                self._links.append((p, part.relation.other, _bits(table), _bits(table.T)))

    def solve(self, level: float) -> tuple[tuple[tuple[int, ...], ...] | None, bool]:
        """Boxes for every part, none weaker than the level; and whether None is certain."""
        self._left = self._steps
        domains = [bits if need else 0 for bits, need in zip(_bits(self._strengths >= level), self._needs, strict=True)]
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
            found = self._search(self._taken(domains, part, box), _with(taken, part, box))
            if found is not None:
                return found
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


def _with(taken: list[list[int]], part: int, box: int) -> list[list[int]]:
    return [[*t, box] if p == part else t for p, t in enumerate(taken)]


def _bits(table: npt.NDArray[np.bool_]) -> list[int]:
    """Every row as an integer whose bit i is column i."""
    return [int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little") for row in table]
