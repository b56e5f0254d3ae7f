"""Ingest of pictures that do not fit into the memory together: it goes on, whatever waits for whom."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from tests import parts
from tests.memory import in_own_process
from tests.parts import BlockDetector, HistogramEncoder, MemoryStore, NoFetcher, networks, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection
from boxlens.domain.pictures import Pixels
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.indexer import Indexer
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines import EngineName, make_engine
from boxlens.pipeline.model_set import ModelSet
from boxlens.pipeline.picture_groups import picture_groups
from boxlens.pipeline.rows import Measured, Row
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from picture_decoding import Picture, memory_together, process_budget

SMALL, LARGE, HUGE = (120, 90), (1600, 1200), (4000, 300)


@pytest.fixture(params=["towhee", "sequential"])
def name(request: pytest.FixtureRequest) -> EngineName:
    chosen: EngineName = request.param
    return chosen


class WatchingDetector(BlockDetector):
    """Knows which pictures it was shown are still held by somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[weakref.ref[Pixels]] = []

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        self.shown += [weakref.ref(picture if picture.base is None else picture.base) for picture in pictures]
        return super().detect(pictures)

    def held(self) -> int:
        return sum(picture() is not None for picture in self.shown)


class HoldingDetector(BlockDetector):
    """Holds the last picture that it was shown, as a thread does that has handed it on and got no turn since."""

    last: Pixels | None = None

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        self.last = pictures[-1]
        return super().detect(pictures)


class CountingEncoder(HistogramEncoder):
    """Notes how many pictures are held while crops are embedded."""

    def __init__(self, detector: WatchingDetector) -> None:
        super().__init__()
        self.detector, self.held = detector, 0

    def encode_shrunk(self, pictures: Sequence[Pixels]) -> np.ndarray:
        self.held = max(self.held, self.detector.held())
        return super().encode_shrunk(pictures)


def indexer(name: EngineName, nets: ModelSet) -> Indexer:
    def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
        stages = Stages(nets, fetcher=NoFetcher(), store=MemoryStore(), stored=stored, bucket="pictures", clock=clock)
        return make_engine(name, stages, BatchSizes(detect=4, embed=8))

    return Indexer(InMemoryIndex(), parts.PACK, engine_for, chunk_size=8)


def refs(sizes: Sequence[tuple[int, int]]) -> Iterator[ImageRef]:
    for seed, size in enumerate(sizes):
        yield ImageRef(f"{seed}.png", data=png(scene(("red", Box(10, 10, 60, 60)), size=size, seed=seed)))


def go_through_a_memory_for_one(name: EngineName) -> None:
    """24 pictures, where the collector of Python does not run by itself."""
    sizes = [LARGE if n % 3 == 0 else SMALL for n in range(24)]
    large = next(refs([LARGE])).data or b""
    process_budget.limit = memory_together([Picture(large, max_pixels=10**8)]) + 100_000
    gc.disable()
    report = indexer(name, networks()).ingest(refs(sizes), collection="c")
    assert (report.stored, report.failed) == (24, 0)
    gc.collect()
    assert process_budget.used == 0


def fail_alone(name: EngineName) -> None:
    """A picture of more than the memory, between two small ones."""
    small, huge = (next(refs([size])).data or b"" for size in (SMALL, HUGE))
    process_budget.limit = memory_together([Picture(small, max_pixels=10**8)]) * 2
    assert process_budget.limit < memory_together([Picture(huge, max_pixels=10**8)])
    failures: list[str] = []
    report = indexer(name, networks()).ingest(
        refs([SMALL, HUGE, SMALL]), collection="c", on_failure=lambda ref, why: failures.append(f"{ref.uri} {why.code}")
    )
    assert (report.stored, failures) == (2, ["1.png too_large"])


def stay_reserved(name: EngineName) -> None:
    """A picture that the detector still holds when all is done."""
    detector = HoldingDetector()
    assert indexer(name, networks(detector=detector)).ingest(refs([LARGE] * 3), collection="c").stored == 3
    gc.collect()
    assert process_budget.used == LARGE[0] * LARGE[1] * 3
    detector.last = None
    assert process_budget.used == 0


def take_none_of_what_is_stored(name: EngineName) -> None:
    """Pictures that are known, where all of the memory is held by others."""
    taking = indexer(name, networks())
    assert taking.ingest(refs([SMALL] * 3), collection="c").stored == 3
    gc.collect()
    with process_budget.reserve(process_budget.limit):
        assert taking.ingest(refs([SMALL] * 3), collection="c").unchanged == 3


@pytest.mark.parametrize(
    "work",
    [go_through_a_memory_for_one, fail_alone, stay_reserved, take_none_of_what_is_stored],
    ids=lambda w: w.__name__,
)
def test_pictures_go_through_what_memory_there_is(work: Callable[[EngineName], None], name: EngineName) -> None:
    in_own_process(__name__, f"{work.__name__}({name!r})")


def test_a_picture_is_let_go_before_its_crops_are_embedded() -> None:
    """Its crops wait for their batch as small as the network sees them."""
    detector = WatchingDetector()
    encoder = CountingEncoder(detector)
    report = indexer("sequential", networks(detector=detector, clip=encoder)).ingest(refs([LARGE] * 3), collection="c")
    assert (report.stored, encoder.held) == (3, 0)


def test_groups_fill_the_memory_and_none_is_larger_but_a_single_picture() -> None:
    pictures = [Picture(ref.data or b"", max_pixels=10**8) for ref in refs([SMALL, SMALL, LARGE, SMALL, SMALL, SMALL])]
    rows: list[Row] = [Measured(ImageRef(str(n)), picture, b"", "") for n, picture in enumerate(pictures)]
    limit = memory_together(pictures[:2])
    groups = list(picture_groups(rows, limit))
    assert [len(group) for group in groups] == [2, 1, 2, 1]
    assert [row for group in groups for row in group] == rows
