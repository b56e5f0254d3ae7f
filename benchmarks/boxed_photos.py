"""Photographs with known boxes and captions, taken into an index in memory, for the commands that measure words.

``../shared/data`` holds them (``tests.shared``): photos, photo_sets/coco and those of photo_sets/animal_pose of which
every class is boxed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import shared
from tests.samples.drawn import COLLECTION, networks, take_in

from boxlens.domain.filters import Filter
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.packs.pack import Pack
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher

_VOC = {
    "sofa": "couch",
    "tvmonitor": "tv",
    "diningtable": "dining table",
    "pottedplant": "potted plant",
    "motorbike": "motorcycle",
    "aeroplane": "airplane",
}


@dataclass(frozen=True, slots=True)
class BoxedPhoto:
    """A photograph: the classes that people have drawn boxes around, by their COCO names (None: nobody has), and its
    captions."""

    path: Path
    labels: frozenset[str] | None
    english: tuple[str, ...]
    chinese: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.name


def photographs() -> list[BoxedPhoto]:
    """The photos and photo_sets/coco."""
    photos = [
        BoxedPhoto(
            shared.PHOTOS / name,
            frozenset(box["label"] for box in entry["boxes"]) if entry["boxes"] else None,
            tuple(entry["captions_en"]),
            tuple(entry.get("captions_zh") or ()),
        )
        for name, entry in shared.manifest().items()
    ]
    return [*photos, *_photo_set("coco")]


def animal_photographs() -> list[BoxedPhoto]:
    """Those of photo_sets/animal_pose that come from VOC 2012, whose boxes are of all its classes."""
    return [photo for photo in _photo_set("animal_pose") if photo.name.startswith("20")]


def _photo_set(name: str) -> Iterator[BoxedPhoto]:
    folder = shared.DATA / "photo_sets" / name
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        labels = [_VOC.get(box[4], box[4]) for box in row.get("boxes", ())]
        yield BoxedPhoto(
            folder / row["file"],
            frozenset(labels) if labels else None,
            tuple(row.get("captions_en", ())),
            tuple(row.get("captions_zh", ())),
        )


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A searcher over photographs, and by the name of each the labels of the objects that the detector sees in it."""

    searcher: Searcher
    seen: Mapping[str, frozenset[str]]


def take_in_photographs(pack: Pack, photos: Sequence[BoxedPhoto]) -> TakenIn:
    """The photographs, taken in by the pack's networks into the collection of ``tests.samples.drawn``, in memory."""
    nets = networks(pack)
    index = InMemoryIndex()
    take_in(index, pack.info, nets, [ImageRef(photo.name, data=photo.path.read_bytes()) for photo in photos])
    return TakenIn(Searcher(index, pack.info, QueryPipeline(nets), pack.clip_text, pack.labels), labels_seen(index))


def labels_seen(index: InMemoryIndex) -> dict[str, frozenset[str]]:
    """The labels of each photograph's objects by its name."""
    objects = index.objects(COLLECTION, [entry.object_id for entry in index.matching(COLLECTION, Filter(), 10**9)])
    seen: dict[str, set[str]] = {}
    for stored in objects:
        seen.setdefault(stored.image.file_name, set()).add(stored.label)
    return {name: frozenset(labels) for name, labels in seen.items()}
