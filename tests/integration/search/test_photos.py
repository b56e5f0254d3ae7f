"""The main job on real photos, a real detector and the real Elasticsearch."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from tests.servers.stack import Stack
from tests.shared import DATA, PHOTOS, manifest, needs_photos

from boxlens.domain.answers.hits import Answer
from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, Filter, NumberRange
from boxlens.domain.queries import PictureClause, Query, TextClause, VectorQuery
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.sources import references

pytestmark = needs_photos
LABELLED_DOGS = ("000000000790.jpg", "000000442450.jpg")


def file_names(answer: Answer) -> list[str]:
    return [hit.image.file_name for hit in answer.hits]


def boxes_of(name: str, label: str) -> list[Box]:
    xywh = [b["bbox_xywh"] for b in manifest()[name]["boxes"] if b["label"] == label]
    return [Box(x, y, x + w, y + h) for x, y, w, h in xywh]


def test_every_photo_is_stored_whole(stack: Stack) -> None:
    info = stack.boxlens.index.info(stack.collection)
    assert info.images == len(list(PHOTOS.iterdir())) == 111
    assert info.objects > 2 * info.images


def test_dog_and_its_chinese_name_find_the_same_photos(stack: Stack) -> None:
    search = stack.boxlens.searcher.search
    english = search(stack.collection, Query((TextClause("dog"),)))
    chinese = search(stack.collection, Query((TextClause("狗"),)))
    assert file_names(english) == file_names(chinese)
    assert set(LABELLED_DOGS) <= set(file_names(english))
    for name in LABELLED_DOGS:
        (hit,) = [h for h in english.hits if h.image.file_name == name]
        assert hit.objects[0].object.label == "dog"
        assert max(hit.objects[0].object.box.iou(box) for box in boxes_of(name, "dog")) >= 0.5


def test_no_hot_dog_ranks_level_with_a_dog(stack: Stack) -> None:
    """The photos have no hot dog that is detected, so one box of a photo without dogs is made one."""
    index, search = stack.boxlens.index, stack.boxlens.searcher.search
    names = {label.id: (*label.en, *label.zh) for label in stack.boxlens.loaded.labels}
    dogs = index.matching(stack.collection, Filter((Condition("label", any_of=("dog",)),)), 100)
    other = next(
        m
        for m in index.matching(stack.collection, Filter((Condition("label", any_of=("person",)),)), 100)
        if m.image_id not in {d.image_id for d in dogs}
    )
    index.create("sausages", stack.boxlens.pack)
    for image_id in {d.image_id for d in dogs} | {other.image_id}:
        objects = index.image(stack.collection, image_id, vectors=True)
        references = [
            replace(o, label="hot dog", label_names=names["hot dog"]) if o.object_id == other.object_id else o
            for o in objects
        ]
        assert all(result.ok for result in index.write("sausages", references))
    index.refresh("sausages")
    for words in ("dog", "狗"):
        labels = {o.object.label for h in search("sausages", Query((TextClause(words),))).hits for o in h.objects}
        assert "dog" in labels
        assert "hot dog" not in labels
    for words in ("hot dog", "热狗"):
        (hit,) = search("sausages", Query((TextClause(words),))).hits
        assert [o.object.object_id for o in hit.objects] == [other.object_id]


@pytest.mark.parametrize("name", ["000000000790.jpg", "000000000285.jpg", "000000001000.jpg"])
def test_a_photo_finds_itself_first_and_its_own_box(stack: Stack, name: str) -> None:
    picture = stack.boxlens.decode((PHOTOS / name).read_bytes())
    answer = stack.boxlens.searcher.search(stack.collection, Query((PictureClause(picture.pixels),)))
    assert answer.hits[0].image.file_name == name
    (primary,) = [q for q in answer.query_objects if q.primary]
    assert answer.hits[0].objects[0].object.box.iou(primary.detection.box) > 0.99
    assert answer.hits[0].objects[0].why[0].similarity > 0.999


def test_ten_nearest_agree_with_the_exact_twin(stack: Stack) -> None:
    """recall@10 of the HNSW search over the photos' own objects, and filtered searches that give all there is."""
    index = stack.boxlens.index
    everything = [m.object_id for m in index.matching(stack.collection, Filter(), 10_000)]
    stored = index.objects(stack.collection, everything, vectors=True)
    twin = InMemoryIndex()
    twin.create("photos", stack.boxlens.pack)
    assert all(r.ok for r in twin.write("photos", sorted(stored, key=lambda o: (o.image.image_id, o.number))))
    sample = random.Random(7).sample([o for o in stored if o.vit_vector is not None], 100)
    agreed: list[float] = []
    for probe in sample:
        assert probe.vit_vector is not None
        query = VectorQuery("vit", probe.vit_vector, 10)
        ((near,), (true,)) = index.search("photos", [query]), twin.search("photos", [query])
        kth = true[-1].similarity
        agreed.append(float(np.mean([n.similarity >= kth - 1e-4 for n in near])) if len(near) == 10 else 0.0)
    assert np.mean(agreed) >= 0.99


@pytest.mark.parametrize(
    "condition",
    [
        Condition("label", any_of=("dog",)),
        Condition("label", any_of=("hot dog", "bear")),
        Condition("box_score", range=NumberRange(gte=0.9)),
        Condition("label", none_of=("person",)),
    ],
)
def test_a_filtered_search_gives_k_whenever_k_exist(stack: Stack, condition: Condition) -> None:
    index, chosen = stack.boxlens.index, Filter((condition,))
    there = len(index.matching(stack.collection, chosen, 10_000))
    probe = index.objects(stack.collection, [index.matching(stack.collection, Filter(), 1)[0].object_id], vectors=True)
    assert probe[0].vit_vector is not None
    for k in (1, 5, there, there + 5):
        (near,) = index.search(stack.collection, [VectorQuery("vit", probe[0].vit_vector, k, chosen)])
        assert len(near) == min(k, there)


def test_every_odd_file_is_whole_or_refused_by_name(stack: Stack) -> None:
    odd = DATA / "odd_files"
    failures: dict[str, str] = {}
    report = stack.boxlens.indexer.ingest(
        references([str(odd)]),
        collection="odd",
        on_failure=lambda ref, failure: failures.__setitem__(ref.uri.rsplit("/", 1)[-1], failure.reason),
    )
    names = {path.name for path in odd.iterdir()}
    assert set(failures) == {"not-an-image.txt", "LICENSE"}
    assert all(failures.values())
    assert report.stored + report.failed == len(names)
    index = stack.boxlens.index
    ids = [match.object_id for match in index.matching("odd", Filter(), 10_000)]
    assert {o.image.file_name for o in index.objects("odd", ids)} == names - set(failures)
