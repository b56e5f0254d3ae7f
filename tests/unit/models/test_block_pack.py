"""The detector of blocks sees in the drawn pictures what was drawn, and what stands for photographs is named so."""

from __future__ import annotations

import numpy as np
import pytest
from tests.model_files.block_pack import make_block_pack
from tests.samples.stand_ins import MADE_UP, NAMED, drawn, drawn_folder

from boxlens.imaging.decoding import decode
from boxlens.models.detector import YoloDetector
from boxlens.models.packs.pack import load_pack


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> YoloDetector:
    pack = load_pack(make_block_pack(tmp_path_factory.mktemp("packs")))
    assert pack.detector is not None
    return pack.detector


def seen(detector: YoloDetector, data: bytes) -> list[str]:
    (detections,) = detector.detect([decode(data, max_pixels=10**7).pixels])
    return sorted(detection.label for detection in detections)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_drawn_is_seen(detector: YoloDetector, name: str) -> None:
    size, things = NAMED[name]
    data = (drawn_folder() / f"{name}.jpg").read_bytes()
    picture = decode(data, max_pixels=10**7)
    assert (picture.width, picture.height) == size
    assert seen(detector, data) == sorted(things.split(", "))


def test_every_picture_is_seen_and_people_fill_more_than_a_page(detector: YoloDetector) -> None:
    files = sorted(drawn_folder().glob("*.jpg"))
    labels = [seen(detector, file.read_bytes()) for file in files]
    assert len(files) == MADE_UP + len(NAMED)
    assert all(labels)
    assert sum("person" in names for names in labels) > 44
    assert sum({"person", "car"} <= set(names) for names in labels) >= 2
    assert 0 < sum(names.count("horse") for names in labels) < 40
    assert 0 < sum("dog" in names for names in labels) < 40


def test_a_box_lies_on_its_block(detector: YoloDetector) -> None:
    picture = drawn((640, 480), ["bear"], np.random.default_rng(1))
    pixels = np.asarray(picture)
    ys, xs = np.nonzero((pixels == (170, 85, 0)).all(axis=2))
    ((detection,),) = detector.detect([pixels])
    expected = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert np.abs(np.array(detection.box.as_list()) - expected).max() <= 3
