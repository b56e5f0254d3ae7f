"""Lifts the low scores of the detector, which is less sure than the teacher that it learned from.

A student sees what its teacher sees less surely: much of it lies below the score from which an ingest keeps boxes as
proposals. So scores below KNEE are lifted towards it, by a power for which, on canvases that it did not learn from,
as many places are kept as SHARE times those of the teacher. What is surer keeps its score, and no order changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.photographs.learn_detector import BATCH, Arrays, Floats, maps_of, rows_of, together
from training.photographs.networks.backbone import MEAN, STD, Maps
from training.photographs.networks.student import Student

SCORE = 0.15  # from which an ingest keeps boxes
KNEE = 0.3  # from which a box is an object and no proposal
SHARE = 2.0
POWERS = np.arange(1.0, 0.2, -0.05)


def lifted(scores: Tensor, power: float) -> Tensor:
    """Scores 0..1 with what is below KNEE nearer to it, the more the smaller ``power`` (0..1) is."""
    return torch.maximum(scores, KNEE * (scores / KNEE) ** power)


class Detector(nn.Module):
    """Backbone and student as one network of YOLOX's form: BGR 0..255 to (n, places, 85), scores after the sigmoid.

    Objectness is such that its product with the best class is ``lifted`` by ``power``.
    """

    def __init__(self, student: Student, power: float = 1.0) -> None:
        super().__init__()
        self.maps, self.student, self.power = Maps(), student, power

    def forward(self, x: Tensor) -> Tensor:
        raw = self.student(*self.maps((x.flip(1) - MEAN) / STD))
        objectness, classes = raw[..., 4:5].sigmoid(), raw[..., 5:].sigmoid()
        best = classes.amax(-1, keepdim=True)
        objectness = (lifted(objectness * best, self.power) / best).clamp(max=1)
        return torch.cat([raw[..., :4], objectness, classes], 2)


@torch.no_grad()
def power(student: Student, chunk: Path) -> float:
    """The power for a student, by the canvases of a chunk."""
    rows = rows_of(chunk)
    asked = SHARE * sum(int((_teacher(row) >= SCORE).sum()) for row in rows)
    seen = torch.cat(list(_best(student, rows)))
    counts = np.array([int((lifted(seen, float(p)) >= SCORE).sum()) for p in POWERS])
    return round(float(POWERS[np.abs(counts - asked).argmin()]), 2)


def _teacher(row: Arrays) -> Floats:
    """The best score of each place that was kept."""
    return np.asarray(row["objectness"][row["index"]].astype(np.float32) * row["classes"].max(1).astype(np.float32))


def _best(student: Student, rows: list[Arrays]) -> Iterator[Tensor]:
    """The best score of every place."""
    for start in range(0, len(rows), BATCH):
        raw = student(*maps_of(together(rows[start : start + BATCH])))
        yield (raw[..., 4].sigmoid() * raw[..., 5:].amax(-1).sigmoid()).flatten()
