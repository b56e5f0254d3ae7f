"""Prints the table of docs/evaluation.md on how the signals are weighed: each ranking alone, and fused.

``python -m benchmarks.fusion`` from the root of the repository. The photos of ``tests/shared.py`` are one row more,
where they are.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import numpy as np
from tests import shared
from tests.model_files.trial_pack import make_test_pack
from tests.samples.drawn import COLLECTION, FOLDER, Drawn, best_names, drawn_world, networks, take_in

from benchmarks.guides.tables import head, table
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import SIGNALS, Clause, ObjectClause, Query, Signal, TextClause
from boxlens.domain.references import ImageRef
from boxlens.evaluation.evaluator import DEPTH
from boxlens.evaluation.metrics import RIGHT_BOX, Answered, quality
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.packs.pack import Pack, RunOptions, load_pack
from boxlens.pipeline.annotations import apply_metadata
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.samples.making import sample_scenes
from boxlens.search.scoring import fuse as fusion
from boxlens.search.scoring.fusion_weights import EXAMPLE, TEXT
from boxlens.search.searcher import Searcher

SCENES, SEED, QUESTIONS = 300, 11, 150
EQUAL: dict[Signal, float] = {"clip": 1 / TEXT["clip"], "words": 1 / TEXT["words"], "vit": 0.0}
EQUAL_EXAMPLE: dict[Signal, float] = {"clip": 1 / EXAMPLE["clip"], "vit": 1 / EXAMPLE["vit"], "words": 0.0}
T = TypeVar("T")
Question = tuple[Clause, Collection[str], str]  # what is asked, the files that are right, and one that does not count


def main() -> None:
    pack = load_pack(FOLDER)
    index = InMemoryIndex()
    drawn = drawn_world(index, sample_scenes(SCENES, SEED))
    what = f"{QUESTIONS} questions of {SCENES} generated scenes, mean recall of exact rankings"
    print(head("python -m benchmarks.fusion", what, pack.info) + "\n", flush=True)
    rows = [
        ("names of things, Chinese", drawn.search, COLLECTION, named(drawn, "zh")),
        ("names of things, English", drawn.search, COLLECTION, named(drawn, "en")),
        ("Chinese, three in ten things tagged", drawn.search, tagged(index, drawn, 0.3), named(drawn, "zh")),
        ("Chinese, all things tagged", drawn.search, tagged(index, drawn, 1.0), named(drawn, "zh")),
        ("an object as the example", drawn.search, COLLECTION, examples(index, drawn)),
    ]
    if shared.PHOTOS.is_dir():
        rows.append(photos(pack))
    columns = ("set", "questions", "CLIP", "words", "ViT", "fused", "equal weights, constant 60")
    print(table(columns, [table_row(*row) for row in rows]))


def table_row(name: str, search: Searcher, collection: str, questions: Sequence[Question]) -> tuple[str, ...]:
    """Mean recall of each signal alone, of all as they are set, and of all as the paper has them."""
    by_words = isinstance(questions[0][0], TextClause)
    alone: dict[Signal, str] = {"vit": "", "clip": "", "words": ""}
    for signal in ("clip", "words") if by_words else ("clip", "vit"):
        only = {other: float(other == signal) for other in SIGNALS}
        alone[signal] = _mean_recall(search, collection, questions, only)
    fused = _mean_recall(search, collection, questions, dict.fromkeys(SIGNALS, 1.0))
    with patch.object(fusion, "RANK_CONSTANT", 60):
        equal = _mean_recall(search, collection, questions, EQUAL if by_words else EQUAL_EXAMPLE)
    return (name, str(len(questions)), alone["clip"], alone["words"], alone["vit"], fused, equal)


def _mean_recall(
    search: Searcher, collection: str, questions: Sequence[Question], signals: Mapping[Signal, float]
) -> str:
    answers = []
    for clause, right, own in questions:
        hits = search.search(collection, Query((clause,), size=DEPTH, signals=signals)).hits
        file_names = [hit.image.file_name for hit in hits if hit.image.file_name != own]
        places = {name: i for i, name in enumerate({*file_names, *right})}
        answers.append(Answered(0, [places[name] for name in file_names], {places[name] for name in right}))
    return f"{quality('', answers).mean_recall:.3f}"


def named(drawn: Drawn, language: str) -> list[Question]:
    """Things by their best names; right are the scenes that show them."""
    names, things_shown = best_names(language), _things_by_picture(drawn)
    return [(TextClause(names[thing]), things_shown[thing], "") for thing in _some(sorted(things_shown))]


def tagged(index: InMemoryIndex, drawn: Drawn, share: float) -> str:
    """A copy of the collection in which so many of the things shown are tags of their scene; its name."""
    rng, names, name = np.random.default_rng(4), best_names("zh"), f"tagged-{100 * share:.0f}"
    index.create(name, load_pack(FOLDER).info)
    for objects in _stored(index):
        scene = drawn.scenes[objects[0].image.file_name]
        tags = tuple(names[o.thing_id] for o in scene.objects if rng.random() < share)
        assert all(result.ok for result in index.write(name, apply_metadata(objects, ImageRef("", tags=tags))))
    return name


def examples(index: InMemoryIndex, drawn: Drawn) -> list[Question]:
    """Stored objects, one of a scene, that lie on a thing which other scenes show too."""
    things_shown, questions = _things_by_picture(drawn), []
    for objects in _some(_stored(index)):
        name = objects[0].image.file_name
        for stored in objects[1:]:
            on = [o.thing_id for o in drawn.scenes[name].objects if o.box.iou(stored.box) >= RIGHT_BOX]
            if on and len(things_shown[on[0]]) > 1:
                questions.append((ObjectClause(stored.object_id), things_shown[on[0]] - {name}, name))
                break
    return questions


def photos(demo: Pack) -> tuple[str, Searcher, str, list[Question]]:
    """Photos by the names of what people have drawn boxes around: labels of YOLOX-Nano beside a CLIP that has never
    seen a photo."""
    entries = {name: entry for name, entry in shared.manifest().items() if entry["boxes"]}
    with tempfile.TemporaryDirectory() as folder:
        detector = load_pack(make_test_pack(shared.DATA, Path(folder)), RunOptions()).detector
    assert detector is not None
    nets = replace(networks(demo), detector=detector, vit=None)
    info = replace(demo.info, vit_dims=None)
    index = InMemoryIndex()
    take_in(index, info, nets, [ImageRef(name, data=(shared.PHOTOS / name).read_bytes()) for name in entries])
    search = Searcher(index, info, QueryPipeline(nets), demo.clip_text, detector.labels)
    right: dict[str, set[str]] = defaultdict(set)
    for name, entry in entries.items():
        for box in entry["boxes"]:
            right[box["label"]].add(name)
    questions: list[Question] = [(TextClause(label), right[label], "") for label in sorted(right)]
    return (f"{len(entries)} photos, English names, labels of YOLOX-Nano", search, COLLECTION, questions)


def _things_by_picture(drawn: Drawn) -> dict[str, set[str]]:
    """The scenes that show each thing."""
    by_picture: dict[str, set[str]] = defaultdict(set)
    for name, scene in drawn.scenes.items():
        for drawn_thing in scene.objects:
            by_picture[drawn_thing.thing_id].add(name)
    return by_picture


def _stored(index: InMemoryIndex) -> list[list[IndexedObject]]:
    """The objects of every image, the frame first."""
    frames = index.matching(COLLECTION, Filter((Condition("kind", any_of=("frame",)),)), SCENES)
    return [index.image(COLLECTION, frame.image_id, vectors=True) for frame in frames]


def _some(all_of_them: Sequence[T]) -> list[T]:
    chosen = np.random.default_rng(2).permutation(len(all_of_them))[:QUESTIONS]
    return [all_of_them[i] for i in chosen]


if __name__ == "__main__":
    main()
