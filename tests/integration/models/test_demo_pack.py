"""The bundled pack finds, names and ranks what is in scenes it was never trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from boxlens.domain.boxes import Box
from boxlens.domain.errors import Unavailable
from boxlens.imaging.decoding import crop
from boxlens.models.packs.pack import BUNDLED, Pack, load_pack
from boxlens.samples.bundled import MANIFEST, TRUTH, shown_twice
from boxlens.samples.making import make_samples, sample_scenes
from boxlens.samples.names import things
from boxlens.samples.scenes import Scene

FOLDER = BUNDLED / "demo"
SEED = 770_077
LEAST_FOUND = 0.8
LEAST_RANKED = 0.9


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(FOLDER, verify=True)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    try:
        return sample_scenes(20, SEED)
    except Unavailable as e:
        pytest.skip(f"no sample artwork in the cache, and it cannot be fetched: {e.detail}")


def test_the_pack_is_whole_and_small(pack: Pack) -> None:
    pack.warm_up()
    assert [label.id for label in pack.labels] == ["thing"]
    assert all(label.en and label.zh for label in pack.labels)
    assert all(part.licence and part.source for part in pack.licences)
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) <= 30_000_000
    assert (FOLDER / "MODEL_CARD.md").is_file()


def test_most_things_are_found_in_their_boxes(pack: Pack, scenes: list[Scene]) -> None:
    assert pack.detector is not None
    true = matched = 0
    for scene, hits in zip(scenes, pack.detector.detect([s.picture for s in scenes]), strict=True):
        true += len(scene.objects)
        matched += sum(any(o.box.iou(hit.box) >= 0.5 for hit in hits) for o in scene.objects)
    assert matched / true >= LEAST_FOUND


@pytest.mark.parametrize("language", ["zh", "en"])
def test_names_rank_the_right_crops_high(pack: Pack, scenes: list[Scene], language: str) -> None:
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    named = {t.id: (t.zh if language == "zh" else t.en)[0] for t in things()}
    by_name = {o.thing_id: crop(s.picture, o.box, pack.crop_padding) for s in scenes for o in s.objects}
    crops = pack.clip_image.encode_images(list(by_name.values()))
    texts = pack.clip_text.encode_texts([named[thing] for thing in by_name])
    best = np.argsort(-(texts @ crops.T), axis=1)[:, :5]
    right = (best == np.arange(len(by_name))[:, None]).any(1)
    assert right.mean() >= LEAST_RANKED


def test_a_crop_finds_the_same_thing_elsewhere(pack: Pack, scenes: list[Scene]) -> None:
    """The same thing moved by a few pixels and mirrored is nearer than any other thing of the scenes."""
    assert pack.vit is not None
    objects = [(s.picture, o.box) for s in scenes for o in s.objects if o.box.area > 1500]
    plain = pack.vit.encode_images([crop(p, b) for p, b in objects])
    moved = pack.vit.encode_images([crop(p, Box(b.x1 + 2, b.y1 - 2, b.x2 + 2, b.y2 - 2))[:, ::-1] for p, b in objects])
    right = np.argmax(moved @ plain.T, axis=1) == np.arange(len(objects))
    assert right.mean() >= 0.9


def test_samples_come_with_their_truth(tmp_path: Path, scenes: list[Scene]) -> None:
    manifest = make_samples(tmp_path, count=3, seed=SEED)
    assert manifest == tmp_path / MANIFEST
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    truth = json.loads((tmp_path / TRUTH).read_text("utf-8"))
    assert [line["uri"] for line in lines] == [entry["file"] for entry in truth]
    for entry, scene in zip(truth, sample_scenes(3, SEED), strict=True):
        assert (tmp_path / entry["file"]).stat().st_size > 5000
        assert [o["thing"] for o in entry["objects"]] == [o.thing_id for o in scene.objects]
        assert all(o["zh"] and o["en"] and len(o["box"]) == 4 for o in entry["objects"])


def test_what_samples_show_twice_is_told_from_their_truth(tmp_path: Path) -> None:
    def shows(file: str, *objects: tuple[str, str, int]) -> dict[str, object]:
        return {
            "file": file,
            "objects": [{"thing": t, "style": s, "en": [t.upper(), "x"], "box": [x, 0, 9, 9]} for t, s, x in objects],
        }

    truth = [shows("a", ("cat", "noto", 1), ("cat", "noto", 2)), shows("b", ("car", "flat", 3), ("cat", "flat", 4))]
    (tmp_path / TRUTH).write_text(json.dumps(truth))
    assert shown_twice(tmp_path) == ("CAT", "a", Box(1, 0, 9, 9))
    (tmp_path / TRUTH).write_text(json.dumps(truth[:1]))
    with pytest.raises(ValueError, match="two styles"):
        shown_twice(tmp_path)
