"""Public layouts in, one shape out; whatever is broken is named with its file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.parts import png, scene
from tests.samples import evalsets

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.flickr import without_tags
from boxlens.evaluation.sets.reading import read_set

PICTURES = {11: png(scene(seed=1)), 12: png(scene(seed=2))}
TAGGED = [
    "11#zhm#0 一个:m 男人:n 戴着:v 橙色:n 帽子:n",
    "11#zhm#1 穿:v T:nx 恤:n 的:ude 人:n 在:p 10:30:t 回:v 家:n",
    "12#zhm#0 两:m 只:q 狗:n",
]


def texts_of(folder: Path, **more: Any) -> list[tuple[str, set[int]]]:
    return [(text.text, set(text.image_ids)) for text in read_set(folder, **more).texts]


def test_flickr30k_cn_loses_its_part_of_speech_tags(tmp_path: Path) -> None:
    folder = evalsets.flickr(tmp_path / "f", PICTURES, TAGGED)
    assert texts_of(folder) == [
        ("一个男人戴着橙色帽子", {11}),
        ("穿T恤的人在10:30回家", {11}),
        ("两只狗", {12}),
    ]
    assert [image.read() for image in read_set(folder).images] == list(PICTURES.values())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("一个:m 人:n", "一个人"),
        ("一 条 狗  在 跑", "一条狗，在跑"),
        ("BMW:nx X5:nx 汽车:n", "BMW X5汽车"),
        (":w 你:r", ":w你"),
    ],
)
def test_tags_and_word_cuts(words: str, sentence: str) -> None:
    assert without_tags(words) == sentence


def test_flickr30k_cna_and_the_machine_translated_splits(tmp_path: Path) -> None:
    folder = evalsets.flickr(tmp_path / "f", PICTURES, ["11#zhb#0 一个 人  在 走", "12#zhb#0 狗"], "zhbbosonval")
    assert texts_of(folder, split="valid") == [("一个人，在走", {11}), ("狗", {12})]
    (folder / "flickr30k_cn_test.txt").write_text("12#0\t一条 T恤 狗\n", "utf-8")
    assert texts_of(folder, split="test") == [("一条 T恤 狗", {12})]


def test_muge_and_its_own_download(tmp_path: Path) -> None:
    folder = evalsets.muge(tmp_path / "m", PICTURES, [(5, "红色 箱子", [11, 12]), (6, "狗", [12])], "valid")
    assert texts_of(folder) == [("红色 箱子", {11, 12}), ("狗", {12})]
    images = read_set(folder).images
    assert [(image.id, image.read()) for image in images] == list(PICTURES.items())
    (folder / "valid_imgs.tsv").rename(folder / "MR_valid_imgs.tsv")
    (folder / "valid_texts.jsonl").unlink()
    line = {"query_id": 1, "query_text": "胖妹妹松紧腰长裤", "item_ids": [11]}
    (folder / "MR_valid_queries.jsonl").write_text(json.dumps(line) + "\n")
    assert texts_of(folder) == [("胖妹妹松紧腰长裤", {11})]


def test_other_sets_in_the_layout_of_chinese_clip_are_read_by_name(tmp_path: Path) -> None:
    folder = evalsets.muge(tmp_path / "m", PICTURES, [(5, "狗", [12])])
    assert read_set(folder, "flickr30k-cn").layout == "flickr30k-cn"
    assert read_set(folder, "coco-cn").layout == "coco-cn"


def test_coco_cn(tmp_path: Path) -> None:
    folder = evalsets.coco_cn(tmp_path / "c", PICTURES, {11: ["一只熊", "草地上的熊"], 12: ["两个人"]})
    assert texts_of(folder) == [("一只熊", {11}), ("草地上的熊", {11}), ("两个人", {12})]


def test_coco_asks_for_captions_and_for_categories_with_their_boxes(tmp_path: Path) -> None:
    boxes = [(11, "bear", (1.0, 2.0, 10.0, 20.0)), (11, "bear", (50.0, 2.0, 10.0, 20.0)), (12, "dog", (0, 0, 5, 5))]
    folder = evalsets.coco(tmp_path / "c", PICTURES, {11: ["A bear."]}, boxes, ["bear", "dog", "zebra"])
    eval_set = read_set(folder)
    assert [(t.text, t.group) for t in eval_set.texts] == [("A bear.", "captions"), ("bear", "names"), ("dog", "names")]
    assert eval_set.texts[1].boxes == {11: (Box(1, 2, 11, 22), Box(50, 2, 60, 22))}
    assert eval_set.absent == ("zebra",)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _muge(folder: Path) -> Path:
    return evalsets.muge(folder, PICTURES, [(5, "red", [11]), (6, "dog", [12])])


def _flickr(folder: Path) -> Path:
    return evalsets.flickr(folder, PICTURES, TAGGED)


def _coco_cn(folder: Path) -> Path:
    return evalsets.coco_cn(folder, PICTURES, {11: ["一只熊"], 12: ["两个人"]})


SEG = "flickr30kzhmbosontest/TextData/seg.flickr30kzhmbosontest.caption.txt"
BROKEN: list[tuple[str, Callable[[Path], Path], Callable[[Path], None], str]] = [
    (
        "not json",
        _muge,
        lambda f: edit(f / "test_texts.jsonl", '{"text_id": 6', "{{"),
        r"test_texts\.jsonl:2: not JSON",
    ),
    (
        "id twice",
        _muge,
        lambda f: edit(f / "test_texts.jsonl", "6", "5"),
        r"test_texts\.jsonl:2: text_id 5 comes twice",
    ),
    ("unknown", _muge, lambda f: edit(f / "test_texts.jsonl", "[12]", "[13]"), r"test_texts\.jsonl:2: picture 13"),
    ("no text", _muge, lambda f: edit(f / "test_texts.jsonl", "dog", " "), r"test_texts\.jsonl:2: no text"),
    ("no answer", _muge, lambda f: edit(f / "test_texts.jsonl", "[12]", "[]"), r"test_texts\.jsonl:2: no image_ids"),
    ("no bytes", _muge, lambda f: edit(f / "test_imgs.tsv", "12\t", "12 "), r"test_imgs\.tsv:2: "),
    ("no id", _muge, lambda f: edit(f / "test_imgs.tsv", "12\t", "x\t"), r"test_imgs\.tsv:2: image id 'x'"),
    ("no pictures", _muge, lambda f: (f / "test_imgs.tsv").unlink(), r"no test_imgs\.tsv"),
    ("key", _flickr, lambda f: edit(f / SEG, "12#zhm#0", "12"), r"caption\.txt:3: not ID#zhm#N"),
    ("picture", _flickr, lambda f: (f / "flickr30k-images/12.jpg").unlink(), r"caption\.txt:3: 12\.jpg is not below"),
    ("name", _coco_cn, lambda f: edit(f / "coco-cn_test.txt", "012\n", "012x\n"), r"coco-cn_test\.txt:2: "),
    (
        "split",
        _coco_cn,
        lambda f: edit(f / "coco-cn_test.txt", evalsets.coco_name(12), ""),
        r"caption\.txt:2: .*no sp",
    ),
    ("line", _coco_cn, lambda f: edit(f / "imageid.human-written-caption.txt", "\t两", " 两"), r"caption\.txt:2: "),
]


@pytest.mark.parametrize(("make", "spoil", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_is_broken_is_named_with_file_and_line(
    tmp_path: Path, make: Callable[[Path], Path], spoil: Callable[[Path], None], message: str
) -> None:
    folder = make(tmp_path / "set")
    read_set(folder)
    spoil(folder)
    with pytest.raises(BadSource, match=message):
        read_set(folder)


def test_base64_that_is_none_is_named_when_it_is_read(tmp_path: Path) -> None:
    folder = _muge(tmp_path / "m")
    edit(folder / "test_imgs.tsv", "12\ti", "12\t*")
    with pytest.raises(BadSource, match=r"test_imgs\.tsv:2: picture 12 is no base64"):
        read_set(folder).images[1].read()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"bbox": [1.0, 2.0', '"bbox": [2.0', "entry 0 has no bbox"),
        ('"category_id": 1', '"category_id": 9', "unknown category 9"),
        ('"image_id": 11', '"image_id": 99', "unknown image_id 99"),
        ("000000000012.jpg", "13.jpg", "entry 12 names '13.jpg'"),
        ('"categories"', '"kinds"', "no list 'categories'"),
        ("{", "", r"instances_val2017\.json:1: not JSON"),
    ],
)
def test_coco_entries_are_named_by_their_id(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = evalsets.coco(tmp_path / "c", PICTURES, {}, [(11, "bear", (1.0, 2.0, 10.0, 20.0))], ["bear"])
    edit(folder / "annotations" / "instances_val2017.json", old, new)
    with pytest.raises(BadSource, match=message):
        read_set(folder)


def test_a_folder_of_something_else_and_an_lmdb_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="no layout that is known"):
        read_set(tmp_path)
    (tmp_path / "lmdb").mkdir()
    with pytest.raises(BadSource, match="LMDB") as refused:
        read_set(tmp_path, "muge")
    assert "_texts.jsonl" in refused.value.hint
    with pytest.raises(BadSource, match="is no folder"):
        read_set(tmp_path / "nowhere")
