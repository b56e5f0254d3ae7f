"""Pictures with their texts, drawn for the encoders: captions of whole photographs, and names of what a view shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from opencc import OpenCC

from training.photographs.material.names import Names, SetNames
from training.photographs.splits import photos

Floats = npt.NDArray[np.float32]
_EN = ("{}", "{}", "{}", "a {}", "the {}", "a photo of a {}", "a picture of {}")
_ZH = ("{}", "{}", "{}", "一个{}", "{}的照片", "一张{}的图片")
_TRADITIONAL = 0.12  # of Chinese texts are written so
MIRRORED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Features of views and what is known of each; ``rows`` of one use lie together in no order."""

    deep: list[npt.NDArray[np.float16]]
    pooled: npt.NDArray[np.float16]
    about: list[dict[str, Any]]

    def deep_rows(self, rows: npt.NDArray[np.int64]) -> Floats:
        starts = np.cumsum([0, *(len(part) for part in self.deep)])
        parts = np.searchsorted(starts, rows, side="right") - 1
        return np.stack([self.deep[p][r - starts[p]] for p, r in zip(parts, rows, strict=True)]).astype(np.float32)


def load(folder: Path) -> Views:
    """All parts of ``folder`` that are complete."""
    parts = sorted(path.parent for path in folder.glob("*/views.jsonl"))
    about = [json.loads(line) for part in parts for line in (part / "views.jsonl").open(encoding="utf-8")]
    pooled = np.concatenate([np.load(part / "pooled.npy") for part in parts])
    return Views([np.load(part / "deep.npy", mmap_mode="r") for part in parts], pooled, about)


class Drawing:
    """Draws rows and texts. ``sets``: the sets that may be learned from."""

    def __init__(self, root: Path, views: Views, sets: frozenset[str], seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._captions = {(p.set, p.about["file"]): p.about for p in photos(root) if p.about.get("captions_en")}
        self._about = views.about
        self._names = SetNames(root / "text" / "labels_en_zh.json")
        self._traditional = OpenCC("s2t")
        labels = {(p.set, p.about["file"]): p.labels for p in photos(root)}
        usable = [(i, v) for i, v in enumerate(views.about) if v["use"] == "learn" and v["set"] in sets]
        self.captioned = np.array([i for i, v in usable if v["kind"] == "whole" and v["set"] == "flickr8k"], np.int64)
        self.phrased = np.array([i for i, v in usable if v["kind"] == "crop" and v["set"] == "flickr8k"], np.int64)
        self.named: dict[str, list[int]] = {}
        self._labels: dict[int, list[str]] = {}
        for i, view in usable:
            if view["set"] == "flickr8k":
                continue
            names = [view["label"]] if view["kind"] == "crop" else labels[view["set"], view["file"]]
            if len(names) == 1:
                self._labels[i] = names
                self.named.setdefault(f"{view['set']}/{names[0]}", []).append(i)
        self._kinds = sorted(self.named)
        counts = np.array([len(self.named[k]) for k in self._kinds], np.float64)
        self._shares = counts**0.5 / (counts**0.5).sum() if len(counts) else counts

    def captions(self, count: int) -> tuple[npt.NDArray[np.int64], list[str], list[str]]:
        """Rows of ``count`` different photos with an English and a Chinese caption each."""
        rows = self._chance.permutation(self.captioned)
        seen: set[str] = set()
        chosen = []
        for row in rows:
            file = self._about[int(row)]["file"]
            if file not in seen:
                seen.add(file)
                chosen.append(int(row))
            if len(chosen) == count:
                break
        english, chinese = [], []
        for row in chosen:
            about = self._captions["flickr8k", self._about[row]["file"]]
            english.append(self._drawn(about["captions_en"]))
            people = self._chance.random() < 0.6 or not about.get("captions_zh_mt_google")
            chinese.append(self._written(self._drawn(about["captions_zh" if people else "captions_zh_mt_google"])))
        return np.array(chosen, np.int64), english, chinese

    def names(self, count: int) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Rows of views with a name or phrase in one of the languages."""
        phrased = count * 2 // 5 if len(self.phrased) else 0
        rows = list(self._chance.choice(self.phrased, phrased, replace=False)) if phrased else []
        texts = [self._phrase(int(row)) for row in rows]
        for kind in self._chance.choice(len(self._kinds), count - phrased, p=self._shares):
            row = int(self._chance.choice(self.named[self._kinds[int(kind)]]))
            rows.append(row)
            texts.append(self.name(self._names(self._about[row]["set"], self._labels[row][0])))
        return np.array(rows, np.int64), texts

    def of(self, view: dict[str, Any]) -> dict[str, Any]:
        """What the manifest says of a captioned photo."""
        return self._captions[view["set"], view["file"]]

    def _phrase(self, row: int) -> str:
        view = self._about[row]
        english, chinese = self._names("flickr8k", view["label"])
        if chinese and self._chance.random() < 0.45:
            return self.name(((), chinese))
        if view["phrases"] and self._chance.random() < 0.7:
            return self._drawn(view["phrases"])
        return self.name((english, ()))

    def name(self, names: Names) -> str:
        """One of the names, mostly bare, the first of a language most often."""
        language = 0 if not names[1] or (names[0] and self._chance.random() < 0.5) else 1
        choices = names[language]
        text = choices[0] if self._chance.random() < 0.4 else self._drawn(list(choices))
        form = self._drawn(list((_EN, _ZH)[language]))
        return form.format(text) if language == 0 else self._written(form.format(text))

    def _written(self, text: str) -> str:
        return self._traditional.convert(text) if self._chance.random() < _TRADITIONAL else text

    def _drawn(self, texts: list[str]) -> str:
        return texts[int(self._chance.integers(len(texts)))]
