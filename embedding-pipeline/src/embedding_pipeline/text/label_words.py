"""Names of a detector's classes found in what a person typed, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from embedding_pipeline.domain import LabelName
from embedding_pipeline.text.words import fold, runs, singular

# words that hold the one-character name of something they are not; the longest match keeps them whole
_OTHER_THINGS = """
熊猫 小熊猫 马路 马上 马虎 河马 海马 木马 牛奶 牛仔 牛肉 牛排 牛油果 蜗牛 羊毛 羊肉 鸟巢 鸟笼 狗粮 狗窝 猫粮
猫头鹰 书包 书架 书桌 书法 证书 秘书 钟楼 分钟 钟头 床单 床垫 河床 人行道 人民 人工 机器人 雪人 车站 车库 车牌
车轮 车道 风车 船票 杯子蛋糕 海象 好象 气象 现象 象棋 包子 红包 钱包 勺子 刀具 门铃 船坞 鼠标垫
"""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A Latin word without its plural, or one CJK character; ``glued``: nothing stands before it but the last unit."""

    text: str
    start: int
    end: int
    glued: bool
    cjk: bool


def recognise(text: str, labels: Sequence[LabelName]) -> tuple[tuple[str, ...], str]:
    """Ids of the labels named in the text, each once in order of appearance, and the rest of the text, folded.

    Greedy from the left, the longest name first: "hot dog" is the hot dog and not the dog, 热狗 is not 狗. Latin names
    match whole words in singular and plural; Chinese names match inside a run of characters.
    """
    folded = fold(text)
    found = named(folded, labels)
    rest = list(folded)
    for _, start, end in found:
        rest[start:end] = " " * (end - start)
    return tuple(dict.fromkeys(label for label, _, _ in found)), " ".join("".join(rest).split())


def label_of(name: str, labels: Sequence[LabelName]) -> str | None:
    """The id of the class that a whole text is a name of, or the id itself; None where it is neither."""
    if any(label.id == name for label in labels):
        return name
    return _names(tuple(labels)).get(tuple(unit.text for unit in _units(fold(name))))


def named(folded: str, labels: Sequence[LabelName]) -> list[tuple[str, int, int]]:
    """Every place where a label is named in a folded text, as ``recognise`` finds them: (label id, start, end)."""
    names = _names(tuple(labels))
    units = list(_units(folded))
    longest = max((len(name) for name in names), default=0)
    found = []
    at = 0
    while at < len(units):
        length = _match(units, at, names, longest)
        label = names[tuple(u.text for u in units[at : at + length])] if length else None
        if label is not None:
            found.append((label, units[at].start, units[at + length - 1].end))
        at += max(length, 1)
    return found


def _match(units: list[_Unit], at: int, names: dict[tuple[str, ...], str | None], longest: int) -> int:
    """How many units from ``at`` form the longest known name; 0 when none does."""
    for length in range(min(longest, len(units) - at), 0, -1):
        part = units[at : at + length]
        if tuple(u.text for u in part) in names and all(u.glued for u in part[1:] if u.cjk):
            return length
    return 0


@lru_cache(maxsize=16)
def _names(labels: tuple[LabelName, ...]) -> dict[tuple[str, ...], str | None]:
    """Names as units to label ids; None marks a word that is something else."""
    known: dict[tuple[str, ...], str | None] = {tuple(word): None for word in _OTHER_THINGS.split()}
    for label in labels:
        for name in (*label.en, *label.zh, label.id.replace("_", " ")):
            key = tuple(u.text for u in _units(fold(name)))
            if key and known.get(key) is None:
                known[key] = label.id
    return known


def _units(folded: str) -> Iterator[_Unit]:
    before = -1
    for kind, run, start, end in runs(folded):
        if kind == "cjk":
            for i, character in enumerate(run):
                yield _Unit(character, start + i, start + i + 1, start + i == before or i > 0, True)
        else:
            yield _Unit(singular(run), start, end, start == before, False)
        before = end
