"""Ingest into the exact twin: what is counted, what is reused, what a broken run leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.parts import PACK, BlockDetector, HistogramEncoder, MemoryStore, indexer, networks, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource, NotFound, PackMismatch, ProxyAway, UnreadablePicture
from boxlens.domain.objects import IndexedObject
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport, ItemResult
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.indexer import Indexer
from boxlens.ingest.journal import IngestJournal
from boxlens.ingest.sources import references

RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))


def folder(tmp_path: Path, count: int) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(count):
        (pictures / f"{n:03}.png").write_bytes(png(scene(RED, *([BLUE] if n % 2 else []), seed=n)))
    return pictures


def ids(index: InMemoryIndex) -> set[str]:
    from boxlens.domain.filters import Filter

    return {m.object_id for m in index.matching("c", Filter(), 10_000)}


def test_a_rerun_changes_nothing_and_embeds_nothing(tmp_path: Path) -> None:
    index, store, encoder = InMemoryIndex(), MemoryStore(), HistogramEncoder()
    work = indexer(index, networks(vit=encoder, clip=None), store)
    source = [str(folder(tmp_path, 11))]
    first = work.ingest(references(source), collection="c")
    assert (first.stored, first.updated, first.unchanged, first.failed) == (11, 0, 0, 0)
    assert first.objects == 11 + 11 + 5 == len(ids(index))
    embedded, before = sum(encoder.batches), ids(index)
    again = work.ingest(references(source), collection="c")
    assert (again.stored, again.updated, again.unchanged, again.failed, again.objects) == (0, 0, 11, 0, 0)
    assert sum(encoder.batches) == embedded
    assert ids(index) == before


class ModesIndex(InMemoryIndex):
    """Remembers how it was set up, one entry a change."""

    def __init__(self) -> None:
        super().__init__()
        self.modes: list[str] = []

    def serving(self, collection: str, *, loading: bool) -> None:
        super().serving(collection, loading=loading)
        self.modes.append("loading" if loading else "serving")


@pytest.mark.parametrize(("count", "modes"), [(1, ["serving"]), (4, ["serving"]), (11, ["loading", "serving"])])
def test_only_a_large_ingest_makes_the_index_ready_for_many_writes(
    tmp_path: Path, count: int, modes: list[str]
) -> None:
    index = ModesIndex()
    work = indexer(index, networks(), MemoryStore(), chunk_size=4)
    assert work.ingest(references([str(folder(tmp_path, count))]), collection="c").stored == count
    assert index.modes == modes


def test_attributes_with_odd_names_are_no_update(tmp_path: Path) -> None:
    """The names are those that Elasticsearch can hold: no empty ones, and no null characters."""
    (tmp_path / "a.png").write_bytes(png(scene(RED)))
    (tmp_path / "list.jsonl").write_text(r'{"uri": "a.png", "": "x", "n\u0000l": "a\u0000b", " k.": [1], ".": null}')
    (ref,) = references([str(tmp_path / "list.jsonl")])
    assert ref.attributes == {" ": "x", "n l": "a b", " k.": "[1]"}


def test_new_words_for_a_known_picture_keep_its_vectors() -> None:
    index, encoder = InMemoryIndex(), HistogramEncoder()
    work = indexer(index, networks(vit=encoder, clip=None), MemoryStore())
    data = png(scene(RED))
    work.ingest([ImageRef("a.png", data=data)], collection="c")
    embedded = sum(encoder.batches)
    report = work.ingest([ImageRef("a.png", data=data, caption="红色", tags=("shop",))], collection="c")
    assert (report.updated, report.stored) == (1, 0)
    assert sum(encoder.batches) == embedded
    (image_id,) = {i.rsplit("-", 1)[0] for i in ids(index)}
    objects = index.image("c", image_id, vectors=True)
    assert [(o.image.caption, o.image.tags) for o in objects] == [("红色", ("shop",))] * 2
    assert all(o.vit_vector is not None for o in objects)
    silent = work.ingest([ImageRef("a.png", data=data)], collection="c")
    assert (silent.unchanged, silent.updated) == (1, 0)


def test_the_same_bytes_elsewhere_add_a_place_and_a_name() -> None:
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    data = png(scene(RED))
    refs = [ImageRef("upload:a.png", data=data), ImageRef("https://example.org/b.png", data=data)]
    for expected in ((1, 0, 1), (0, 0, 2)):
        report = work.ingest(refs, collection="c")
        assert (report.stored, report.updated, report.unchanged) == expected
    (image_id,) = {i.rsplit("-", 1)[0] for i in ids(index)}
    image = index.image("c", image_id)[0].image
    assert (image.source_uri, image.other_sources) == ("upload:a.png", ("https://example.org/b.png",))
    assert (image.file_name, image.other_names) == ("upload:a.png", ("b.png",))


def test_what_a_person_wrote_wins_over_the_source() -> None:
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    data = png(scene(RED))
    ref = ImageRef("a.png", data=data, caption="of the sidecar", tags=("sidecar",))
    work.ingest([ref], collection="c")
    (image_id,) = {i.rsplit("-", 1)[0] for i in ids(index)}
    index.annotate("c", image_id, caption="my own words")
    again = work.ingest([ref], collection="c")
    assert (again.updated, again.unchanged) == (0, 1)
    changed = work.ingest([replace(ref, caption="another", tags=("other",))], collection="c")
    assert (changed.updated, changed.unchanged) == (1, 0)
    image = index.image("c", image_id)[0].image
    assert (image.caption, image.tags, image.edited) == ("my own words", ("other",), ("caption",))
    index.annotate("c", image_id, caption="", tags=[])
    again = work.ingest([ref], collection="c")
    assert (again.updated, again.unchanged) == (0, 1)
    image = index.image("c", image_id)[0].image
    assert (image.caption, image.tags, image.edited) == (None, (), ("caption", "tags"))


@pytest.mark.parametrize("apart", [0, 3, 4, 7])
def test_the_same_bytes_twice_are_one_image_with_the_words_of_both(apart: int) -> None:
    """Also when both are under way at once: in one slab of 4, or in neighbouring ones."""
    index = InMemoryIndex()
    data = png(scene(RED))
    between = [ImageRef(f"{n}.png", data=png(scene(BLUE, seed=n + 1))) for n in range(apart)]
    references = [
        ImageRef("a.png", data=data, caption="first"),
        *between,
        ImageRef("b.png", data=data, tags=("second",)),
    ]
    report = indexer(index, networks(), MemoryStore()).ingest(references, collection="c")
    assert report.stored == 1 + apart
    assert report.updated + report.unchanged == 1
    assert index.info("c").images == 1 + apart
    records = [index.image("c", i)[0].image for i in {i.rsplit("-", 1)[0] for i in ids(index)}]
    assert [(i.caption, i.tags) for i in records if i.caption] == [("first", ("second",))]


@pytest.mark.parametrize("reference", [False, True])
def test_a_bucket_is_taken_in_by_copy_or_by_reference(reference: bool) -> None:
    index, store = InMemoryIndex(), MemoryStore()
    store.put("shop", "in/a.png", png(scene(RED)), "image/png")
    store.put("shop", "in/b.png", png(scene(BLUE)), "image/png")
    work = indexer(index, networks(), store)
    report = work.ingest(references(["bucket://shop/in/"], store, reference=reference), collection="c")
    assert (report.stored, report.failed) == (2, 0)
    records = [index.image("c", i)[0].image for i in {i.rsplit("-", 1)[0] for i in ids(index)}]
    places = {(r.bucket, r.image_key) for r in records}
    assert (places == {("shop", "in/a.png"), ("shop", "in/b.png")}) == reference
    assert all(place in store.held for place in places)


def test_failures_are_named_and_counted() -> None:
    failures: list[tuple[str, Failure]] = []
    report = indexer(InMemoryIndex(), networks(detector=BlockDetector(poison=77)), MemoryStore()).ingest(
        [
            ImageRef("a.png", data=png(scene(RED))),
            ImageRef("bad.png", data=b"no"),
            ImageRef("poisoned.png", data=png(scene(RED, size=(77, 60)))),
        ],
        collection="c",
        on_failure=lambda ref, failure: failures.append((ref.uri, failure)),
    )
    assert (report.stored, report.failed, report.images) == (1, 2, 3)
    assert {uri for uri, _ in failures} == {"bad.png", "poisoned.png"}
    assert sum(report.reasons.values()) == 2


def test_an_outage_ends_the_run_and_the_rerun_completes_it(tmp_path: Path) -> None:
    index, store = InMemoryIndex(), MemoryStore()
    work = indexer(index, networks(), store)
    source = [str(folder(tmp_path, 20))]

    def breaking() -> Iterator[ImageRef]:
        for n, ref in enumerate(references(source)):
            if n == 9:
                store.away = True
            yield ref

    with pytest.raises(ProxyAway):
        work.ingest(breaking(), collection="c")
    images_before = index.info("c").images
    assert 0 < images_before < 20
    store.away = False
    report = work.ingest(references(source), collection="c")
    assert (report.stored, report.unchanged) == (20 - images_before, images_before)
    assert index.info("c").images == 20


def test_a_broken_manifest_line_fails_alone(tmp_path: Path) -> None:
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    pictures = folder(tmp_path, 9)
    manifest = tmp_path / "m.jsonl"
    lines = [f'{{"uri": "pictures/{p.name}"}}' for p in sorted(pictures.iterdir())]
    manifest.write_text("\n".join([*lines[:4], "{", *lines[4:]]))
    failures: list[Failure] = []
    report = work.ingest(
        references([str(manifest)]), collection="c", on_failure=lambda ref, failure: failures.append(failure)
    )
    assert (report.stored, report.failed, report.reasons) == (9, 1, {"bad_source": 1})
    assert [(failure.stage, failure.file, failure.line) for failure in failures] == [("source", str(manifest), 5)]


def test_a_source_that_breaks_off_ends_the_run_with_what_came_before(tmp_path: Path) -> None:
    index = InMemoryIndex()
    source = [str(folder(tmp_path, 9))]

    def breaking() -> Iterator[ImageRef]:
        yield from references(source)
        raise BadSource("The drive is gone.")

    with pytest.raises(BadSource, match="drive"):
        indexer(index, networks(), MemoryStore()).ingest(breaking(), collection="c")
    assert index.info("c").images == 9


def test_stop_ends_after_the_slabs_under_way(tmp_path: Path) -> None:
    index, stop = InMemoryIndex(), threading.Event()
    work = indexer(index, networks(), MemoryStore())
    report = work.ingest(
        references([str(folder(tmp_path, 30))]), collection="c", stop=stop, on_progress=lambda r: stop.set()
    )
    assert report.interrupted
    assert 0 < report.stored < 30
    assert index.info("c").images == report.stored


class RefusingIndex(InMemoryIndex):
    """Refuses one document, as a strict mapping would."""

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        for result in super().write(collection, objects):
            refused = result.object_id.endswith("-2")
            yield ItemResult(result.object_id, False, "mapper_parsing_exception") if refused else result


def test_an_image_with_a_refused_document_failed() -> None:
    references = [ImageRef("one.png", data=png(scene(RED))), ImageRef("two.png", data=png(scene(RED, BLUE)))]
    report = indexer(RefusingIndex(), networks(), MemoryStore()).ingest(references, collection="c")
    assert (report.stored, report.failed) == (1, 1)
    assert report.reasons == {"not_stored": 1}


def test_a_collection_of_another_pack_is_refused_before_anything_is_read() -> None:
    index = InMemoryIndex()
    index.create("c", replace(PACK, name="other", revision="2" * 64))
    with pytest.raises(PackMismatch, match="other"):
        indexer(index, networks(), MemoryStore()).ingest([ImageRef("a.png", data=b"")], collection="c")


def test_one_picture_at_a_time() -> None:
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    with pytest.raises(NotFound):
        work.add(ImageRef("a.png", data=png(scene(RED))), collection="c")
    index.create("c", PACK)
    objects, created = work.add(ImageRef("a.png", data=png(scene(RED))), collection="c")
    assert created
    assert [o.label for o in objects] == ["", "red"]
    same, created = work.add(ImageRef("b.png", data=png(scene(RED))), collection="c")
    assert not created
    assert [o.object_id for o in same] == [o.object_id for o in objects]
    with pytest.raises(UnreadablePicture):
        work.add(ImageRef("cut.png", data=png(scene(RED))[:300]), collection="c")


def test_resume_skips_unread_what_an_earlier_run_finished(tmp_path: Path) -> None:
    pictures = folder(tmp_path, 6)
    index = InMemoryIndex()
    index.create("c", PACK)

    def work() -> Indexer:
        return indexer(index, networks(), MemoryStore())

    def journal() -> IngestJournal:
        return IngestJournal(tmp_path / "journal.sqlite", index.info("c").index)

    work().ingest(references([str(pictures)]), collection="c", journal=journal())
    changed, unchanged = sorted(pictures.iterdir())[:2]
    changed.write_bytes(png(scene(BLUE, seed=99)))
    report = work().ingest(references([str(pictures)]), collection="c", journal=journal())
    assert (report.stored, report.unchanged) == (1, 5)
    fetched = {s.name: s.items for s in report.stages}["fetch"]
    assert fetched == 1
    other = IngestJournal(tmp_path / "journal.sqlite", "another-index")
    assert not other.done(ImageRef(str(unchanged)))


def test_a_source_is_read_only_a_little_ahead_of_what_is_stored(tmp_path: Path) -> None:
    """Memory does not grow with the source: of slabs of 4 two are under way, three are written or wait to be, and
    another is being gathered."""
    index = InMemoryIndex()
    stored, ahead = 0, 0

    def counted() -> Iterator[ImageRef]:
        nonlocal ahead
        for count, ref in enumerate(references([str(folder(tmp_path, 40))]), start=1):
            ahead = max(ahead, count - stored)
            yield ref

    def on_progress(report: IngestReport) -> None:
        nonlocal stored
        stored = report.images

    report = indexer(index, networks(), MemoryStore()).ingest(counted(), collection="c", on_progress=on_progress)
    assert report.stored == 40
    assert ahead <= 24
