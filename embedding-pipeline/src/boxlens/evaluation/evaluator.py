"""A data set against a collection that holds its pictures: asked as people ask, and exactly, side by side."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from boxlens.domain.answers.hits import Answer
from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource
from boxlens.domain.objects import object_id
from boxlens.domain.ports import SearchIndex, TextEncoder
from boxlens.domain.queries import SIGNALS, Clause, ObjectClause, Query, Signal, TextClause, VectorQuery
from boxlens.domain.references import ImageRef
from boxlens.evaluation.exact_vectors import ExactVectors, ranked_rows, read_vectors
from boxlens.evaluation.metrics import Answered, Quality, ann_recall, percentiles, predictions, quality, truth
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText

DEPTH = 20  # the deepest rank that is looked at
_ANN_DEPTH = 10
_PROBES = 200
_SEED = 7

Progress = Callable[[str], None]
Counts = dict[str, int | float]
Probe = tuple[EvalText, frozenset[int], str]  # what it shows, the pictures it is in, its object id


class Searches(Protocol):
    def search(self, collection: str, query: Query) -> Answer: ...


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What is measured: an index with the pictures of the set in it, and the search over it."""

    index: SearchIndex
    searcher: Searches
    texts: TextEncoder | None
    collection: str


@dataclass(slots=True)
class Evaluation:
    """What was measured. ``lines`` holds files of predictions by name, in cn_clip's format."""

    name: str
    images: int
    texts: int
    tables: dict[str, list[Quality]] = field(default_factory=dict)
    ann: dict[str, float] = field(default_factory=dict)
    absent: Counts = field(default_factory=dict)
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    lines: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "set": self.name,
            "images": self.images,
            "texts": self.texts,
            "rankings": {title: [row.as_dict() for row in rows] for title, rows in self.tables.items()},
            "ann_recall@10": self.ann,
            "absent": self.absent,
            "latency_ms": self.latency,
        }


def references(images: Sequence[EvalImage]) -> Iterator[ImageRef]:
    """The pictures of a set as something to take in; their captions are the questions and are left out."""
    for image in images:
        yield ImageRef(f"{image.path}#{image.id}", data=image.read(), file_name=image.path.name)


def sampled(chosen: EvalSet, limit: int | None) -> tuple[EvalText, ...]:
    """All texts, or ``limit`` of them, the same ones every time."""
    if limit is None or limit >= len(chosen.texts):
        return chosen.texts
    picks = random.Random(_SEED).sample(range(len(chosen.texts)), limit)
    return tuple(chosen.texts[i] for i in sorted(picks))


def evaluate(
    setting: Setting,
    chosen: EvalSet,
    *,
    limit: int | None = None,
    pictures: int = 0,
    progress: Progress = lambda text: None,
) -> Evaluation:
    """Measure everything the set and the pack allow; ``pictures`` asks with so many stored objects as examples too.

    Raises BadSource when the collection lacks pictures of the set, or holds others.
    """
    ids_by_image = _ids_by_image(setting, chosen)
    texts = sampled(chosen, limit)
    done = Evaluation(chosen.name, len(chosen.images), len(texts))
    laps: dict[str, list[float]] = {}
    clip = read_vectors(setting.index, setting.collection, "clip")
    for group in sorted({text.group for text in texts}):
        group_texts = [text for text in texts if text.group == group]
        done.tables[f"text to image, {group}"] = _text_to_image(
            setting, ids_by_image, group_texts, clip, done, laps, progress
        )
    if clip is not None and setting.texts is not None:
        progress("Pictures to texts …")
        done.tables["image to text"] = [_image_to_text(setting, ids_by_image, texts, clip, done)]
    if probes := _probes(setting, ids_by_image, texts, pictures):
        done.tables["object to image"] = _object_to_image(setting, ids_by_image, probes, progress)
    if clip is not None:
        done.ann["clip"] = round(_ann(setting, clip, "clip"), 4)
    if (vit := read_vectors(setting.index, setting.collection, "vit")) is not None:
        done.ann["vit"] = round(_ann(setting, vit, "vit"), 4)
    if chosen.absent:
        progress("Things that are not there …")
        done.absent = _absent(setting, chosen, texts, ids_by_image)
    done.latency = {stage: percentiles(values) for stage, values in laps.items()}
    return done


def _ids_by_image(setting: Setting, chosen: EvalSet) -> dict[str, list[int]]:
    """Ids of the set by stored image id: two of its pictures may be the same bytes."""
    ids_by_image: dict[str, list[int]] = {}
    for image in chosen.images:
        ids_by_image.setdefault(hashlib.sha256(image.read()).hexdigest(), []).append(image.id)
    stored: set[str] = set()
    image_ids = list(ids_by_image)
    for start in range(0, len(image_ids), 500):
        stored |= setting.index.stored(setting.collection, image_ids[start : start + 500]).keys()
    others = setting.index.info(setting.collection).images - len(stored)
    if others or len(stored) < len(ids_by_image):
        raise BadSource(
            f"{setting.collection} holds {len(stored)} of the {len(ids_by_image)} pictures of the set, "
            f"and {others} more.",
            hint="Recall is only true over the pictures of the set alone: leave -c out, or name a new collection.",
        )
    return ids_by_image


def _text_to_image(
    setting: Setting,
    ids_by_image: Mapping[str, list[int]],
    texts: Sequence[EvalText],
    clip: ExactVectors | None,
    done: Evaluation,
    laps: dict[str, list[float]],
    progress: Progress,
) -> list[Quality]:
    rows = []
    for name, signals in _signal_sets(clip is not None and setting.texts is not None):
        progress(f"{len(texts):,} texts ({texts[0].group}), {name} …")
        answers = []
        for text in texts:
            answer = setting.searcher.search(setting.collection, _query(TextClause(text.text), signals, DEPTH))
            answers.append(_answered(text, answer, ids_by_image))
            if signals is None:
                for stage, value in answer.took_ms.items():
                    laps.setdefault(stage, []).append(value)
        rows.append(quality(f"{name}, served", answers))
        if signals is None:
            stem = f"text_to_image.{texts[0].group.replace(' ', '_')}"
            done.lines[f"{stem}.predictions.jsonl"] = predictions(answers, "text_id", "image_ids")
            done.lines[f"{stem}.answers.jsonl"] = truth(answers, "text_id", "image_ids")
    if clip is not None and setting.texts is not None:
        vectors = setting.texts.encode_texts([text.text for text in texts])
        for name, frames_only in (("clip, exact", False), ("clip of whole images, exact", True)):
            exact = [
                _exactly(text, clip.ranked_images(vector, DEPTH, frames_only=frames_only), ids_by_image)
                for text, vector in zip(texts, vectors, strict=True)
            ]
            rows.append(quality(name, exact))
    return rows


def _signal_sets(with_clip: bool) -> list[tuple[str, dict[Signal, float] | None]]:
    """The search as it is set, then each signal of texts alone."""
    signal_sets: list[tuple[str, dict[Signal, float] | None]] = [("fused", None), ("words", _alone("words"))]
    return [*signal_sets, ("clip", _alone("clip"))] if with_clip else signal_sets


def _alone(signal: Signal) -> dict[Signal, float]:
    return {name: float(name == signal) for name in SIGNALS}


def _query(clause: Clause, signals: dict[Signal, float] | None, size: int) -> Query:
    return Query((clause,), size=size) if signals is None else Query((clause,), signals=signals, size=size)


def _answered(text: EvalText, answer: Answer, ids_by_image: Mapping[str, list[int]]) -> Answered:
    ranked = [(i, hit.objects[0].object.box) for hit in answer.hits for i in ids_by_image[hit.image.image_id]]
    return _with_box(text, ranked)


def _exactly(text: EvalText, ranked: Sequence[tuple[str, Box]], ids_by_image: Mapping[str, list[int]]) -> Answered:
    return _with_box(text, [(i, box) for image_id, box in ranked for i in ids_by_image[image_id]])


def _with_box(text: EvalText, ranked: Sequence[tuple[int, Box]]) -> Answered:
    first, box = ranked[0] if ranked else (None, None)
    true = text.boxes.get(first, ()) if first is not None else ()
    return Answered(text.id, [i for i, _ in ranked], text.image_ids, box, true)


def _image_to_text(
    setting: Setting,
    ids_by_image: Mapping[str, list[int]],
    texts: Sequence[EvalText],
    clip: ExactVectors,
    done: Evaluation,
) -> Quality:
    """Each picture's whole-image vector, as the index holds it, against every text. Only pictures with a text count."""
    assert setting.texts is not None
    right: dict[int, set[int]] = {}
    for text in texts:
        for image_id in text.image_ids:
            right.setdefault(image_id, set()).add(text.id)
    encoded = setting.texts.encode_texts([text.text for text in texts])
    answers = []
    for stored, row in zip(clip.images, ranked_rows(clip.frame_vectors, encoded, DEPTH), strict=True):
        ranked = [texts[i].id for i in row]
        answers += [Answered(i, ranked, frozenset(right[i])) for i in ids_by_image[stored] if i in right]
    done.lines["image_to_text.predictions.jsonl"] = predictions(answers, "image_id", "text_ids")
    done.lines["image_to_text.answers.jsonl"] = truth(answers, "image_id", "text_ids")
    return quality("clip of whole images, exact", answers)


def _object_to_image(
    setting: Setting, ids_by_image: Mapping[str, list[int]], probes: Sequence[Probe], progress: Progress
) -> list[Quality]:
    """A stored object of a named thing as the example: other pictures of that thing are right."""
    rows = []
    signal_sets: list[tuple[str, dict[Signal, float] | None]] = [
        ("fused", None), ("vit", _alone("vit")), ("clip", _alone("clip")),
    ]  # fmt: skip
    for name, signals in signal_sets:
        progress(f"{len(probes):,} objects, {name} …")
        answers = []
        for text, own, example in probes:
            answer = setting.searcher.search(setting.collection, _query(ObjectClause(example), signals, DEPTH + 1))
            ranked = [
                (i, hit.objects[0].object.box)
                for hit in answer.hits
                for i in ids_by_image[hit.image.image_id]
                if i not in own
            ]
            others = EvalText(text.id, text.text, text.image_ids - own, text.boxes, text.group)
            answers.append(_with_box(others, ranked))
        rows.append(quality(f"{name}, served", answers))
    return rows


def _probes(
    setting: Setting, ids_by_image: Mapping[str, list[int]], texts: Sequence[EvalText], count: int
) -> list[Probe]:
    """Stored objects that lie on a true box of a thing which other pictures show too; one a thing and picture."""
    of_id = {i: stored for stored, ids in ids_by_image.items() for i in ids}
    first_group = next((text.group for text in texts if text.boxes), "")
    named = [text for text in texts if text.group == first_group and len(text.image_ids) > 1]
    pairs = [(text, i) for text in named for i in sorted(text.boxes)]
    random.Random(_SEED).shuffle(pairs)
    probes: list[Probe] = []
    for text, image in pairs:
        if len(probes) == count:
            break
        own = frozenset(ids_by_image[of_id[image]])
        objects = setting.index.image(setting.collection, of_id[image])[1:]
        best = max(((o.box.iou(box), o.number) for o in objects for box in text.boxes[image]), default=(0.0, 0))
        if best[0] >= 0.5 and text.image_ids - own:
            probes.append((text, own, object_id(of_id[image], best[1])))
    return probes


def _ann(setting: Setting, vectors: ExactVectors, signal: Literal["vit", "clip"]) -> float:
    """How many of the exact ten nearest the index finds, for stored objects as probes."""
    rows = random.Random(_SEED).sample(range(len(vectors.object_ids)), min(_PROBES, len(vectors.object_ids)))
    shares = []
    for row in rows:
        probe = vectors.vectors[row]
        (near,) = setting.index.search(setting.collection, [VectorQuery(signal, probe, _ANN_DEPTH)])
        shares.append(ann_recall(near, vectors.nearest(probe, _ANN_DEPTH)))
    return sum(shares) / len(shares)


def _absent(
    setting: Setting, chosen: EvalSet, texts: Sequence[EvalText], ids_by_image: Mapping[str, list[int]]
) -> Counts:
    """For things no picture shows: how many answers are empty, or mark all they show as weak. For as many things that
    are there: how many keep a right picture that is found when nothing is cut."""
    empty = flagged = 0
    for words in chosen.absent:
        hits = setting.searcher.search(setting.collection, _usual(words)).hits
        empty += not hits
        flagged += bool(hits) and all(hit.weak for hit in hits)
    present = present_kept = 0
    for text in random.Random(_SEED).sample(list(texts), min(len(texts), len(chosen.absent))):
        uncut = setting.searcher.search(setting.collection, replace(_usual(text.text), min_relevance=None))
        if _right(text, uncut, ids_by_image):
            present += 1
            present_kept += _right(text, setting.searcher.search(setting.collection, _usual(text.text)), ids_by_image)
    count = len(chosen.absent)
    counts: Counts = {"asked": count, "empty": round(empty / count, 4), "flagged": round(flagged / count, 4)}
    return counts | {"present": present, "present_kept": round(present_kept / max(1, present), 4)}


def _usual(words: str) -> Query:
    """A search as the API makes it, with relevance cut at the usual place."""
    return Query((TextClause(words),), size=DEPTH, min_relevance="auto")


def _right(text: EvalText, answer: Answer, ids_by_image: Mapping[str, list[int]]) -> bool:
    return any(i in text.image_ids for hit in answer.hits for i in ids_by_image[hit.image.image_id])
