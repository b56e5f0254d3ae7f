"""A collection of generated scenes, taken in by the real pipeline with the bundled pack, and what each one shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from tests.parts import MemoryStore, NoFetcher

from boxlens.domain.answers.hits import Hit
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import Unavailable
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.references import ImageRef
from boxlens.ingest.indexer import Indexer
from boxlens.models.packs.pack import BUNDLED, Pack, RunOptions, load_pack
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines.sequential import SequentialEngine
from boxlens.pipeline.model_set import Limits, ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.samples.making import sample_scenes
from boxlens.samples.names import things
from boxlens.samples.scenes import Scene
from boxlens.search.searcher import Searcher

FOLDER = BUNDLED / "demo"
COLLECTION = "drawn"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The scenes behind a searcher, by file name."""

    search: Searcher
    scenes: Mapping[str, Scene]

    def things(self) -> set[str]:
        """Everything that is shown."""
        return {o.thing_id for scene in self.scenes.values() for o in scene.objects}

    def shown(self, hit: Hit) -> set[str]:
        """What the picture of a hit shows."""
        return {o.thing_id for o in self.scenes[hit.image.file_name].objects}

    def right(self, hit: Hit, thing: str) -> bool:
        """Whether the best box of a hit lies on that thing."""
        box = hit.objects[0].object.box
        return any(o.thing_id == thing and o.box.iou(box) >= 0.5 for o in self.scenes[hit.image.file_name].objects)


def networks(pack: Pack) -> ModelSet:
    """The pack's networks under the limits of the default settings."""
    limits = Limits(min_area_share=0.0005, min_side=8, max_objects=100, max_pixels=4_000_000)
    return ModelSet(
        detector=pack.detector,
        vit=pack.vit,
        clip=pack.clip_image,
        reader=None,
        crop_padding=pack.crop_padding,
        limits=limits,
    )


def some_things(count: int, seed: int) -> frozenset[str]:
    return frozenset(str(t) for t in np.random.default_rng(seed).permutation([t.id for t in things()])[:count])


def scenes_without(left_out: Collection[str], count: int, seed: int) -> list[Scene]:
    """Those of ``count`` scenes that show none of some things. Skips where the artwork cannot be had."""
    try:
        drawn = sample_scenes(count, seed)
    except Unavailable as e:
        pytest.skip(f"no sample artwork in the cache, and it cannot be fetched: {e.detail}")
    return [scene for scene in drawn if not any(o.thing_id in left_out for o in scene.objects)]


def drawn_world(index: ObjectIndex, scenes: Sequence[Scene]) -> Drawn:
    pack = load_pack(FOLDER, RunOptions())
    nets = networks(pack)
    named = {f"{n:04d}.jpg": scene for n, scene in enumerate(scenes)}
    take_in(index, pack.info, nets, [ImageRef(name, data=jpeg_of(scene)) for name, scene in named.items()])
    search = Searcher(index, pack.info, QueryPipeline(nets), pack.clip_text, pack.labels)
    return Drawn(search, named)


def take_in(index: ObjectIndex, pack: PackInfo, nets: ModelSet, references: Sequence[ImageRef]) -> None:
    def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
        stages = Stages(nets, fetcher=NoFetcher(), store=MemoryStore(), stored=stored, bucket="pictures", clock=clock)
        return SequentialEngine(stages, BatchSizes(detect=8, embed=64))

    report = Indexer(index, pack, engine_for, chunk_size=64).ingest(references, collection=COLLECTION)
    assert report.stored == len(references)


def jpeg_of(scene: Scene) -> bytes:
    """The file as which a scene is taken in."""
    done, data = cv2.imencode(".jpg", scene.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    return data.tobytes()


def best_names(language: str) -> dict[str, str]:
    """What a person would type for each thing."""
    return {t.id: (t.zh if language == "zh" else t.en)[0] for t in things()}
