"""The trial pack over shared models makes real photos work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.model_files.trial_pack import TRIAL_NAME, make_test_pack
from tests.shared import DATA, needs_photos

from boxlens.imaging.decoding import crop, decode
from boxlens.models.packs.pack import Pack, load_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return load_pack(make_test_pack(DATA, tmp_path_factory.mktemp("packs")))


def photo(number: int) -> np.ndarray:
    return decode((DATA / "photos" / "images" / f"{number:012}.jpg").read_bytes(), max_pixels=64_000_000).pixels


@needs_photos
def test_it_has_all_roles_but_clip(pack: Pack) -> None:
    pack.warm_up()
    assert (pack.info.name, pack.info.vit_dims, pack.info.clip_dims) == (TRIAL_NAME, 1280, None)
    assert pack.missing == ("clip",)
    assert len(pack.labels) == 80


@needs_photos
def test_making_it_again_changes_nothing(pack: Pack) -> None:
    before = (pack.folder / "pack.json").read_bytes()
    assert make_test_pack(DATA, pack.folder.parent) == pack.folder
    assert (pack.folder / "pack.json").read_bytes() == before
    assert str(DATA.resolve()) in json.loads(before)["vit"]["model"]["path"]


@needs_photos
@pytest.mark.parametrize("number", [790, 442450])
def test_labelled_dogs_are_found_where_they_are(pack: Pack, number: int) -> None:
    photos = {p["id"]: p for p in json.loads((DATA / "photos" / "manifest.json").read_text("utf-8"))}
    x, y, w, h = next(b["bbox_xywh"] for b in photos[number]["boxes"] if b["label"] == "dog")
    assert pack.detector is not None
    dogs = [d for d in pack.detector.detect([photo(number)])[0] if d.label == "dog"]
    assert any(d.box.iou(type(d.box)(x, y, x + w, y + h)) >= 0.5 for d in dogs)


@needs_photos
def test_a_smaller_copy_of_a_crop_is_nearest_to_it(pack: Pack) -> None:
    assert pack.detector is not None
    assert pack.vit is not None
    crops = []
    for number in (285, 785, 790, 1000, 1296, 442450):
        pixels = photo(number)
        best = pack.detector.detect([pixels])[0][:1]
        crops.append(crop(pixels, best[0].box) if best else pixels)
    smaller = [np.asarray(Image.fromarray(c).resize((c.shape[1] * 2 // 3, c.shape[0] * 2 // 3))) for c in crops]
    similar = pack.vit.encode_images(smaller) @ pack.vit.encode_images(crops).T
    assert similar.argmax(axis=1).tolist() == list(range(len(crops)))


def test_absent_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="yolox_nano"):
        make_test_pack(tmp_path, tmp_path / "packs")
