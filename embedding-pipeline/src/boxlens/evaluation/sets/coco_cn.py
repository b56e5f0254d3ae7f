"""COCO-CN (Li et al., "COCO-CN for Cross-Lingual Image Tagging, Captioning and Retrieval", IEEE TMM 2019) as published.

``imageid.human-written-caption.txt`` has lines of ``COCO_val2014_000000000042#0``, a tab and a sentence;
``coco-cn_test.txt`` lists the pictures of a split. The pictures are COCO's own, ``COCO_val2014_000000000042.jpg``
anywhere below the folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from boxlens.evaluation.sets.lines import find_one, pictures_below, text_lines
from boxlens.evaluation.sets.muge import is_muge, read_muge
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText, broken

CAPTIONS = "imageid.human-written-caption.txt"
_NAME = re.compile(r"COCO_(train|val)2014_(\d{12})")


def is_coco_cn(folder: Path) -> bool:
    return any(folder.rglob(CAPTIONS))


def read_coco_cn(folder: Path, split: str | None = None) -> EvalSet:
    """A split (the test one without any) of the published files, or of Chinese-CLIP's conversion. Raises BadSource."""
    if is_muge(folder):
        return read_muge(folder, split, "coco-cn")
    split = "val" if split == "valid" else split or "test"
    images = _pictures(folder, find_one(folder, [f"coco-cn_{split}.txt"], f"list of the split {split}"))
    everything = _all_names(folder)
    path = find_one(folder, [CAPTIONS], "human-written captions")
    texts: list[EvalText] = []
    for number, line in text_lines(path):
        key, tab, words = line.partition("\t")
        name, mark, place = key.rpartition("#")
        if not (tab and mark and place.isdecimal() and words.strip() and _NAME.fullmatch(name)):
            raise broken(path, number, "not COCO_val2014_ID#N, a tab and a sentence")
        if name in images:
            texts.append(EvalText(len(texts), words.strip(), frozenset({images[name].id})))
        elif name not in everything:
            raise broken(path, number, f"{name} is in no split", hint="Fetch all coco-cn_*.txt.")
    return EvalSet(f"{folder.resolve().name} {split}", "coco-cn", tuple(images.values()), tuple(texts))


def _pictures(folder: Path, listed: Path) -> dict[str, EvalImage]:
    files = pictures_below(folder)
    images = {}
    for number, line in text_lines(listed):
        name = line.strip()
        match = _NAME.fullmatch(name)
        if match is None:
            raise broken(listed, number, f"{name!r} is not COCO_val2014_ID")
        if name not in files:
            raise broken(
                listed, number, f"{name}.jpg is not below {folder}", "Put COCO's 2014 pictures into the folder."
            )
        images[name] = EvalImage(int(match[2]), files[name])  # COCO numbers train and val in one row
    return images


def _all_names(folder: Path) -> set[str]:
    return {line.strip() for path in folder.rglob("coco-cn_*.txt") for _, line in text_lines(path)}
