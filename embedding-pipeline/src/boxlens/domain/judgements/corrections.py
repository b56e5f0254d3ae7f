"""Corrections: what persons changed of the labels and boxes of a picture.

They are kept in order with the frame, each with what the box was before, so that any can be taken back, and so that
other detections of the same picture know which of their boxes a person has already judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from boxlens.domain.boxes import Box
from boxlens.domain.objects import IndexedObject, Kind

MOST_STEPS = 100
"""Corrections of a picture that are kept one by one; of older ones the steps of one box are joined."""


@dataclass(frozen=True, slots=True)
class BoxState:
    """What one box is at a time; ``score`` is 0..1, ``caption`` and ``tags`` are those of the object alone."""

    box: Box
    label: str
    score: float
    kind: Kind = "object"
    caption: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, obj: IndexedObject) -> BoxState:
        return cls(obj.box, obj.label, obj.box_score, obj.kind, obj.caption, obj.tags)


@dataclass(frozen=True, slots=True)
class Correction:
    """One step: object ``number`` was ``before`` (None: it was not there) and became ``after`` (None: it went)."""

    number: int
    by: str
    at: datetime
    before: BoxState | None
    after: BoxState | None

    @property
    def did(self) -> Literal["added", "removed", "moved", "relabelled"]:
        """What kind of step it is; one that moved a box may have named it anew too."""
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        return "relabelled" if self.before.box == self.after.box else "moved"

    def as_text(self) -> str:
        """As it is stored."""
        return json.dumps(
            {
                "number": self.number,
                "by": self.by,
                "at": self.at.isoformat(),
                "before": _as_json(self.before),
                "after": _as_json(self.after),
            },
            ensure_ascii=False,
        )


def read_corrections(texts: Iterable[str]) -> list[Correction]:
    """Those of a frame, oldest first."""
    return [_correction(json.loads(text)) for text in texts]


def with_step(steps: Sequence[Correction], step: Correction) -> list[Correction]:
    """The steps and one more. Above ``MOST_STEPS`` the oldest that its box has left behind is joined with the next."""
    longer = [*steps, step]
    if len(longer) <= MOST_STEPS:
        return longer
    for place, old in enumerate(longer):
        later = next((i for i in range(place + 1, len(longer)) if longer[i].number == old.number), None)
        if later is not None:
            longer[later] = replace(longer[later], before=old.before)
            del longer[place]
            break
    return longer


@dataclass(frozen=True, slots=True)
class Judged:
    """What persons said of one box, all steps taken together: what a detector had said, and what it is now."""

    before: BoxState | None
    after: BoxState | None


def judged(steps: Iterable[Correction]) -> Mapping[int, Judged]:
    """By number of the object."""
    boxes: dict[int, Judged] = {}
    for step in steps:
        first = boxes[step.number].before if step.number in boxes else step.before
        boxes[step.number] = Judged(first, step.after)
    return boxes


def _as_json(state: BoxState | None) -> dict[str, Any] | None:
    return None if state is None else asdict(state) | {"box": state.box.as_list()}


def _state(entry: Mapping[str, Any] | None) -> BoxState | None:
    if entry is None:
        return None
    return BoxState(**{**entry, "box": Box(*entry["box"]), "tags": tuple(entry["tags"])})


def _correction(entry: Mapping[str, Any]) -> Correction:
    moment = datetime.fromisoformat(entry["at"])
    return Correction(entry["number"], entry["by"], moment, _state(entry["before"]), _state(entry["after"]))
