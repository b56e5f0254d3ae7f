"""Prints what words find on photographs whose boxes and captions are known: several names, captions, nouns.

``python -m benchmarks.photographs [--pack photos] [--animals N] [--before CHECKOUT]`` from the root of the repository,
where ``../shared/data`` is. Without ``--pack`` the detector alone is that of the tests, YOLOX-Nano. ``--before`` runs
the same questions on another checkout of this repository, side by side.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from tests import shared
from tests.model_files.trial_pack import make_test_pack
from tests.samples.drawn import COLLECTION
from tests.words import rows

from benchmarks.boxed_photos import BoxedPhoto, TakenIn, animal_photographs, photographs, take_in_photographs
from benchmarks.earlier import is_earlier
from benchmarks.guides.tables import head, table
from boxlens.domain.answers.hits import Hit
from boxlens.domain.queries import SIGNALS, Query, Signal, TextClause
from boxlens.models.coco_labels import COCO
from boxlens.models.packs.pack import BUNDLED, Pack, RunOptions, load_pack
from boxlens.search.searcher import Searcher

PERSON, AT, FEWEST = "person", 5, 5
Rows = list[tuple[str, ...]]


def main() -> None:
    options = _options()
    pack = _pack(options.pack)
    photos = photographs()
    animals = animal_photographs()[: options.animals]
    what = f"{len(photos)} photographs, and {len(animals)} of animals for the pairs"
    command = " ".join(("python -m benchmarks.photographs", *sys.argv[1:]))
    what += "" if options.pack else ", labels of the tests' YOLOX-Nano"
    print(head(command, what, pack.info if options.pack else None) + "\n", flush=True)
    if options.before is not None:
        _run_elsewhere(options.before.resolve())
    taken, by_looks = take_in_photographs(pack, photos), pack.clip_text is not None
    searcher = taken.searcher
    print(
        table(
            ("captions", "asked", "R@1", "R@5", "R@10", *_MARKS, *_KEPT), captions(searcher, photos, by_looks=by_looks)
        )
        + "\n",
        flush=True,
    )
    print(table(("nouns", "asked", *_MARKS), nouns(searcher, photos)) + "\n", flush=True)
    print(table(("names", "the dearest alone, ms", "together, ms", "times"), cost(searcher)), flush=True)
    together = [pairs(way, taken, photos, signals) for way, signals in _signal_sets(by_looks=by_looks)]
    if animals:
        everything = [*photos, *animals]
        with_animals = take_in_photographs(_detector_alone(pack), everything)
        together.append(pairs("words, animals among them", with_animals, everything, dict.fromkeys(SIGNALS, 1.0)))
    columns = ("person and another class, by", "classes", "P@5", "P@5 at most")
    print("\n" + table(columns, together), flush=True)


_MARKS = ("first hit wrong", "of these not marked weak, %", "first hit right", "not marked weak, %")
_KEPT = ("right before the cut", "of these kept by it, %")


_TOGETHER = (
    ("person", "dog"),
    ("car", "bus"),
    ("person", "dog", "car"),
    ("person", "bicycle", "bus"),
    ("cat", "couch", "book"),
    ("person", "chair", "dining table"),
    ("person", "dog", "car", "bench"),
    ("cup", "bottle", "bowl", "chair"),
)


def captions(searcher: Searcher, photos: Sequence[BoxedPhoto], *, by_looks: bool) -> Rows:
    """Every caption asked by each signal alone and by all; right is the photograph that it was written for."""
    made: Rows = []
    by_language = {
        "English": [(text, photo.name) for photo in photos for text in photo.english],
        "Chinese": [(text, photo.name) for photo in photos for text in photo.chinese],
    }
    for language, asked in by_language.items():
        for name, signals in _signal_sets(by_looks=by_looks):
            answers = [_hits(searcher, text, signals) for text, _ in asked]
            pages = [[_name(hit) for hit in hits] for hits in answers]
            places = [_place(names, own) for names, (_, own) in zip(pages, asked, strict=True)]
            recalls = [f"{np.mean([place < k for place in places]):.3f}" for k in (1, 5, 10)]
            right = [place == 0 for place in places]
            uncut = [_hits(searcher, text, signals, cut=None)[:1] for text, _ in asked]
            before = [[_name(hit) for hit in first] == [own] for first, (_, own) in zip(uncut, asked, strict=True)]
            kept = [good for good, was in zip(right, before, strict=True) if was]
            marks = (*_marks(answers, right), str(len(kept)), _percent(kept))
            made.append((f"{language}, {name}", str(len(asked)), *recalls, *marks))
    return made


def nouns(searcher: Searcher, photos: Sequence[BoxedPhoto]) -> Rows:
    """Names of classes that some boxed photograph shows, and the things outside the classes, which none is known to
    show: each hit of these is wrong."""
    labels = {photo.name: photo.labels for photo in photos if photo.labels is not None}
    shown = set().union(*labels.values())
    inside = [(name, c.id) for c in COCO if c.id in shown for name in (c.en[0], c.zh[0])]
    answers = [_hits(searcher, name, None) for name, _ in inside]
    answers = [[hit for hit in hits if _name(hit) in labels] for hits in answers]
    right = [
        bool(hits) and label in (labels[_name(hits[0])] or ()) for hits, (_, label) in zip(answers, inside, strict=True)
    ]
    outside = [name for row in rows("outside_coco.tsv") for name in row]
    strange = [_hits(searcher, name, None) for name in outside]
    return [
        ("names of classes", str(len(inside)), *_marks(answers, right)),
        ("outside the classes", str(len(outside)), *_marks(strange, [False] * len(outside))),
    ]


def pairs(way: str, taken: TakenIn, photos: Sequence[BoxedPhoto], signals: dict[Signal, float]) -> tuple[str, ...]:
    """ "person B" for every class B of which at least ``FEWEST`` photographs hold both, the photographs boxed alone.

    The last column is the most that a ranking of what the detector sees can be sure of: of as many photographs that
    hold both it sees both.
    """
    labels = {photo.name: photo.labels for photo in photos if photo.labels is not None}
    shares: list[tuple[float, float]] = []
    for label in sorted(set().union(*labels.values()) - {PERSON}):
        both = {name for name, held in labels.items() if {PERSON, label} <= held}
        if len(both) < FEWEST:
            continue
        names = [_name(hit) for hit in _hits(taken.searcher, f"{PERSON} {label}", signals)]
        first = [name for name in names if name in labels][:AT]
        seen = sum({PERSON, label} <= taken.seen[name] for name in both)
        shares.append((sum(name in both for name in first) / AT, min(seen, AT) / AT))
    means = np.mean(shares, axis=0).tolist() if shares else ()
    return way, str(len(shares)), *(f"{mean:.3f}" for mean in means)


def cost(searcher: Searcher) -> Rows:
    """The processor time of a search for several names over the index in memory, beside the dearest of these names
    asked alone; in turns, so that a busy machine meets all alike."""
    made: Rows = []
    for names in _TOGETHER:
        texts = (*names, " ".join(names))
        turns = [[_spent(searcher, text) for text in texts] for _ in range(15)]
        *alone, together = np.median(turns, axis=0).tolist()
        made.append((texts[-1], f"{max(alone):.1f}", f"{together:.1f}", f"{together / max(alone):.2f}"))
    return made


def _spent(searcher: Searcher, text: str) -> float:
    """Milliseconds of this thread: on a busy machine the time on the clock is mostly spent waiting for a processor."""
    start = time.thread_time()
    _hits(searcher, text, None)
    return (time.thread_time() - start) * 1000


def _hits(
    searcher: Searcher, text: str, signals: dict[Signal, float] | None, cut: Literal["auto"] | None = "auto"
) -> list[Hit]:
    weights = signals or dict.fromkeys(SIGNALS, 1.0)
    query = Query((TextClause(text),), size=20, signals=weights, min_relevance=cut, read_text=True)
    return list(searcher.search(COLLECTION, query).hits)


def _signal_sets(*, by_looks: bool) -> list[tuple[str, dict[Signal, float]]]:
    every: dict[Signal, float] = dict.fromkeys(SIGNALS, 1.0)
    words: dict[Signal, float] = {"vit": 0.0, "clip": 0.0, "words": 1.0}
    if not by_looks:
        return [("words", words)]
    return [("words", words), ("clip", {"vit": 0.0, "clip": 1.0, "words": 0.0}), ("fused", every)]


def _marks(answers: Sequence[Sequence[Hit]], right: Sequence[bool]) -> tuple[str, ...]:
    """Of wrong and of right first hits how many there are, and how many are not marked."""
    wrong_first = [hits[0] for hits, good in zip(answers, right, strict=True) if hits and not good]
    right_first = [hits[0] for hits, good in zip(answers, right, strict=True) if hits and good]
    return (
        str(len(wrong_first)),
        _percent([not hit.weak for hit in wrong_first]),
        str(len(right_first)),
        _percent([not hit.weak for hit in right_first]),
    )


def _percent(facts: Sequence[bool]) -> str:
    return f"{100 * np.mean(facts):.0f}" if facts else ""


def _place(names: Sequence[str], right: str) -> int:
    return names.index(right) if right in names else 10**6


def _name(hit: Hit) -> str:
    return hit.image.file_name


def _pack(name: str | None) -> Pack:
    if name is not None:
        return load_pack(BUNDLED / name, RunOptions())
    with tempfile.TemporaryDirectory() as folder:
        return _detector_alone(load_pack(make_test_pack(shared.DATA, Path(folder)), RunOptions()))


def _detector_alone(pack: Pack) -> Pack:
    info = replace(pack.info, vit_dims=None, clip_dims=None)
    return replace(pack, vit=None, clip_image=None, clip_text=None, info=info)


def _run_elsewhere(checkout: Path) -> None:
    """The same questions on another checkout, by this very module. A checkout of before 0.2 has no ``boxlens``."""
    folders = ("embedding-pipeline/src", "minio-proxy/src", ".", "embedding-pipeline")
    here = Path(__file__).resolve().parents[1]
    paths = [*(str(checkout / folder) for folder in folders), str(here)]
    at = sys.argv.index("--before")
    arguments = sys.argv[1:at] + sys.argv[at + 2 :]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "BOXLENS_SHARED_DATA": str(shared.DATA)}
    print("Before:\n", flush=True)
    way = ["-m", "benchmarks.earlier"] if is_earlier(checkout) else [__file__]
    subprocess.run([sys.executable, *way, *arguments], env=environment, cwd=checkout, check=True)
    print("\nAfter:\n", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", help="a bundled pack; else YOLOX-Nano's labels alone")
    parser.add_argument("--animals", type=int, default=10_000, help="photographs of animals for the pairs")
    parser.add_argument("--before", type=Path, help="another checkout to ask the same")
    return parser.parse_args()


if __name__ == "__main__":
    main()
