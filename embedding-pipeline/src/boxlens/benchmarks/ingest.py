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

from boxlens.domain.errors import BadSource
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Stage
from boxlens.ingest.collection_images import CollectionImages
from boxlens.ingest.indexer import Indexer
from boxlens.ingest.sources import references
from boxlens.pipeline.engine import BatchSizes
from boxlens.pipeline.engines import make_engine
from boxlens.pipeline.model_set import ModelSet
from boxlens.pipeline.rows import Crop, Opened
from boxlens.pipeline.stages import Stages
from boxlens.wiring import Boxlens


def bench_ingest(boxlens: Boxlens, folder: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Crops a second of the three ways, and their ratios. OCR is off in all three: it costs the same in each.

    Raises BadSource when no picture of the folder can be opened.
    """
    networks = replace(boxlens.networks, reader=None)
    refs = list(references([str(folder)]))
    progress("Opening pictures and warming up the networks …")
    opened = _opened(boxlens, networks, refs)
    if not opened:
        raise BadSource(f"No picture in {folder} can be opened.", hint="Give a folder of photos.")
    crops = _bare_pass(boxlens, networks, opened)  # the first pass warms up and is thrown away
    progress("The bare networks …")
    bare = _timed(lambda: _bare_pass(boxlens, networks, opened))
    progress("The whole pipeline …")
    stages: list[Stage] = []
    with _scratch(boxlens) as collection:
        whole = _timed(lambda: stages.extend(_pipeline_pass(boxlens, networks, refs, collection)))
    progress("One picture, one crop, one document at a time …")
    with _scratch(boxlens) as collection:
        plain = _timed(lambda: _plain_pass(boxlens, networks, refs, collection))
    rates = {name: crops / seconds for name, seconds in (("bare", bare), ("pipeline", whole), ("plain", plain))}
    return {
        "ways": [
            {"way": name, "crops_per_second": round(rates[key], 1), "seconds": round(crops / rates[key], 2)}
            for key, name in (("bare", "bare networks"), ("pipeline", "pipeline"), ("plain", "one at a time"))
        ],
        "stages": [
            {"stage": stage.name, "items": stage.items, "seconds": round(stage.seconds, 2)}
            for stage in sorted(stages, key=lambda stage: -stage.seconds)
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


def _stages(boxlens: Boxlens, networks: ModelSet, collection: str) -> Stages:
    stored = CollectionImages(boxlens.index, collection)
    return Stages(networks, fetcher=boxlens.fetcher, store=boxlens.store, stored=stored, bucket=boxlens.bucket)


def _opened(boxlens: Boxlens, networks: ModelSet, refs: Sequence[ImageRef]) -> list[Opened]:
    stages = _stages(boxlens, networks, "")
    rows = (stages.open(stages.measure(stages.fetch(ref))) for ref in refs)
    return [row for row in rows if isinstance(row, Opened)]


def _bare_pass(boxlens: Boxlens, networks: ModelSet, opened: Sequence[Opened]) -> int:
    """Detector and encoders in batches over pictures in memory; how many crops there were."""
    chosen = boxlens.settings.pipeline
    crops: list[Pixels] = []
    for rows in _batches(opened, chosen.detect_batch):
        pictures = [row.pixels for row in rows]
        for pixels, objects in zip(pictures, networks.propose(pictures), strict=True):
            crops.extend([pixels, *(networks.cut(pixels, detection.box) for detection in objects)])
    for encoder in (networks.vit, networks.clip):
        if encoder is not None:
            for batch in _batches(crops, chosen.embed_batch):
                encoder.encode_images(batch)
    return len(crops)


def _pipeline_pass(boxlens: Boxlens, networks: ModelSet, refs: Sequence[ImageRef], collection: str) -> list[Stage]:
    """The whole pipeline; what each of its stages took, waiting included: they run side by side."""
    chosen = boxlens.settings.pipeline
    stages = _stages(boxlens, networks, collection)
    sizes = BatchSizes(detect=chosen.detect_batch, embed=chosen.embed_batch)
    engine = make_engine(chosen.engine, stages, sizes)
    indexer = Indexer(boxlens.index, boxlens.pack, lambda stored, clock: engine, chunk_size=chosen.slab)
    report = indexer.ingest(refs, collection=collection)
    return [*stages.clock.stages(), *report.stages]


def _plain_pass(boxlens: Boxlens, networks: ModelSet, refs: Sequence[ImageRef], collection: str) -> None:
    boxlens.writer.create(collection, boxlens.pack)
    stages = _stages(boxlens, networks, collection)
    for ref in refs:
        (row,) = stages.detect([stages.keep(stages.open(stages.measure(stages.skip_stored([stages.fetch(ref)])[0])))])
        for crop in stages.cut(row):
            if isinstance(crop, Crop):
                (embedded,) = stages.embed_clip(stages.embed_vit([crop]))
                assert isinstance(embedded, Crop)
                _write_one(boxlens.index, collection, embedded.object)
    boxlens.index.refresh(collection)


def _write_one(index: ObjectIndex, collection: str, document: IndexedObject) -> None:
    # As its own image, so that the index takes it for one whole write and deletes nothing beside it.
    alone = replace(document, image=replace(document.image, image_id=uuid.uuid4().hex * 2), number=0, kind="frame")
    for result in index.write(collection, [alone]):
        assert result.ok, result.reason


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@contextmanager
def _scratch(boxlens: Boxlens) -> Iterator[str]:
    """A collection for the length of the block."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    boxlens.writer.create(name, boxlens.pack)
    try:
        yield name
    finally:
        boxlens.writer.drop(name)
