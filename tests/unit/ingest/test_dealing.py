"""An ingest dealt out to actors that may be lost: the same documents as undisturbed, every picture counted once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.parts import BlockDetector, MemoryStore, indexer, networks, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource, Conflict, ProxyAway
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Detection
from boxlens.domain.pictures import Pixels
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.indexer import Indexer
from boxlens.ingest.sources import references
from boxlens.on_ray.chunks import Answer, Chunk
from boxlens.on_ray.dealer import IN_FLIGHT, Dealer
from boxlens.on_ray.worker import Parts, PictureWorker, open_parts
from boxlens.servers import Addresses
from boxlens.settings import Settings

RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))
WAIT_S = 240


class Threads:
    """``chunks.Pool`` in this process: workers that really work, and are lost after it where ``loses`` says so."""

    def __init__(self, opening: Callable[[], Parts], actors: int, loses: Callable[[Chunk], bool]) -> None:
        self._opening, self._loses = opening, loses
        self._workers = {number: PictureWorker(opening) for number in range(actors)}
        self._threads = ThreadPoolExecutor(actors * IN_FLIGHT)
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.most = 0
        self._sent = 0

    def ready(self) -> Collection[int]:
        return self._workers

    def send(self, actor: int, chunk: Chunk) -> None:
        self._sent += 1
        self.most = max(self.most, self._sent)
        self._threads.submit(self._work, actor, self._workers[actor], chunk)

    def _work(self, actor: int, worker: PictureWorker, chunk: Chunk) -> None:
        result = worker.take(chunk.refs)
        lost = self._loses(chunk)
        if lost:
            self._workers[actor] = PictureWorker(self._opening)
        self._answers.put(Answer(actor, chunk, None if lost else result))

    def answers(self, timeout_s: float) -> Sequence[Answer]:
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return []
        self._sent -= 1
        return [answer]

    def stop(self) -> None:
        for worker in self._workers.values():
            worker.stop()

    def close(self) -> None:
        self._threads.shutdown()


class World:
    """A collection that actors take pictures into."""

    def __init__(self, detector: BlockDetector | None = None) -> None:
        self.index, self.store = InMemoryIndex(), MemoryStore()
        self._networks = networks(detector=detector or BlockDetector())
        self.failures: list[Failure] = []
        self.indexer.loading("c").__enter__()
        self.most = 0

    @property
    def indexer(self) -> Indexer:
        return indexer(self.index, self._networks, self.store)

    def deal(
        self,
        refs: Iterable[ImageRef],
        *,
        actors: int = 3,
        size: int = 2,
        loses: Callable[[Chunk], bool] = lambda chunk: False,
        journal: object = None,
        stop: threading.Event | None = None,
        on_progress: Callable[[IngestReport], None] = lambda report: None,
    ) -> IngestReport:
        pool = Threads(lambda: Parts(self.indexer, self.store, "c", 4), actors, loses)
        try:
            dealer = Dealer(pool, refs, size, lambda ref, failure: self.failures.append(failure), journal)  # type: ignore[arg-type]
            dealer.run(stop or threading.Event(), on_progress)
        finally:
            pool.close()
            self.most = pool.most
        return dealer.report()

    def documents(self) -> dict[str, tuple[object, ...]]:
        ids = [match.object_id for match in self.index.matching("c", Filter(), 10_000)]
        stored = self.index.objects("c", ids, vectors=True)
        return {o.object_id: (o.label, o.box, o.image.file_name, vector(o.vit_vector)) for o in stored}


def vector(values: object) -> bytes | None:
    return None if values is None else values.tobytes()  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(17):
        blocks = (RED, BLUE) if number % 2 else (RED,)
        (tmp_path / f"{number:03}.png").write_bytes(png(scene(*blocks, seed=number)))
    return tmp_path


@pytest.fixture
def expected(folder: Path) -> dict[str, tuple[object, ...]]:
    world = World()
    world.indexer.ingest(references([str(folder)]), collection="c")
    return world.documents()


def test_actors_store_what_one_machine_stores(folder: Path, expected: dict[str, tuple[object, ...]]) -> None:
    world = World()
    report = world.deal(references([str(folder)]))
    assert (report.stored, report.failed, report.objects, report.interrupted) == (17, 0, len(expected), False)
    assert world.documents() == expected
    assert {stage.name for stage in report.stages} >= {"fetch", "detect", "vit", "store"}
    assert world.most <= 3 * IN_FLIGHT
    again = world.deal(references([str(folder)]))
    assert (again.stored, again.unchanged, again.objects) == (0, 17, 0)


@pytest.mark.parametrize("losses", [1, 2])
def test_what_a_lost_actor_had_comes_again(folder: Path, expected: dict[str, tuple[object, ...]], losses: int) -> None:
    world = World()
    report = world.deal(references([str(folder)]), loses=lambda chunk: chunk.losses < losses)
    # the lost actors had stored all pictures before they could say so
    assert (report.unchanged, report.images) == (17, 17)
    assert world.documents() == expected


def test_a_picture_over_which_actors_are_lost_fails_alone(folder: Path) -> None:
    world = World()
    bad = str(folder / "004.png")
    report = world.deal(references([str(folder)]), loses=lambda chunk: any(ref.uri == bad for ref in chunk.refs))
    assert (report.images, report.failed, report.reasons) == (17, 1, {"actor_lost": 1})
    assert [(failure.uri, failure.code) for failure in world.failures] == [(bad, "actor_lost")]


def test_the_same_bytes_at_two_actors_keep_both_names(tmp_path: Path) -> None:
    class Meeting(BlockDetector):
        """Two pictures meet here, so that neither was stored when the other was looked up."""

        barrier = threading.Barrier(2)

        def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
            self.barrier.wait(WAIT_S)
            return super().detect(pictures)

    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(scene(RED)))
    world = World(Meeting())
    report = world.deal(references([str(tmp_path)]), actors=2, size=1)
    assert (report.stored, report.unchanged, report.failed) == (1, 1, 0)
    (image_id,) = {key.rpartition("-")[0] for key in world.documents()}
    image = world.index.image("c", image_id)[0].image
    assert {image.file_name, *image.other_names} == {"a.png", "b.png"}


def test_ctrl_c_ends_after_what_is_under_way(folder: Path) -> None:
    world, stop = World(), threading.Event()
    report = world.deal(references([str(folder)]), actors=1, size=1, stop=stop, on_progress=lambda report: stop.set())
    assert report.interrupted
    assert 0 < report.images < 17
    assert world.deal(references([str(folder)])).images == 17


def test_a_server_that_goes_away_ends_the_run(folder: Path) -> None:
    world = World()
    world.store.away = True
    with pytest.raises(ProxyAway):
        world.deal(references([str(folder)]))


def test_sources_that_break_off_are_stored_until_there(folder: Path) -> None:
    def breaking() -> Iterator[ImageRef]:
        yield from list(references([str(folder)]))[:5]
        raise BadSource("The drive is gone.")

    world = World()
    with pytest.raises(BadSource):
        world.deal(breaking())
    assert len({key.rpartition("-")[0] for key in world.documents()}) == 5


def test_a_broken_picture_fails_and_a_finished_one_is_not_sent(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    finished: list[str] = []

    class Marks:
        def done(self, ref: ImageRef) -> bool:
            return ref.uri.endswith("003.png")

        def add(self, pairs: Sequence[tuple[ImageRef, str]]) -> None:
            finished.extend(Path(ref.uri).name for ref, _ in pairs)

    world = World()
    report = world.deal(references([str(folder)]), journal=Marks())
    assert (report.stored, report.unchanged, report.failed) == (16, 1, 1)
    assert [Path(failure.uri).name for failure in world.failures] == ["broken.png"]
    assert sorted(finished) == [f"{number:03}.png" for number in range(17) if number != 3]


def test_an_actor_of_another_version_says_so() -> None:
    with pytest.raises(Conflict, match=r"0\.0\.1"):
        open_parts(Settings(), Addresses("http://127.0.0.1:1", "http://127.0.0.1:1"), "c", "0.0.1")
    problem = PictureWorker(lambda: open_parts(Settings(), Addresses("", ""), "c", "0.0.1")).ready()
    assert isinstance(problem, Conflict)
