"""The cost of the pipeline around the models, measured side by side in one run.

Three ways take the same pictures: the bare networks over crops already cut; the whole pipeline with fetch, decode,
store and index; and a plain loop of one picture, one crop a call, one document a request.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedding_pipeline.domain import ImageRef, IndexedObject, Pixels
from embedding_pipeline.errors import BadSource
from embedding_pipeline.ingest.indexing import CollectionImages, Indexer
from embedding_pipeline.ingest.sources import references
from embedding_pipeline.pipeline.graph import IngestPipeline
from embedding_pipeline.pipeline.networks import Networks
from embedding_pipeline.pipeline.rows import Crop, Opened
from embedding_pipeline.pipeline.stages import Stages
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.wiring import Boxlens


def bench_ingest(boxlens: Boxlens, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Crops a second of the three ways, and their ratios. OCR is off in all three: it costs the same in each.

    Raises BadSource when no picture of the folder can be opened.
    """
    networks = replace(boxlens.networks, reader=None)
    refs = list(references([str(folder)]))
    say("Opening pictures and warming up the networks …")
    opened = _opened(boxlens, networks, refs)
    if not opened:
        raise BadSource(f"No picture in {folder} can be opened.", hint="Give a folder of photos.")
    crops = _bare_pass(boxlens, networks, opened)  # the first pass warms up and is thrown away
    say("The bare networks …")
    bare = _timed(lambda: _bare_pass(boxlens, networks, opened))
    say("The whole pipeline …")
    with _scratch(boxlens) as collection:
        whole = _timed(lambda: _pipeline_pass(boxlens, networks, refs, collection))
    say("One picture, one crop, one document at a time …")
    with _scratch(boxlens) as collection:
        plain = _timed(lambda: _plain_pass(boxlens, networks, refs, collection))
    rates = {name: crops / seconds for name, seconds in (("bare", bare), ("pipeline", whole), ("plain", plain))}
    return {
        "ways": [
            {"way": name, "crops_per_second": round(rates[key], 1), "seconds": round(crops / rates[key], 2)}
            for key, name in (("bare", "bare networks"), ("pipeline", "pipeline"), ("plain", "one at a time"))
        ],
        "pipeline over bare networks": round(rates["pipeline"] / rates["bare"], 3),
        "pipeline over one at a time": round(rates["pipeline"] / rates["plain"], 3),
        "pictures": len(opened),
        "crops": crops,
        "pack": boxlens.pack.name,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _stages(boxlens: Boxlens, networks: Networks, collection: str) -> Stages:
    known = CollectionImages(boxlens.index, collection)
    return Stages(networks, fetcher=boxlens.fetcher, store=boxlens.store, known=known, bucket=boxlens.bucket)


def _opened(boxlens: Boxlens, networks: Networks, refs: Sequence[ImageRef]) -> list[Opened]:
    stages = _stages(boxlens, networks, "")
    rows = (stages.open(stages.fetch(ref)) for ref in refs)
    return [row for row in rows if isinstance(row, Opened)]


def _bare_pass(boxlens: Boxlens, networks: Networks, opened: Sequence[Opened]) -> int:
    """Detector and encoders in batches over pictures in memory; how many crops there were."""
    chosen = boxlens.settings.pipeline
    crops: list[Pixels] = []
    for rows in _batches(opened, chosen.detect_batch):
        pictures = [row.pixels for row in rows]
        for pixels, objects in zip(pictures, networks.find(pictures), strict=True):
            crops.extend([pixels, *(networks.cut(pixels, found.box) for found in objects)])
    for encoder in (networks.vit, networks.clip):
        if encoder is not None:
            for batch in _batches(crops, chosen.embed_batch):
                encoder.encode_images(batch)
    return len(crops)


def _pipeline_pass(boxlens: Boxlens, networks: Networks, refs: Sequence[ImageRef], collection: str) -> None:
    chosen = boxlens.settings.pipeline
    stages = _stages(boxlens, networks, collection)
    pipeline = IngestPipeline(stages, detect_batch=chosen.detect_batch, embed_batch=chosen.embed_batch)
    indexer = Indexer(boxlens.index, boxlens.pack, lambda known, clock: pipeline, slab=chosen.slab)
    indexer.ingest(refs, collection=collection)


def _plain_pass(boxlens: Boxlens, networks: Networks, refs: Sequence[ImageRef], collection: str) -> None:
    boxlens.index.create(collection, boxlens.pack)
    stages = _stages(boxlens, networks, collection)
    for ref in refs:
        (row,) = stages.detect([stages.keep(stages.open(stages.sort_known([stages.fetch(ref)])[0]))])
        for crop in stages.cut(row):
            if isinstance(crop, Crop):
                (embedded,) = stages.embed_clip(stages.embed_vit([crop]))
                assert isinstance(embedded, Crop)
                _write_one(boxlens.index, collection, embedded.object)
    boxlens.index.refresh(collection)


def _write_one(index: ObjectIndex, collection: str, found: IndexedObject) -> None:
    # As its own image, so that the index takes it for one whole write and deletes nothing beside it.
    alone = replace(found, image=replace(found.image, image_id=uuid.uuid4().hex * 2), number=0, kind="frame")
    for result in index.write(collection, [alone]):
        assert result.ok, result.reason


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@contextmanager
def _scratch(boxlens: Boxlens) -> Iterator[str]:
    """A collection for the length of the block."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    boxlens.index.create(name, boxlens.pack)
    try:
        yield name
    finally:
        boxlens.index.drop(name)
