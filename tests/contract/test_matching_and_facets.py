"""What every object index promises of filters and of all that they admit: the same as the twin, listed, and counted."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.contract.objects import PACK, VIT, frame, record, thing, unit, where, written

from embedding_pipeline.domain import Box, GeoPoint, IndexedObject, PackInfo
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter, Range, VectorQuery, WordQuery
from embedding_pipeline.stores.exact import ExactIndex


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
