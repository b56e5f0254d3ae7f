"""Small stand-ins for networks and servers that really compute: blocks of pure colour are found and told apart."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import NotFound, ProxyAway
from boxlens.domain.objects import Detection, LabelName, TextLine, Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import ObjectIndex, StoredBytes
from boxlens.ingest.indexer import Indexer
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines.sequential import SequentialEngine
from boxlens.pipeline.model_set import Limits, ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.records.records import Records
from boxlens.search.searcher import Searcher

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 40), "blue": (30, 60, 220), "yellow": (240, 220, 30)}
LABELS = (
    LabelName("red", ("red",), ("红",)),
    LabelName("green", ("green",), ("绿",)),
    LabelName("blue", ("blue",), ("蓝",)),
    LabelName("yellow", ("yellow", "amber"), ("黄",)),
)
PACK = PackInfo("blocks", "1" * 64, 12, 12)
LIMITS = Limits(min_area_share=0.001, min_side=4, max_objects=50, max_pixels=4_000_000)


def scene(*blocks: tuple[str, Box], size: tuple[int, int] = (160, 120), seed: int = 0) -> Pixels:
    """A grey picture of (width, height) with blocks of colour; the seed makes it a picture of its own."""
    noise = np.random.default_rng(seed).integers(118, 138, (size[1], size[0], 1), dtype=np.uint8)
    pixels = np.repeat(noise, 3, axis=2)
    for colour, box in blocks:
        pixels[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] = COLOURS[colour]
    return pixels


def png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class BlockDetector:
    """Finds the bounding box of each known colour. ``poison``: a batch with a picture of this width fails."""

    labels: Sequence[LabelName] = LABELS

    def __init__(self, poison: int | None = None) -> None:
        self.poison = poison
        self.batches: list[int] = []

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        self.batches.append(len(pictures))
        if any(p.shape[1] == self.poison for p in pictures):
            raise ValueError("poisoned picture")
        return [self._blocks(p) for p in pictures]

    @staticmethod
    def _blocks(pixels: Pixels) -> list[Detection]:
        detections = []
        for name, colour in COLOURS.items():
            ys, xs = np.nonzero((pixels == colour).all(axis=2))
            if len(xs):
                box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
                detections.append(Detection(box, name, 0.9))
        return detections


class HistogramEncoder:
    """Twelve-bin colour histogram as a unit vector; counts its batches."""

    dims = 12

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode_images(self, pictures: Sequence[Pixels]) -> Vector:
        self.batches.append(len(pictures))
        rows = [
            np.concatenate([np.histogram(p[..., c], bins=4, range=(0, 256))[0] for c in range(3)]) for p in pictures
        ]
        features = np.asarray(rows, np.float32) + 1e-3
        unit: Vector = features / np.linalg.norm(features, axis=1, keepdims=True)
        return unit

    def shrunk(self, picture: Pixels) -> Pixels:
        return picture.copy()

    def encode_shrunk(self, pictures: Sequence[Pixels]) -> Vector:
        return self.encode_images(pictures)


class MirroredEncoder(HistogramEncoder):
    """Another space of the same size: the histogram backwards."""

    def encode_images(self, pictures: Sequence[Pixels]) -> Vector:
        return super().encode_images(pictures)[:, ::-1].copy()


class ColourWords:
    """Texts to the histogram of the colour they name: the text side of the histogram space."""

    dims = 12

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        encoder = HistogramEncoder()
        named = {name: l.id for l in LABELS for name in (*l.en, *l.zh)}  # noqa: E741
        blocks = [
            np.full((8, 8, 3), next((COLOURS[named[n]] for n in named if n in text), (128, 128, 128)), np.uint8)
            for text in texts
        ]
        return encoder.encode_images(blocks)


class FixedReader:
    """Reads the same lines in every picture."""

    def __init__(self, *lines: TextLine) -> None:
        self.lines = list(lines)

    def read(self, picture: Pixels) -> list[TextLine]:
        return self.lines


class MemoryStore:
    """Picture bytes in a dict; ``away`` makes every call fail as a stopped minio-proxy would."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], bytes] = {}
        self.away = False
        self._lock = threading.Lock()

    def _check(self) -> None:
        if self.away:
            raise ProxyAway("minio-proxy does not answer.")

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        self._check()
        with self._lock:
            self.held[bucket, key] = data

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        self.put(bucket, key, path.read_bytes(), "")

    def get(self, bucket: str, key: str) -> bytes:
        self._check()
        try:
            return self.held[bucket, key]
        except KeyError:
            raise NotFound(f"{bucket}/{key} is not stored.") from None

    def stat(self, bucket: str, key: str) -> StoredBytes | None:
        self._check()
        data = self.held.get((bucket, key))
        return None if data is None else StoredBytes(len(data), datetime.now(UTC))

    def delete(self, bucket: str, key: str) -> None:
        self.held.pop((bucket, key), None)

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]:
        yield from sorted(k for b, k in self.held if b == bucket and k.startswith(prefix))

    def url(self, bucket: str, key: str, *, width: int | None = None, box: Box | None = None) -> str:
        return f"http://127.0.0.1/file/{bucket}/{key}" + (f"?w={width}" if width else "")


class NoFetcher:
    """Reaches no address."""

    def fetch(self, uri: str) -> bytes:
        raise NotFound(f"{uri} is not served in this test.")


def networks(**changes: object) -> ModelSet:
    parts: dict[str, object] = {
        "detector": BlockDetector(),
        "vit": HistogramEncoder(),
        "clip": HistogramEncoder(),
        "reader": None,
        "limits": LIMITS,
    }
    return ModelSet(**(parts | changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Shelf:
    """A library of the parts of a test."""

    index: ObjectIndex
    store: MemoryStore
    bucket: str = "pictures"

    @cached_property
    def writer(self) -> RecordedWriter:
        return RecordedWriter(self.index, Records(self.store))


def indexer(index: ObjectIndex, nets: ModelSet, store: MemoryStore, *, chunk_size: int = 4) -> Indexer:
    def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
        stages = Stages(nets, fetcher=NoFetcher(), store=store, stored=stored, bucket="pictures", clock=clock)
        return SequentialEngine(stages, BatchSizes(detect=2, embed=8))

    return Indexer(index, PACK, engine_for, chunk_size=chunk_size, deletions=DeletedIds(store))


def searcher(index: ObjectIndex, nets: ModelSet) -> Searcher:
    return Searcher(index, PACK, QueryPipeline(nets), ColourWords(), LABELS)
