"""The things that sample scenes show, with names in English and Chinese, and the groups they fall in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from boxlens.domain.objects import LabelName


@dataclass(frozen=True, slots=True)
class Thing:
    """One kind of everyday thing. Names are best first; keywords are looser words that also fit it.

    ``label`` is the thing's English name in Unicode's list and ``code`` its code points in hex, joined by "-".
    """

    id: str
    code: str
    label: str
    group: str
    en: tuple[str, ...]
    zh: tuple[str, ...]
    keywords_en: tuple[str, ...]
    keywords_zh: tuple[str, ...]


@cache
def things() -> tuple[Thing, ...]:
    """All things in Unicode's order."""
    return tuple(
        Thing(
            id=entry["id"],
            code=entry["code"],
            label=entry["label"],
            group=entry["group"],
            en=tuple(entry["en"]),
            zh=tuple(entry["zh"]),
            keywords_en=tuple(entry["keywords_en"]),
            keywords_zh=tuple(entry["keywords_zh"]),
        )
        for entry in _data()["things"]
    )


@cache
def groups() -> tuple[LabelName, ...]:
    """The groups that things fall in, with their names."""
    return tuple(LabelName(g["id"], tuple(g["en"]), tuple(g["zh"])) for g in _data()["groups"])


@cache
def _data() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("things.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
