"""What every object index promises of searches: vectors, words, filters, ties, facets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from tests.contract.objects import PACK, VIT, frame, full, record, thing, unit, written

from embedding_pipeline.domain import Box, GeoPoint, IndexedObject, PackInfo, Vector
from embedding_pipeline.errors import BadQuery, NotFound, PackMismatch
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter, Range, VectorQuery, WordQuery
from embedding_pipeline.stores.exact import ExactIndex
from embedding_pipeline.text.words import query_tokens


def where(field: str, *any_of: str, none_of: tuple[str, ...] = (), gte: object = None, lte: object = None) -> Filter:
    bounds = None if gte is lte is None else Range(gte, lte)  # type: ignore[arg-type]
    return Filter((Condition(field, any_of, none_of, bounds),))


def small_world() -> list[IndexedObject]:
    """Four images with eight objects that differ in every filterable field."""
    a = record("a", taken_at=datetime(2022, 12, 31, 23, 30), camera="Canon", tags=("sea",), format="png", width=1000)
    b = record("b", taken_at=datetime(2023, 6, 30, 12), attributes={"shop": "12"}, location=GeoPoint(40, 116), bytes=5)
    c = record("c", taken_at=datetime(2024, 2, 29), tags=("sea", "draft"), location=GeoPoint(-10, 179.5))
    d = record("d", source_uri="bucket://x/d.jpg", height=1234)
    return [
        frame(a),
        thing(a, 1, "dog", 0.9, colours=("red",), box=Box(0, 0, 1000, 240)),
        frame(b),
        thing(b, 1, "dog", 0.6, colours=("red", "blue")),
        thing(b, 2, "car", 0.4, tags=("draft",)),
        frame(c),
        thing(c, 10, "hot dog", 0.3),
        frame(d),
    ]


FILTERS = {
    "label": where("label", "dog", "car"),
    "label none": where("label", none_of=("dog",)),
    "kind": where("kind", "frame"),
    "box_score": where("box_score", gte=0.4, lte=0.6),
    "box_score text": where("box_score", gte="0.6"),
    "area_share": where("area_share", gte=0.25, lte=0.5),
    "tags of image or object": where("tags", "draft"),
    "tags none": where("tags", none_of=("draft",)),
    "colours": where("colours", "blue"),
    "format": where("format", "png"),
    "camera": where("camera", "Canon"),
    "year": where("taken_at", "2023"),
    "not in year": where("taken_at", none_of=("2023",)),
    "months": where("taken_at", gte="2022-12", lte="2023-06"),
    "day": where("taken_at", gte="2023-06-30", lte="2023-06-30"),
    "moment with zone": where("taken_at", gte="2023-06-30T14:00:00+02:00", lte="2023-06-30T12:00:00Z"),
    "ingested": where("ingested_at", gte="2020"),
    "ingested never": where("ingested_at", lte="2020"),
    "width": where("width", "1000"),
    "width fraction": where("width", "1000.5"),
    "width huge": where("width", "1e12"),
    "height": where("height", gte=1000.5),
    "bytes": where("bytes", lte=5),
    "bytes huge": where("bytes", lte=1e30),
    "number": where("number", "10"),
    "box": where("box.x2", gte=500, lte=700),
    "box_norm": where("box_norm.x1", gte=0.01),
    "attribute": where("attributes.shop", "12"),
    "attribute none": where("attributes.shop", none_of=("12",)),
    "attribute unknown": where("attributes.colour", "12"),
    "file_name": where("file_name", "a.jpg", "d.jpg"),
    "source_uri": where("source_uri", "bucket://x/d.jpg"),
    "pack": where("pack", "test"),
    "another pack": where("pack", "other"),
    "collection": where("collection", "photos"),
    "image_id": where("image_id", record("b").image_id),
    "object_id": where("object_id", record("b").image_id + "-1"),
    "location": where("location", "110,30,120,50"),
    "across the date line": where("location", "170,-20,-170,0"),
    "location none": where("location", none_of=("110,30,120,50",)),
    "any and none of one field": Filter((Condition("colours", ("red",), ("blue",)),)),
    "several": Filter((Condition("label", ("dog",)), Condition("box_score", range=Range(gte=0.7)))),
    "any": Filter(any=(where("label", "car"), where("format", "png"))),
    "none": Filter(none=(where("label", "car"), where("kind", "frame"))),
    "nested": Filter(
        (Condition("kind", ("object",)),), any=(where("label", "car"), Filter(none=(where("tags", "sea"),)))
    ),
    "empty condition": where("label"),
    "empty": Filter(),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_give_the_same_objects_as_the_exact_twin(index: ObjectIndex, c: str, name: str) -> None:
    twin = ExactIndex()
    twin.create(c, PackInfo("test", "r1", VIT, 8))
    for one in (index, twin):
        written(one, c, small_world())
    wanted = twin.matching(c, FILTERS[name], 100)
    assert index.matching(c, FILTERS[name], 100) == wanted
    by_vector, by_word = index.search(
        c, [VectorQuery("vit", unit(7, VIT), 100, FILTERS[name]), WordQuery(("dog",), (), 100, FILTERS[name])]
    )
    assert {r.object_id for r in by_vector} == {r.object_id for r in wanted}
    assert {r.object_id for r in by_word} <= {r.object_id for r in wanted}


def matched(name: str, index: ObjectIndex, c: str) -> list[str]:
    """Objects of a filter as image name and number."""
    names = {record(n).image_id: n for n in "abcd"}
    return sorted(names[r.image_id] + r.object_id.rpartition("-")[2] for r in index.matching(c, FILTERS[name], 100))


def test_what_filters_mean(index: ObjectIndex, c: str) -> None:
    written(index, c, small_world())
    assert matched("label", index, c) == ["a1", "b1", "b2"]
    assert matched("tags of image or object", index, c) == ["b2", "c0", "c10"]
    assert matched("months", index, c) == ["a0", "a1", "b0", "b1", "b2"]
    assert matched("day", index, c) == matched("moment with zone", index, c) == ["b0", "b1", "b2"]
    assert matched("location", index, c) == ["b0", "b1", "b2"]
    assert matched("across the date line", index, c) == ["c0", "c10"]
    assert matched("area_share", index, c) == ["a1"]
    assert matched("any and none of one field", index, c) == ["a1"]
    assert matched("nested", index, c) == ["b1", "b2"]
    assert len(matched("empty condition", index, c)) == 8


@pytest.mark.parametrize(
    ("filter", "place"),
    [
        (where("colour", "red"), "filter.colour"),
        (where("attributes.", "red"), "filter.attributes."),
        (where("vit_vector", "1"), "filter.vit_vector"),
        (where("label", gte=1), "filter.label"),
        (where("width", "wide"), "filter.width"),
        (where("width", "nan"), "filter.width"),
        (where("taken_at", "yesterday"), "filter.taken_at"),
        (where("taken_at", gte="2023-13"), "filter.taken_at"),
        (where("location", "here"), "filter.location"),
        (Filter(any=(where("label", "x"), Filter(none=(where("x", "y"),)))), "filter.any[1].none[0].x"),
    ],
)
def test_filters_that_make_no_sense(index: ObjectIndex, c: str, filter: Filter, place: str) -> None:
    with pytest.raises(BadQuery) as caught:
        index.matching(c, filter, 5)
    assert caught.value.place == place
    assert caught.value.hint
    with pytest.raises(BadQuery):
        index.search(c, [WordQuery(("dog",), (), 5, filter)])


def test_similarity_is_the_cosine(index: ObjectIndex, c: str) -> None:
    objects = full()
    written(index, c, objects)
    query = unit(99, VIT)
    vit, clip = index.search(c, [VectorQuery("vit", query, 3), VectorQuery("clip", -unit(5, 8), 3)])
    by_id = {o.object_id: o for o in objects}
    for found, field, vector in ((vit, "vit_vector", query), (clip, "clip_vector", -unit(5, 8))):
        cosines = [float(getattr(by_id[r.object_id], field) @ vector) for r in found]
        assert [r.similarity for r in found] == pytest.approx(cosines, abs=1e-5)
        assert cosines == sorted(cosines, reverse=True)
        assert all(r.image_id == by_id[r.object_id].image.image_id for r in found)


def test_a_query_vector_that_does_not_fit(index: ObjectIndex, c: str) -> None:
    with pytest.raises(PackMismatch, match="vit"):
        index.search(c, [VectorQuery("vit", unit(1, VIT + 1), 3)])
    with pytest.raises(BadQuery, match="unit length"):
        index.search(c, [VectorQuery("vit", 2 * unit(1, VIT), 3)])


def test_no_queries_and_an_empty_collection(index: ObjectIndex, c: str) -> None:
    assert index.search(c, []) == []
    empty = index.search(c, [VectorQuery("vit", unit(1, VIT), 3), WordQuery(("dog",), ("a",), 3), WordQuery((), (), 3)])
    assert empty == [[], [], []]
    assert index.matching(c, Filter(), 3) == []


def test_ties_go_by_detector_score_and_then_by_id(index: ObjectIndex, c: str) -> None:
    images = [record(f"tie {n}") for n in range(40)]
    same = unit(3, VIT)
    objects: list[IndexedObject] = []
    for n, image in enumerate(images):
        objects += [frame(image, vit_vector=None), thing(image, 1, "dog", 0.5 + (n % 3) / 10, vit_vector=same)]
    written(index, c, objects)
    things = [o for o in objects if o.kind == "object"]
    wanted = [o.object_id for o in sorted(things, key=lambda o: (-o.box_score, o.object_id))]
    by_vector, by_word = index.search(c, [VectorQuery("vit", same, 40), WordQuery(("dog",), (), 12)])
    assert [r.object_id for r in by_vector] == wanted
    assert [r.object_id for r in by_word] == wanted[:12]


def clustered(count: int, dims: int, seed: int = 1) -> Vector:
    """Unit vectors around a few hundred centres, as embeddings of real things lie."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(count // 20, 1), dims))
    points = centres[rng.integers(0, len(centres), count)] + 0.5 * rng.standard_normal((count, dims))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def test_recall_against_the_exact_twin_with_and_without_filters(elastic: ObjectIndex) -> None:
    """Over 3,000 objects of 128 dims: recall@10 of at least 0.99; a filter however narrow still fills k."""
    index, twin = elastic, ExactIndex()
    vectors = clustered(3000, 128)
    images = [record(f"cloud {n}") for n in range(300)]
    objects = []
    for n, vector in enumerate(vectors):
        image, number = images[n // 10], n % 10
        make = frame(image) if number == 0 else thing(image, number, "rare" if n % 250 == 1 else "dog", n / 3000)
        objects.append(IndexedObject(image, number, make.kind, make.box, make.label, make.box_score, vector))
    for one in (index, twin):
        one.create("cloud", PackInfo("test", "r1", 128, None))
        written(one, "cloud", objects)
    for filter in (Filter(), where("label", "dog"), where("box_score", gte=0.9), where("label", "rare")):
        queries = [VectorQuery("vit", q, 10, filter) for q in clustered(50, 128, seed=2)]
        hits = 0
        for found, exact in zip(index.search("cloud", queries), twin.search("cloud", queries), strict=True):
            assert len(found) == len(exact) == 10
            hits += len({r.object_id for r in found} & {r.object_id for r in exact})
        assert hits >= 0.99 * 500


def wordy() -> list[IndexedObject]:
    street = record("IMG_2041", caption="一辆红色的公共汽车停在中关村", tags=("街道",))
    lawn = record("lawn", caption="Two dogs are playing frisbee on the green grass", tags=("holiday",))
    food = record("food", caption="a hot dog on a plate")
    return [
        frame(street),
        thing(street, 1, "car", 0.9, ocr_text=("京A·ABRE16X", "中關村大街"), label_names=("car", "汽车")),
        thing(street, 2, "bus", 0.8, ocr_text=("開往 Beijing West",), label_names=("bus", "公共汽车")),
        frame(lawn),
        thing(lawn, 1, "dog", 0.7, label_names=("dog", "狗")),
        thing(lawn, 2, "frisbee", 0.6, label_names=("frisbee", "飞盘")),
        frame(food),
        thing(food, 1, "hot dog", 0.95, label_names=("hot dog", "热狗")),
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("中关", "IMG_2041"),
        ("中關村", "IMG_2041"),
        ("re16", "IMG_2041"),
        ("ＲＥ１６", "IMG_2041"),
        ("ABRE16X", "IMG_2041"),
        ("beijing", "IMG_2041"),
        ("Frisbees", "lawn"),
        ("playing on the grass", "lawn"),
        ("飞盘", "lawn"),
        ("2041", "IMG_2041"),
        ("街道", "IMG_2041"),
        ("plate", "food"),
    ],
)
def test_words_find_parts_plurals_plates_and_other_scripts(index: ObjectIndex, c: str, text: str, first: str) -> None:
    written(index, c, wordy())
    (found,) = index.search(c, [WordQuery((), tuple(query_tokens(text)), 20)])
    assert found
    assert found[0].image_id == record(first).image_id


@pytest.mark.parametrize("text", ["关中", "zebra", "re17", "木"])
def test_words_that_are_nowhere(index: ObjectIndex, c: str, text: str) -> None:
    written(index, c, wordy())
    assert index.search(c, [WordQuery((), tuple(query_tokens(text)), 20)]) == [[]]


def test_a_named_label_is_above_words_and_a_hot_dog_is_no_dog(index: ObjectIndex, c: str) -> None:
    written(index, c, wordy())
    (only_dog,) = index.search(c, [WordQuery(("dog",), (), 20)])
    assert [r.object_id for r in only_dog] == [record("lawn").image_id + "-1"]
    (both,) = index.search(c, [WordQuery(("dog",), ("plate",), 20)])
    assert both[0].object_id == record("lawn").image_id + "-1"
    assert both[0].similarity > 2 * both[1].similarity


def test_word_ranks_and_scores_agree_with_the_exact_twin(index: ObjectIndex, c: str) -> None:
    twin = ExactIndex()
    twin.create(c, PackInfo("test", "r1", VIT, 8))
    for one in (index, twin):
        written(one, c, wordy())
    texts = ["红色公共汽车", "green grass", "dog frisbee 狗", "a plate", "汽车 中关村 img 2041", "holiday"]
    queries = [WordQuery(("bus",) if n % 2 else (), tuple(query_tokens(text)), 20) for n, text in enumerate(texts)]
    for found, exact in zip(index.search(c, queries), twin.search(c, queries), strict=True):
        assert [r.object_id for r in found] == [r.object_id for r in exact]
        assert [r.similarity for r in found] == pytest.approx([r.similarity for r in exact], rel=1e-5)


def test_a_pasted_page_is_a_query_too(index: ObjectIndex, c: str) -> None:
    written(index, c, wordy())
    page = tuple(query_tokens(" ".join(f"word{n} 狗{chr(0x4E00 + n)}" for n in range(3000))))
    assert index.search(c, [WordQuery(tuple(str(n) for n in range(500)), page, 20)]) == [[]]


def test_matching_pages_by_id(index: ObjectIndex, c: str) -> None:
    written(index, c, small_world())
    everything = [r.object_id for r in index.matching(c, Filter(), 100)]
    assert everything == sorted(o.object_id for o in small_world())
    paged: list[str] = []
    while page := index.matching(c, Filter(), 3, paged[-1] if paged else None):
        assert all(r.similarity == 0 for r in page)
        paged += [r.object_id for r in page]
    assert paged == everything


def test_facets_count_images(index: ObjectIndex, c: str) -> None:
    twins = record("e")
    objects = [*small_world(), frame(twins), thing(twins, 1, "dog", 0.5), thing(twins, 2, "dog", 0.5)]
    written(index, c, objects)
    facets = index.facets(c, Filter())
    assert facets["label"] == {"dog": 3, "car": 1, "hot dog": 1}
    assert facets["tag"] == {"sea": 2, "draft": 2}
    assert facets["colour"] == {"red": 2, "blue": 1}
    assert facets["format"] == {"jpeg": 4, "png": 1}
    assert facets["year"] == {"2022": 1, "2023": 1, "2024": 1}
    assert facets["camera"] == {"Canon": 1}
    assert index.facets(c, where("label", "car"))["label"] == {"car": 1}
    assert index.facets(c, where("label", "none such"))["year"] == {}

    some = [record("a").image_id + "-1", record("b").image_id + "-2", twins.image_id + "-2", "nobody-1"]
    assert index.facets(c, Filter(), some)["label"] == {"car": 1, "dog": 2}
    assert index.facets(c, where("box_score", gte=0.8), some)["label"] == {"dog": 1}
    assert index.facets(c, Filter(), [])["format"] == {}


def test_facets_of_many_images_are_counted_exactly(elastic: ObjectIndex) -> None:
    """2,000 images with two objects each: the estimate of distinct images is the number itself."""
    elastic.create("many", PACK)
    objects: list[IndexedObject] = []
    for n in range(2000):
        image = record(f"many {n}", camera=f"camera {n % 7}")
        objects += [frame(image), thing(image, 1, "dog"), thing(image, 2, "dog" if n % 3 else "cat")]
    written(elastic, "many", objects)
    facets = elastic.facets("many", Filter())
    assert facets["label"] == {"dog": 2000, "cat": 667}
    assert facets["format"] == {"jpeg": 2000}
    assert facets["camera"] == {f"camera {n}": len(range(n, 2000, 7)) for n in range(7)}
    half = [o.object_id for o in objects if o.kind == "object"][:2000]
    assert elastic.facets("many", Filter(), half)["label"] == {"dog": 1000, "cat": 334}


def test_a_sample_is_the_vectors_of_the_smallest_ids(index: ObjectIndex, c: str) -> None:
    world = [obj for name in "abcdefgh" for obj in (frame(record(name)), thing(record(name), 1, "dog", 0.5))]
    world[1] = replace(world[1], vit_vector=None)
    written(index, c, world)
    for signal in ("vit", "clip"):
        having = sorted((o for o in world if getattr(o, f"{signal}_vector") is not None), key=lambda o: o.object_id)
        rows = [getattr(o, f"{signal}_vector") for o in having]
        for size in (1, 5, 100):
            sample = index.sample(c, signal, size)
            assert sample.dtype == np.float32
            assert np.array_equal(sample, np.stack(rows[:size]))


def test_a_sample_of_nothing(index: ObjectIndex, c: str) -> None:
    assert len(index.sample(c, "vit", 10)) == 0
    with pytest.raises(NotFound):
        index.sample("nowhere", "vit", 10)
