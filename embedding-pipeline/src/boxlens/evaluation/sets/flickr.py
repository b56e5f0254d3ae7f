"""Flickr30k-CN (Lan, Li and Dong, "Fluency-Guided Cross-Lingual Image Captioning", MM 2017), and Flickr30k-CNA.

The published test file, ``seg.flickr30kzhmbosontest.caption.txt``, holds word-cut sentences with part-of-speech tags:
``1007129816#zhm#0 一个:m 男人:n 戴着:v``; its machine-translated splits (``#zhb#``) are cut without tags, two spaces
standing for a comma. Flickr30k-CNA has ``1007129816#0``, a tab and the sentence. Sentences come back as people write
them.
"""

from __future__ import annotations

import re
from pathlib import Path

from boxlens.evaluation.sets.lines import find_one, pictures_below, text_lines, whole_number
from boxlens.evaluation.sets.muge import is_muge, read_muge
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText, broken

_KEY = re.compile(r"(\d+)(?:\.jpg)?#(?:(zh[a-z])#)?\d+")
_TAG = re.compile(r"(?<=.):[a-z]{1,6}\d?$", re.ASCII)
_ASCII_EDGE = re.compile(r"[0-9A-Za-z]")
_SPLIT_FILES = {
    "test": ("seg.*test.caption.txt", "flickr30k_cn*test.txt"),
    "val": ("seg.*val.caption.txt", "flickr30k_cn*val.txt"),
    "train": ("seg.*train.caption.txt", "flickr30k_cn*train.txt"),
}


def is_flickr(folder: Path) -> bool:
    return any(folder.rglob("seg.flickr30k*.caption.txt")) or any(folder.rglob("flickr30k_cn*.txt"))


def read_flickr(folder: Path, split: str | None = None) -> EvalSet:
    """A split (the test one without any) of the published files, or of Chinese-CLIP's conversion. Raises BadSource."""
    if is_muge(folder):
        return read_muge(folder, split, "flickr30k-cn")
    split = "val" if split == "valid" else split or "test"
    path = find_one(folder, _SPLIT_FILES.get(split, (f"*{split}*.txt",)), f"captions of the split {split}")
    files = pictures_below(folder)
    images: dict[int, EvalImage] = {}
    texts: list[EvalText] = []
    for number, line in text_lines(path):
        image_id, text = _sentence(path, number, line)
        if image_id not in images:
            if str(image_id) not in files:
                raise broken(path, number, f"{image_id}.jpg is not below {folder}", "Put the pictures into the folder.")
            images[image_id] = EvalImage(image_id, files[str(image_id)])
        texts.append(EvalText(len(texts), text, frozenset({image_id})))
    return EvalSet(f"{folder.resolve().name} {split}", "flickr30k-cn", tuple(images.values()), tuple(texts))


def _sentence(path: Path, number: int, line: str) -> tuple[int, str]:
    parts = re.split(r"[ \t]", line, maxsplit=1)
    match = _KEY.fullmatch(parts[0])
    if match is None or len(parts) < 2:
        raise broken(path, number, "not ID#zhm#N WORDS and not ID#N, a tab and a sentence")
    text = without_tags(parts[1]) if match[2] else parts[1].strip()
    if not text:
        raise broken(path, number, "no words")
    return whole_number(path, number, match[1], "picture id"), text


def without_tags(words: str) -> str:
    """A word-cut sentence, with or without part-of-speech tags, as people write it.

    >>> without_tags("一个:m 戴:v T:nx 恤:n 的:ude 人:n")
    '一个戴T恤的人'
    >>> without_tags("一 条 狗  在 跑")
    '一条狗，在跑'
    """
    sentence = ""
    for clause in re.split(r" {2,}", words.strip()):
        if sentence:
            sentence += "，"
        for word in clause.split():
            bare = _TAG.sub("", word)
            apart = sentence and _ASCII_EDGE.match(sentence[-1]) and _ASCII_EDGE.match(bare[0])
            sentence += f" {bare}" if apart else bare
    return sentence
