"""What every object index promises of filters and of all that they admit: the same as the twin, listed, and counted."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.contract.objects import PACK, VIT, frame, record, thing, unit, where, written

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import VectorQuery, WordQuery
from boxlens.filters.expression import parse_expression
from boxlens.index.memory.index import InMemoryIndex

C = "small"


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


WRITTEN = {
    "label": "label:dog,car",
    "label none": "-label:dog",
    "kind": "kind:frame",
    "box_score": "score:0.4..0.6",
    "area_share": "area:0.25..0.5",
    "tags of image or object": "tag:draft",
    "tags none": "-tag:draft",
    "colours": "colour:blue",
    "format": "format:png",
    "camera": "camera:Canon",
    "year": "taken:2023",
    "not in year": "-taken:2023",
    "months": "taken:2022-12..2023-06",
    "day": "taken:2023-06-30",
    "moment with zone": "taken>=2023-06-30T14:00:00+02:00 taken<=2023-06-30T12:00:00Z",
    "ingested": "ingested>=2020",
    "ingested never": "ingested<=2020",
    "width": "width:1000",
    "width fraction": "width:1000.5",
    "width huge": "width:1e12",
    "height": "height>=1000.5",
    "bytes": "bytes<=5",
    "bytes huge": "bytes<=1e30",
    "score huge": "score<=1e300",
    "attribute": "attributes.shop:12",
    "attribute none": "-attributes.shop:12",
    "attribute unknown": "attributes.colour:12",
    "file_name": "file:a.jpg,d.jpg",
    "source_uri": "source:bucket://x/d.jpg",
    "image_id": f"image:{record('b').image_id}",
    "location": "inside:110,30,120,50",
    "across the date line": "inside:170,-20,-170,0",
    "location none": "-inside:110,30,120,50",
    "several": "label:dog score>=0.7",
    "empty": "",
}
FILTERS = {name: parse_expression(text) for name, text in WRITTEN.items()} | {
    "object_id": where("object_id", record("b").image_id + "-1"),
    "any and none of one field": Filter((Condition("colours", ("red",), ("blue",)),)),
    "any": Filter(any=(where("label", "car"), where("format", "png"))),
    "none": Filter(none=(where("label", "car"), where("kind", "frame"))),
    "nested": Filter(
        (Condition("kind", ("object",)),), any=(where("label", "car"), Filter(none=(where("tags", "sea"),)))
    ),
    "empty condition": where("label"),
}


@pytest.fixture(scope="module")
def worlds(read_index: ObjectIndex) -> tuple[ObjectIndex, InMemoryIndex]:
    """The small world in the index and in its exact twin, for the tests that only read it."""
    twin = InMemoryIndex()
    for either in (read_index, twin):
        either.create(C, PACK)
        written(either, C, small_world())
    return read_index, twin


@pytest.mark.parametrize("name", FILTERS)
def test_filters_give_the_same_objects_as_the_exact_twin(worlds: tuple[ObjectIndex, InMemoryIndex], name: str) -> None:
    index, twin = worlds
    expected = twin.matching(C, FILTERS[name], 100)
    assert index.matching(C, FILTERS[name], 100) == expected
    by_vector, by_word = index.search(
        C, [VectorQuery("vit", unit(7, VIT), 100, FILTERS[name]), WordQuery(("dog",), (), 100, FILTERS[name])]
    )
    assert {r.object_id for r in by_vector} == {r.object_id for r in expected}
    assert {r.object_id for r in by_word} <= {r.object_id for r in expected}


def matched(name: str, index: ObjectIndex) -> list[str]:
    """Objects of a filter as image name and number."""
    names = {record(n).image_id: n for n in "abcd"}
    return sorted(names[r.image_id] + r.object_id.rpartition("-")[2] for r in index.matching(C, FILTERS[name], 100))


def test_what_filters_mean(worlds: tuple[ObjectIndex, InMemoryIndex]) -> None:
    index, _ = worlds
    assert matched("label", index) == ["a1", "b1", "b2"]
    assert matched("tags of image or object", index) == ["b2", "c0", "c10"]
    assert matched("months", index) == ["a0", "a1", "b0", "b1", "b2"]
    assert matched("day", index) == matched("moment with zone", index) == ["b0", "b1", "b2"]
    assert matched("location", index) == ["b0", "b1", "b2"]
    assert matched("across the date line", index) == ["c0", "c10"]
    assert matched("area_share", index) == ["a1"]
    assert matched("any and none of one field", index) == ["a1"]
    assert matched("nested", index) == ["b1", "b2"]
    assert len(matched("empty condition", index)) == 8


def test_matching_pages_by_id(worlds: tuple[ObjectIndex, InMemoryIndex]) -> None:
    index, _ = worlds
    everything = [r.object_id for r in index.matching(C, Filter(), 100)]
    assert everything == sorted(o.object_id for o in small_world())
    paged: list[str] = []
    while page := index.matching(C, Filter(), 3, paged[-1] if paged else None):
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
    assert index.facets(c, parse_expression("score>=0.8"), some)["label"] == {"dog": 1}
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
