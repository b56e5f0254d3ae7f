"""What every object index promises of filters on position, shape, counts, places and text in pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.contract.objects import PACK, frame, record, thing, unit, written

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import VectorQuery
from boxlens.filters.expression import parse_expression
from boxlens.index.memory.index import InMemoryIndex

C = "scenes"
NAMES = "park street beach empty"
WIDE, TALL, MIDDLE = Box(0, 0, 300, 100), Box(560, 300, 600, 460), Box(220, 140, 420, 340)


def scenes() -> list[IndexedObject]:
    """Pictures of 640 x 480: three dogs and a person, a taxi, two dogs far away, and nothing at all."""
    park, street, beach, empty = (record(name) for name in NAMES.split())
    street = record("street", location=GeoPoint(39.98, 116.31))
    places = {"other_sources": ("/trip/sea.jpg",), "other_names": ("sea.jpg", "waves.png")}
    in_fiji = datetime(2023, 7, 1, 6, 30, tzinfo=timezone(timedelta(hours=12)))  # 30 June in UTC
    beach = record(
        "beach", location=GeoPoint(-16.5, -179.9), taken_at=in_fiji, gone_at=datetime(2024, 5, 6, tzinfo=UTC), **places
    )
    return [
        frame(park),
        thing(park, 1, "dog", 0.9, box=WIDE),
        thing(park, 2, "dog", 0.4, box=TALL),
        thing(park, 3, "dog", 0.3, box=MIDDLE),
        thing(park, 4, "person", 0.8, box=MIDDLE),
        frame(street, ocr_text=("EXIT",)),
        thing(street, 1, "taxi:2", 0.7, box=MIDDLE, ocr_text=("京A·ABRE16X", "中關村大街 TAXI")),
        frame(beach),
        thing(beach, 1, "dog", 0.6, box=WIDE),
        thing(beach, 2, "dog", 0.5, box=TALL),
        frame(empty),
    ]


MEANT = {
    "count.dog>=3": "park0 park1 park2 park3 park4",
    "count.dog:2": "beach0 beach1 beach2",
    "count.dog:2..3 label:person": "park4",
    "count.dog>2": "park0 park1 park2 park3 park4",
    "count.dog<2": "empty0 street0 street1",
    "count.dog:0": "empty0 street0 street1",
    "count.dog:0 kind:object": "street1",
    "-count.dog>=2 kind:frame": "empty0 street0",
    "count.dog>=1.5 kind:frame": "beach0 park0",
    "count.dog>=1000000000": "",
    'count."taxi:2":1': "street0 street1",
    "count.taxi>=1": "",
    "count.cat<=5 kind:frame": "beach0 empty0 park0 street0",
    "objects:0": "empty0",
    "objects>=3 kind:frame": "park0",
    "position:left": "beach1 park1",
    "position:right": "beach2 park2",
    "position:bottom kind:object": "beach2 park2",
    "position:centre kind:object": "park3 park4 street1",
    "position:left position:top": "beach1 park1",
    "-position:left,right kind:object": "park3 park4 street1",
    "x<0.5": "beach1 park1",
    "x:0.5 kind:object": "park3 park4 street1",
    "y>0.5": "beach2 park2",
    "aspect>=3": "beach1 park1",
    "aspect<0.5": "beach2 park2",
    "aspect:1": "park3 park4 street1",
    "text:RE16": "street1",
    "text:re16,exit": "street0 street1",
    "text:中关": "street1",
    "text:中關村": "street1",
    'text:"taxi 中关"': "street1",
    'text:"taxi exit"': "",
    "text:关中": "",
    "-text:taxi kind:object": "beach1 beach2 park1 park2 park3 park4",
    "near:39.9,116.4,20km": "street0 street1",
    "near:39.9,116.4,5km": "",
    "near:0,0,1e308km kind:frame": "beach0 street0",
    "near:39.98,116.31,1e-300km kind:object": "street1",
    "near:-16.5,179.9,30km kind:frame": "beach0",
    "-near:39.9,116.4,20km kind:frame": "beach0 empty0 park0",
    "inside:116,39,117,40 kind:object": "street1",
    "inside:170,-20,-170,0 kind:frame": "beach0",
    "file:waves.png": "beach0 beach1 beach2",
    "file:beach.jpg,park.jpg kind:frame": "beach0 park0",
    "-file:sea.jpg kind:frame": "empty0 park0 street0",
    "source:/trip/sea.jpg": "beach0 beach1 beach2",
    "taken:2023-07-01": "beach0 beach1 beach2",
    "taken:2023-07": "beach0 beach1 beach2",
    "taken:2023-06-30": "",
    "taken<2023-07": "",
    "taken>=2023-06-30T18:30:00Z taken<=2023-06-30T18:30:00Z": "beach0 beach1 beach2",
    "taken>=2023-07-01T00:00:00Z": "",
    "gone:2024": "beach0 beach1 beach2",
    "-gone>2000 kind:frame": "empty0 park0 street0",
}


def named(object_ids: list[str]) -> str:
    """Object ids as image name and number."""
    names = {record(name).image_id: name for name in NAMES.split()}
    return " ".join(sorted(names[i.rpartition("-")[0]] + i.rpartition("-")[2] for i in object_ids))


@pytest.fixture
def stored(index: ObjectIndex, c: str) -> ObjectIndex:
    written(index, c, scenes())
    return index


@pytest.fixture(scope="module")
def kept(read_index: ObjectIndex) -> ObjectIndex:
    """The scenes, for the tests that only read them."""
    read_index.create(C, PACK)
    written(read_index, C, scenes())
    return read_index


def test_what_each_filter_means(kept: ObjectIndex) -> None:
    names = {text: named([m.object_id for m in kept.matching(C, parse_expression(text), 100)]) for text in MEANT}
    assert names == MEANT


def test_the_same_filters_inside_a_vector_search(kept: ObjectIndex) -> None:
    queries = [VectorQuery("vit", unit(1, 16), 100, parse_expression(text)) for text in MEANT]
    answers = kept.search(C, queries)
    assert {text: named([m.object_id for m in answer]) for text, answer in zip(MEANT, answers, strict=True)} == MEANT


def test_years_are_counted_by_the_clock_of_the_place(index: ObjectIndex, c: str) -> None:
    """No facet offers what its filter refuses."""
    eve = datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=8)))  # still 2023 in UTC
    written(index, c, [frame(record("eve", taken_at=eve))])
    assert index.facets(c, Filter())["year"] == {"2024": 1}
    assert len(index.matching(c, parse_expression("taken:2024"), 10)) == 1
    assert index.matching(c, parse_expression("taken:2023"), 10) == []


def test_any_and_none_nest(kept: ObjectIndex) -> None:
    lonely = Filter(none=(parse_expression("count.dog>=1"),))
    either = Filter(any=(parse_expression("position:left count.dog:2"), Filter(any=(parse_expression("text:exit"),))))
    assert named([m.object_id for m in kept.matching(C, lonely, 100)]) == "empty0 street0 street1"
    assert named([m.object_id for m in kept.matching(C, either, 100)]) == "beach1 street0"


def test_counts_stay_with_new_words(stored: ObjectIndex, c: str) -> None:
    stored.annotate(c, record("beach").image_id, caption="two dogs", tags=["sea"])
    entries = stored.matching(c, parse_expression("count.dog:2 tag:sea objects:2"), 100)
    assert named([m.object_id for m in entries]) == "beach0 beach1 beach2"


def test_counts_are_those_of_the_last_writing(stored: ObjectIndex, c: str) -> None:
    beach = record("beach")
    written(stored, c, [frame(beach), thing(beach, 1, "dog", 0.6)])
    assert named([m.object_id for m in stored.matching(c, parse_expression("count.dog:2"), 100)]) == ""
    assert named([m.object_id for m in stored.matching(c, parse_expression("count.dog:1"), 100)]) == "beach0 beach1"


def test_distance_agrees_with_the_exact_twin_all_over_the_globe(elastic: ObjectIndex) -> None:
    """Places every 30 degrees, asked for from several points and with distances up to half of the globe."""
    index, twin = elastic, InMemoryIndex()
    places = [GeoPoint(lat, lon) for lat in range(-90, 91, 30) for lon in range(-180, 180, 30)]
    for either in (index, twin):
        either.create("globe", PACK)
        written(either, "globe", [frame(record(f"place {i}", location=place)) for i, place in enumerate(places)])
    for middle in ((0, 0), (39.9, 116.4), (-89, 10), (5, -179.5)):
        for km in (100, 3500, 9000, 15001, 20015):
            circle = parse_expression(f"near:{middle[0]},{middle[1]},{km}km")
            assert index.matching("globe", circle, 200) == twin.matching("globe", circle, 200)
