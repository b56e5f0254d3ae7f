"""How well a ranking answers, as pure functions over ids and boxes.

Recall@k is the share of queries with at least one right answer among the first k, and mean recall the mean of
Recall@1, @5 and @10: both as Chinese-CLIP's ``cn_clip/eval/evaluation.py`` computes them (Yang et al., "Chinese CLIP",
2022), so that its numbers and ours are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.queries import RankedObject

RANKS = (1, 5, 10, 20)
MEAN_OF = (1, 5, 10)
PREDICTED = 10
"""How many ids cn_clip's script wants for every query."""

RIGHT_BOX = 0.5
"""From this IoU on a box counts as found (Everingham et al., "The Pascal VOC Challenge", IJCV 2010)."""

_SAME = 1e-4  # cosines nearer than this are a tie: quantised vectors are rescored in float32 on the other side


@dataclass(frozen=True, slots=True)
class Quality:
    """One row of the table. ``boxes`` is the share of correct first hits whose box is right, over ``boxed`` of them."""

    ranking: str
    queries: int
    recall: Mapping[int, float]
    boxes: float | None = None
    boxed: int = 0

    @property
    def mean_recall(self) -> float:
        return sum(self.recall[k] for k in MEAN_OF) / len(MEAN_OF)

    def as_dict(self) -> dict[str, object]:
        row: dict[str, object] = {"ranking": self.ranking, "queries": self.queries}
        row |= {f"R@{k}": round(value, 4) for k, value in self.recall.items()}
        row["mean_recall"] = round(self.mean_recall, 4)
        if self.boxed:
            row |= {"right_boxes": round(self.boxes or 0.0, 4), "boxes_judged": self.boxed}
        return row


@dataclass(frozen=True, slots=True)
class Answered:
    """One query's answer: ids best first and the ids that are right; the box of the first, and the true ones of it."""

    query: int
    ranked: Sequence[int]
    right: Collection[int]
    box: Box | None = None
    true_boxes: Sequence[Box] = field(default=())


def recall(answers: Sequence[Answered]) -> dict[int, float]:
    """Recall at each of RANKS, 0..1; without any query 0."""
    firsts = [next((i for i, image_id in enumerate(a.ranked, 1) if image_id in a.right), None) for a in answers]
    return {k: sum(f is not None and f <= k for f in firsts) / max(1, len(firsts)) for k in RANKS}


def quality(ranking: str, answers: Sequence[Answered]) -> Quality:
    """Recall, and the boxes of correct first hits where they are known."""
    correct = [
        max(a.box.iou(true) for true in a.true_boxes) >= RIGHT_BOX
        for a in answers
        if a.box is not None and a.true_boxes and a.ranked and a.ranked[0] in a.right
    ]
    share = sum(correct) / len(correct) if correct else None
    return Quality(ranking, len(answers), recall(answers), share, len(correct))


def ann_recall(near: Sequence[RankedObject], nearest: Sequence[RankedObject]) -> float:
    """The share of the exact ``nearest`` that the approximate ``near`` found; ties at the end count as found."""
    if not nearest:
        return 1.0
    last = nearest[-1].similarity - _SAME
    return min(1.0, sum(n.similarity >= last for n in near[: len(nearest)]) / len(nearest))


def percentiles(milliseconds: Iterable[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    values = np.fromiter(milliseconds, np.float64)
    if not len(values):
        return {}
    return {"p50": round(float(np.percentile(values, 50)), 2), "p95": round(float(np.percentile(values, 95)), 2)}


def predictions(answers: Sequence[Answered], query_field: str, answer_field: str) -> list[dict[str, object]]:
    """Lines as cn_clip's evaluation scripts want them: ten different integers for every query.

    A shorter answer is filled up with negative ids, which no picture has, so that nothing is won by filling up.
    """
    lines: list[dict[str, object]] = []
    for a in answers:
        ids = list(a.ranked[:PREDICTED])
        ids += [-place for place in range(1, PREDICTED - len(ids) + 1)]
        lines.append({query_field: a.query, answer_field: ids})
    return lines


def truth(answers: Sequence[Answered], query_field: str, answer_field: str) -> list[dict[str, object]]:
    """The right answers in the same format."""
    return [{query_field: a.query, answer_field: sorted(a.right)} for a in answers]
