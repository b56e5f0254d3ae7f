"""What persons corrected of a picture, when it is seen by a detector again: theirs stay, and what they replaced does
not come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from boxlens.domain.boxes import Box
from boxlens.domain.judgements.corrections import Judged, judged, read_corrections
from boxlens.domain.objects import Detection, IndexedObject, LabelName
from boxlens.language.label_recognition import label_of
from boxlens.pipeline.annotations import SAME_BOX


@dataclass(frozen=True, slots=True)
class CorrectedBoxes:
    """The corrections of a stored picture; ``before`` are all its objects, the frame first, none of a new picture."""

    before: Sequence[IndexedObject]
    judged: Mapping[int, Judged]

    @classmethod
    def of(cls, before: Sequence[IndexedObject]) -> CorrectedBoxes:
        return cls(before, judged(read_corrections(before[0].corrections)) if before else {})

    @property
    def objects(self) -> list[IndexedObject]:
        """Those that a person gave their label or box."""
        return [obj for obj in self.before if obj.number and obj.corrected_by]

    def detections(self, labels: Sequence[LabelName]) -> list[Detection]:
        """The same as detections, by the classes of a detector where one of them has that name."""
        return [Detection(obj.box, label_of(obj.label, labels) or obj.label, obj.box_score) for obj in self.objects]

    def others(self, detections: Sequence[Detection]) -> list[Detection]:
        """The detections of boxes that no person judged: a box was, where it overlaps most, from an IoU of
        ``SAME_BOX``, with what a person replaced, removed or drew."""
        theirs = [state.box for box in self.judged.values() for state in (box.before, box.after) if state is not None]
        if not theirs:
            return list(detections)
        left = [obj.box for obj in self.before if obj.number and obj.number not in self.judged]

        def overlap(box: Box, boxes: Sequence[Box]) -> float:
            return max((box.iou(other) for other in boxes), default=0.0)

        return [
            detection
            for detection in detections
            if overlap(detection.box, theirs) < max(SAME_BOX, overlap(detection.box, left))
        ]

    def numbers(self, count: int) -> list[int]:
        """So many numbers: 0 for the frame, those that corrected boxes have, and for the others what is free. A number
        that was corrected stays with its box also when that was removed, so that it can be brought back."""
        own = [0, *(obj.number for obj in self.objects)]
        taken = {*own, *self.judged}
        free = (number for number in range(1, count + len(taken) + 1) if number not in taken)
        return [*own, *(next(free) for _ in range(count - len(own)))]

    def marked(self, obj: IndexedObject) -> IndexedObject:
        """A new object of the picture as corrected by whom it was, if it was; the frame with all corrections."""
        old = next((old for old in self.before if old.number == obj.number), None)
        if old is None or not old.corrected_by:
            return obj
        return replace(obj, corrected_by=old.corrected_by, corrected_at=old.corrected_at, corrections=old.corrections)
