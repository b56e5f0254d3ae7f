"""The steps of corrections, and what they mean when the picture is seen by a detector again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.boxes import Box
from boxlens.domain.judgements.corrections import MOST_STEPS, BoxState, Correction, judged, read_corrections, with_step
from boxlens.domain.objects import Detection, IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.pipeline.corrected_boxes import CorrectedBoxes

IMAGE = ImageRecord("0" * 64, "pictures", "a.png", "test:a.png", "a.png", 100, 100, 1, "png", "")
FRAME = IndexedObject(IMAGE, 0, "frame", Box(0, 0, 100, 100), "", 1.0)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
LEFT, RIGHT, FAR = Box(0, 0, 40, 40), Box(10, 0, 50, 40), Box(60, 60, 90, 90)


def state(label: str = "dog", box: Box = LEFT) -> BoxState:
    return BoxState(box, label, 0.5, "object", "ours", ("a", "b"))


def step(number: int, before: BoxState | None, after: BoxState | None, minute: int = 0) -> Correction:
    return Correction(number, "anna", NOON + timedelta(minutes=minute), before, after)


def seen_again(steps: list[Correction], *objects: IndexedObject) -> CorrectedBoxes:
    return CorrectedBoxes.of([replace(FRAME, corrections=tuple(s.as_text() for s in steps)), *objects])


def test_steps_are_read_as_they_were_written() -> None:
    steps = [step(1, state(), state("猫", FAR)), step(2, None, state()), step(3, state(), None)]
    assert read_corrections(s.as_text() for s in steps) == steps
    assert [s.did for s in steps] == ["moved", "added", "removed"]
    assert step(1, state(), state("cat")).did == "relabelled"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3 * MOST_STEPS))
def test_however_often_boxes_are_corrected_the_steps_stay_few_and_say_the_same(numbers: list[int]) -> None:
    every: list[Correction] = []
    kept: list[Correction] = []
    states: dict[int, BoxState] = {}
    for minute, number in enumerate(numbers):
        after = state(f"label {minute}")
        next_step = step(number, states.get(number, state("detected")), after, minute)
        states[number] = after
        every, kept = [*every, next_step], with_step(kept, next_step)
    assert len(kept) <= MOST_STEPS
    assert judged(kept) == judged(every)
    assert kept[-1] == every[-1]


def test_a_detection_goes_where_it_overlaps_most_what_a_person_judged() -> None:
    beside = IndexedObject(IMAGE, 2, "object", RIGHT, "cat", 0.9)
    again = seen_again([step(1, state(), None)], beside)
    of_removed, of_other, new = Detection(LEFT, "wolf", 0.9), Detection(RIGHT, "cat", 0.9), Detection(FAR, "car", 0.9)
    assert LEFT.iou(RIGHT) >= 0.5
    assert again.others([of_removed, of_other, new]) == [of_other, new]


def test_both_the_box_that_was_and_the_one_that_is_keep_detections_away() -> None:
    moved = IndexedObject(IMAGE, 1, "object", FAR, "dog", 1.0, corrected_by="anna", corrected_at=NOON)
    again = seen_again([step(1, state(box=LEFT), state(box=FAR))], moved)
    assert again.others([Detection(LEFT, "dog", 0.9), Detection(FAR, "dog", 0.9)]) == []
    assert again.detections(()) == [Detection(FAR, "dog", 1.0)]


def test_numbers_of_judged_boxes_are_given_to_no_other() -> None:
    drawn = IndexedObject(IMAGE, 4, "object", FAR, "dog", 1.0, corrected_by="anna", corrected_at=NOON)
    again = seen_again([step(2, state(), None), step(4, None, state(box=FAR))], drawn)
    assert again.numbers(5) == [0, 4, 1, 3, 5]
    assert CorrectedBoxes.of(()).numbers(3) == [0, 1, 2]
