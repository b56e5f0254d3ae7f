"""Prints how often a word is read as a class of COCO that it does not name.

``python -m benchmarks.words`` from the root of the repository; nouns of captions and of ImageNet are read from
``../shared/data`` where it is. Nouns of the dictionary are those words of pypinyin's list of phrases that rjieba's
dictionary holds and tags as nouns: rjieba does not list its own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from pypinyin.phrases_dict import phrases_dict
from tests import shared
from tests.words import rows

from benchmarks.guides.tables import head, table
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import label_of, recognize_labels
from boxlens.language.segmentation import is_word, segment_chinese
from boxlens.language.tokens import normalize
from boxlens.models.coco_labels import COCO

EXAMPLES = 12


def main() -> None:
    print(head("python -m benchmarks.words", "words that name no class of COCO, read as one") + "\n")
    sets = {
        "nouns of the dictionary": dictionary_nouns(),
        "compounds, tests/words/compounds.txt": {row[0] for row in rows("compounds.txt")},
        "things outside COCO, tests/words/outside_coco.tsv": {name for row in rows("outside_coco.tsv") for name in row},
    }
    if shared.DATA.is_dir():
        sets["nouns of Chinese captions that the dictionary does not hold"] = unheld(caption_words())
        sets["Chinese names of ImageNet that the dictionary does not hold"] = unheld(imagenet("zh"))
        sets["English names of ImageNet"] = set(imagenet("en"))
    columns = ("words", "asked", "read as a class", "%", "wrongly, by hand", "%", "wrong, for example")
    print(table(columns, [(name, *misread(words)) for name, words in sets.items()]))


def misread(words: Collection[str]) -> tuple[str, ...]:
    """How many of the words are read as a class without being one of its names or the name of a kind of it, and of how
    many of these a person says that they are no such thing (tests/words/read_rightly.txt holds the others)."""
    asked = sorted(word for word in words if label_of(word, COCO) is None and not classes_of_kinds(word, COCO))
    read = [(word, labels[0]) for word in asked if (labels := recognize_labels(word, COCO)[0])]
    rightly = {row[0] for row in rows("read_rightly.txt")}
    wrong = [(word, label) for word, label in read if word not in rightly]
    examples = ", ".join(f"{word}: {label}" for word, label in wrong[:: max(1, len(wrong) // EXAMPLES)][:EXAMPLES])
    return (str(len(asked)), *_share(read, asked), *_share(wrong, asked), examples)


def _share(some: Sequence[object], asked: Sequence[object]) -> tuple[str, str]:
    return str(len(some)), f"{100 * len(some) / max(1, len(asked)):.1f}"


def dictionary_nouns() -> set[str]:
    words = {normalize(word) for word in phrases_dict}
    return {word for word in words if len(word) > 1 and is_word(word) and segment_chinese(word)[0].tag.startswith("n")}


def caption_words() -> Iterator[str]:
    """Runs of two to four characters that come again and again in Chinese captions and end as a noun."""
    counts: Counter[str] = Counter()
    for line in (shared.DATA / "text" / "coco-cn_ext.icap2020.txt").read_text("utf-8").splitlines():
        for run in re.findall(r"[\u4e00-\u9fff]+", line):
            words = segment_chinese(run)
            pairs = [a.text + b.text for a, b in pairwise(words) if a.tag[0] == b.tag[0] == "n"]
            counts.update(pair for pair in pairs if len(pair) <= 4)
    return (pair for pair, count in counts.items() if count > 1)


def imagenet(language: str) -> Iterator[str]:
    names = json.loads((shared.DATA / "text" / "imagenet1k_labels_en_zh.json").read_text("utf-8"))
    return (entry[language] for entry in names.values())


def unheld(words: Iterator[str]) -> set[str]:
    return {word for word in words if not is_word(normalize(word))}


if __name__ == "__main__":
    main()
