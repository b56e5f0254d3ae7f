"""Things seen through a shot of a video are objects once."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.objects import frame, record, thing

from boxlens.domain.objects import IndexedObject
from boxlens.domain.videos import video_attributes
from boxlens.pipeline.shots import ShotObjects


def shown(video: str, at_s: float, shot: int, *things: IndexedObject) -> list[IndexedObject]:
    """The objects of one frame."""
    image = record(f"{video} {at_s}", attributes=video_attributes(video, "", at_s, shot))
    return [frame(image), *(replace(obj, image=image) for obj in things)]


def numbers(objects: tuple[IndexedObject, ...]) -> list[int]:
    return [obj.number for obj in objects]


def test_a_thing_counts_in_the_first_frame_of_its_shot() -> None:
    dog, cat = thing(record("dog"), 1, "dog"), thing(record("cat"), 2, "cat")
    other_dog = thing(record("another dog"), 3, "dog")
    shots = ShotObjects()
    assert numbers(shots.once(shown("a.mp4", 0.0, 0, dog))) == [0, 1]
    assert numbers(shots.once(shown("a.mp4", 10.0, 0, dog, cat))) == [0, 2]
    assert numbers(shots.once(shown("a.mp4", 20.0, 0, dog, cat, other_dog))) == [0, 3]
    assert numbers(shots.once(shown("a.mp4", 25.0, 1, dog))) == [0, 1]
    assert numbers(shots.once(shown("b.mp4", 0.0, 1, dog))) == [0, 1]


def test_two_alike_in_one_frame_are_two() -> None:
    dog = thing(record("dog"), 1, "dog")
    assert numbers(ShotObjects().once(shown("a.mp4", 0.0, 0, dog, replace(dog, number=2)))) == [0, 1, 2]


def test_without_vectors_the_place_tells() -> None:
    dog = thing(record("dog"), 1, "dog", vit_vector=None, clip_vector=None)
    shots = ShotObjects()
    assert numbers(shots.once(shown("a.mp4", 0.0, 0, dog))) == [0, 1]
    assert numbers(shots.once(shown("a.mp4", 10.0, 0, dog))) == [0]


def test_other_pictures_pass_as_they_are() -> None:
    image = record("photo")
    objects = [frame(image), thing(image, 1), thing(image, 2)]
    shots = ShotObjects()
    assert shots.once(objects) == shots.once(objects) == tuple(objects)
