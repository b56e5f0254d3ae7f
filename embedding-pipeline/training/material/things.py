"""Makes ``samples/things.json`` from emojibase-data (names and keywords of Unicode's CLDR, MIT) and our corrections."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from opencc import OpenCC

from training.material.corrections import BEST_EN, BEST_ZH, LEFT_OUT

GROUPS = (
    ("animal", ("animal", "animals"), ("动物",), range(34, 40)),
    ("plant", ("plant", "plants", "flower", "tree"), ("植物", "花", "树"), range(40, 42)),
    ("fruit", ("fruit", "vegetable", "fruit and vegetables"), ("水果", "蔬菜", "果蔬"), range(42, 44)),
    ("food", ("food", "drink", "meal"), ("食物", "饮料", "美食"), range(44, 49)),
    ("vehicle", ("vehicle", "vehicles", "transport"), ("交通工具", "车辆"), range(54, 57)),
    ("place", ("place", "building", "landscape"), ("地点", "建筑", "风景"), range(49, 54)),
    ("sky", ("sky", "weather"), ("天空", "天气"), range(59, 60)),
    ("play", ("play", "sport", "game", "festival", "toy"), ("娱乐", "运动", "游戏", "节日", "玩具"), range(60, 65)),
    ("clothing", ("clothing", "clothes", "accessory"), ("衣物", "衣服", "服饰"), range(65, 66)),
    ("object", ("object", "tool", "device"), ("物品", "用品", "工具"), (57, 58, *range(66, 83))),
)
TOO_LOOSE = 12  # a keyword that fits more things than this says little of any of them


def main(emojibase: Path, target: Path) -> None:
    english = _read(emojibase / "en" / "data.json")
    chinese = {e["hexcode"]: e for e in _read(emojibase / "zh" / "data.json")}
    traditional = {e["hexcode"]: e for e in _read(emojibase / "zh-hant" / "data.json")}
    group_of = {subgroup: group for group, _, _, subgroups in GROUPS for subgroup in subgroups}
    simplify = OpenCC("t2s").convert
    entries = []
    for emoji in sorted(english, key=lambda e: int(e.get("order", 0))):
        if emoji.get("subgroup") not in group_of or _slug(emoji["label"]) in LEFT_OUT or "o’clock" in emoji["label"]:
            continue
        if re.search(r"-thirty$", emoji["label"]):
            continue
        code = emoji["hexcode"]
        zh, hant = chinese[code], traditional[code]
        entries.append(_entry(emoji, zh, simplify(hant["label"]), group_of[emoji["subgroup"]]))
    _settle_names(entries)
    _drop_loose_keywords(entries)
    groups = [{"id": g, "en": list(en), "zh": list(zh)} for g, en, zh, _ in GROUPS]
    lines = ",\n".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in entries)
    head = json.dumps(groups, ensure_ascii=False, separators=(",", ":"))
    target.write_text(f'{{"groups":{head},\n"things":[\n{lines}\n]}}\n', encoding="utf-8")


def _entry(emoji: dict[str, Any], zh: dict[str, Any], taiwan: str, group: str) -> dict[str, Any]:
    thing_id = _slug(emoji["label"])
    label = emoji["label"].replace("’", "'")
    best_en = BEST_EN.get(thing_id, (label.lower() if label not in ("T-Rex",) else label,))
    best_zh = BEST_ZH.get(thing_id, (zh["label"],))
    keywords_en = [t for t in (label.lower(), *emoji.get("tags", ())) if _fits_en(t)]
    keywords_zh = [t for t in (zh["label"], taiwan, *zh.get("tags", ())) if _fits_zh(t)]
    return {
        "id": thing_id,
        "code": emoji["hexcode"],
        "label": label,
        "group": group,
        "en": list(best_en),
        "zh": list(best_zh),
        "keywords_en": [k for k in dict.fromkeys(keywords_en) if k not in best_en],
        "keywords_zh": [k for k in dict.fromkeys(keywords_zh) if k not in best_zh],
    }


def _settle_names(entries: list[dict[str, Any]]) -> None:
    """No two things share a best name, and no thing's keyword is another's best name unless they are kin."""
    for language in ("en", "zh"):
        best = Counter(e[language][0] for e in entries)
        twice = [name for name, n in best.items() if n > 1]
        if twice:
            raise SystemExit(f"two things have the same best name: {twice}")


def _drop_loose_keywords(entries: list[dict[str, Any]]) -> None:
    for field in ("keywords_en", "keywords_zh"):
        seen = Counter(k for e in entries for k in e[field])
        for e in entries:
            e[field] = [k for k in e[field] if seen[k] <= TOO_LOOSE][:8]


def _fits_en(word: str) -> bool:
    return bool(re.fullmatch(r"[a-zA-Z][a-zA-Z' -]{1,24}", word)) and word.count(" ") <= 2


def _fits_zh(word: str) -> bool:
    return bool(re.fullmatch(r"[\u4e00-\u9fff]{1,6}", word))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("’", "").replace("ñ", "n")).strip("-")


def _read(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
