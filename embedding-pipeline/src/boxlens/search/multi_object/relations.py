"""How two boxes lie to each other in the picture: each relation of ``all_of`` defined by the boxes alone.

Let w, h be width and height, (cx, cy) the centre, and y grow downwards. Box A stands in a relation to box B when:

============  =====================================================================================================
left_of       cx(B) - cx(A) is at least a quarter of w(A) + w(B), and at least half the distance of the centres
right_of      B is left_of A
above         cy(B) - cy(A) is at least a quarter of h(A) + h(B), and at least half the distance of the centres
below         B is above A
on            the lower edge of A lies between the upper and the lower edge of B, and cx(A) between the sides of B
inside        at least 70 % of A lies in B, and A is smaller than B
contains      B is inside A
overlaps      they share at least 10 % of the smaller one
larger_than   A has more area in the picture than B
smaller_than  B is larger_than A
============  =====================================================================================================

A quarter of both widths means that boxes of equal width overlap by half of it at most; half the distance means that B
lies within 60 degrees of that direction. Both tests have the form of GenEval's (Ghosh, Hajishirzi and Schmidt,
"GenEval: an object-focused framework for evaluating text-to-image alignment", 2023), which asks for a tenth where a
quarter is asked for here: a rider is not left of the horse. 70 % is the share by which a line of text belongs to a box.
Things stand on others with their lower edge, wherever their upper one ends. Depth cannot be seen in boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from boxlens.domain.queries import RelationName

Boxes = npt.NDArray[np.float64]
Table = npt.NDArray[np.bool_]

APART = 0.25
DIRECTION = 0.5
INSIDE = 0.7
SHARED = 0.1


def holds(name: RelationName, these: Boxes, others: Boxes) -> Table:
    """Whether each of these boxes, xyxy of shape (n, 4), stands in the relation to each of the others, (m, 4): (n, m).

    >>> holds("left_of", np.array([[0.0, 0, 10, 10]]), np.array([[20.0, 0, 30, 10], [4, 0, 14, 10]])).tolist()
    [[True, False]]
    """
    if name in _REVERSED:
        return holds(_REVERSED[name], others, these).T
    table: Table = _TESTS[name](these[:, None, :], others[None, :, :])
    return table


def _towards(a: Boxes, b: Boxes, axis: int) -> Table:
    step = (b[..., :2] + b[..., 2:] - a[..., :2] - a[..., 2:]) / 2
    sides = a[..., axis + 2] - a[..., axis] + b[..., axis + 2] - b[..., axis]
    ahead = step[..., axis]
    table: Table = (ahead > 0) & (ahead >= APART * sides) & (ahead >= DIRECTION * np.hypot(step[..., 0], step[..., 1]))
    return table


def _on(a: Boxes, b: Boxes) -> Table:
    middle = (a[..., 0] + a[..., 2]) / 2
    table: Table = (b[..., 1] <= a[..., 3]) & (a[..., 3] <= b[..., 3]) & (b[..., 0] <= middle) & (middle <= b[..., 2])
    return table


def _area(boxes: Boxes) -> Boxes:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _shared(a: Boxes, b: Boxes) -> Boxes:
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared: Boxes = np.prod(np.maximum(sides, 0), axis=-1)
    return shared


def _inside(a: Boxes, b: Boxes) -> Table:
    table: Table = (_shared(a, b) >= INSIDE * _area(a)) & (_area(a) < _area(b))
    return table


def _overlaps(a: Boxes, b: Boxes) -> Table:
    table: Table = _shared(a, b) >= np.maximum(SHARED * np.minimum(_area(a), _area(b)), 1e-9)
    return table


def _larger(a: Boxes, b: Boxes) -> Table:
    table: Table = _area(a) > _area(b)
    return table


_TESTS: dict[RelationName, Callable[[Boxes, Boxes], Table]] = {
    "left_of": lambda a, b: _towards(a, b, 0),
    "above": lambda a, b: _towards(a, b, 1),
    "on": _on,
    "inside": _inside,
    "overlaps": _overlaps,
    "larger_than": _larger,
}
_REVERSED: dict[RelationName, RelationName] = {
    "right_of": "left_of",
    "below": "above",
    "contains": "inside",
    "smaller_than": "larger_than",
}

ORDERS: dict[RelationName, tuple[str, bool]] = {
    "left_of": ("x", True),
    "right_of": ("x", False),
    "above": ("y", True),
    "below": ("y", False),
    "smaller_than": ("area", True),
    "inside": ("area", True),
    "larger_than": ("area", False),
    "contains": ("area", False),
}
"""Relations that put boxes into a strict order, and whether the part comes before its other: no round of them holds."""


def as_array(boxes: Sequence[Sequence[float]]) -> Boxes:
    """Boxes as rows of xyxy, shape (n, 4)."""
    return np.asarray(boxes, np.float64).reshape(-1, 4)
