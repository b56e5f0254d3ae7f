"""Texts as people type them, in Chinese, English and both, from the text to the object, on every index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests import parts
from tests.contract.objects import PACK, frame, record, thing, written

from boxlens.domain.answers.hits import Answer
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import Query, TextClause, WordQuery
from boxlens.index.memory.index import InMemoryIndex
from boxlens.language.word_query import to_word_queries, to_word_query
from boxlens.models.coco_labels import COCO
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher

NAMES = {label.id: (*label.en, *label.zh) for label in COCO}


def coco(image: object, number: int, label: str, *colours: str, **more: object) -> IndexedObject:
    return thing(image, number, label, 0.9 - number / 100, colours=colours, label_names=NAMES[label], **more)  # type: ignore[arg-type]


def album() -> list[IndexedObject]:
    street = record("street", caption="一辆轿车停在中關村大街", tags=("街拍", "Beijing"))
    yard = record("yard", caption="A truck in the yard")
    room = record("room", caption="小狗趴在上面", file_name="客厅_livingroom-2041.jpg")
    desk = record("desk", tags=("办公桌", "Office"))
    lane = record("lane", caption="骑单车的人 on a rainy day")
    sunset = record("sunset", caption="红色的晚霞 over the sea")
    return [
        frame(street),
        coco(street, 1, "car", "red", "black", ocr_text=("ＴＯＹＯＴＡ", "京A·ABRE16X")),
        coco(street, 2, "car", "blue", ocr_text=("HONDA",)),
        coco(street, 3, "bus", "white", ocr_text=("開往 中關村",)),
        frame(yard),
        coco(yard, 1, "truck", "red"),
        coco(yard, 2, "truck", "white", ocr_text=("Toyota Hilux",)),
        frame(room),
        coco(room, 1, "dog", "brown"),
        coco(room, 2, "couch", "grey"),
        coco(room, 3, "tv", "black"),
        frame(desk),
        coco(desk, 1, "cell phone", "black"),
        coco(desk, 2, "hot dog", "brown"),
        frame(lane),
        coco(lane, 1, "bicycle", "green"),
        coco(lane, 2, "person", "white"),
        frame(sunset),
    ]


TABLE = [
    ("红色 Toyota 车牌", "street1"),
    ("紅色 toyota 車牌", "street1"),
    ("red TOYOTA", "street1"),
    ("white Toyota", "yard2"),
    ("Toyota 卡车", "yard2"),
    ("red truck", "yard1"),
    ("红色 truck", "yard1"),
    ("红卡车", "yard1"),
    ("blue 轿车", "street2"),
    ("黑色 car", "street1"),
    ("dog 在 沙发 上", "room1 room2"),
    ("狗 on the sofa", "room1 room2"),
    ("SOFAS", "room2"),
    ("長沙發", "room2"),
    ("settee", "room2"),
    ("phone", "desk1"),
    ("cell phone", "desk1"),
    ("手机", "desk1"),
    ("手機", "desk1"),
    ("电话", "desk1"),
    ("bike", "lane1"),
    ("自行車", "lane1"),
    ("单车", "lane1"),
    ("TV", "room3"),
    ("ｔｖ", "room3"),
    ("电视", "room3"),
    ("RE16", "street1"),
    ("ｒｅ１６", "street1"),
    ("AB-RE16", "street1"),
    ("开往", "street3"),
    ("开往 中关", "street3"),
    ("livingroom", "room0"),
    ("客厅", "room0"),
    ("客廳 2041", "room0"),
    ("beijing 街拍", "street0"),
    ("办公 office", "desk0"),
    ("rainy days 单车", "lane0"),
    ("晚霞", "sunset0"),
    ("red sea", "sunset0"),
    ("hotdog", "desk2"),
    ("热狗", "desk2"),
]


C = "photos"


def searched(index: ObjectIndex, c: str, text: str) -> Answer:
    # no CLIP and no ViT: what is found is found by words
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, COCO)
    return searcher.search(c, Query((TextClause(text),), size=20))


PLACES = {record(name).image_id: name for name in "street yard room desk lane sunset".split()}


def named(object_id: str) -> str:
    """An object id as image name and number."""
    image_id, _, number = object_id.rpartition("-")
    return PLACES[image_id] + number


@pytest.fixture(scope="module")
def stored(read_index: ObjectIndex) -> ObjectIndex:
    read_index.create(C, PACK)
    written(read_index, C, album())
    return read_index


def test_the_first_object_is_the_one_that_is_meant(stored: ObjectIndex) -> None:
    wrong = {}
    for text, expected in TABLE:
        answer = searched(stored, C, text)
        best = answer.hits[0] if answer.hits else None
        first = [named(o.object.object_id) for o in best.objects][: len(expected.split())] if best else []
        if sorted(first) != expected.split():
            wrong[text] = first
    assert wrong == {}


@pytest.mark.parametrize(
    "text", ["red unicorn", "紫色 独角兽", "红色 斑马", "re17", "关中", "green elephant", "purple"]
)
def test_what_is_not_there_is_not_found_by_its_colour(stored: ObjectIndex, text: str) -> None:
    assert searched(stored, C, text).hits == ()


def test_a_colour_alone_finds_what_has_it_and_what_speaks_of_it(stored: ObjectIndex) -> None:
    for text in ("red", "红色", "紅"):
        names = {named(o.object.object_id) for hit in searched(stored, C, text).hits for o in hit.objects}
        assert names == {"street1", "yard1", "sunset0"}


def test_a_hot_dog_is_no_dog(stored: ObjectIndex) -> None:
    for text in ("dog", "狗", "dogs"):
        names = [named(o.object.object_id) for hit in searched(stored, C, text).hits for o in hit.objects]
        assert "room1" in names
        assert "desk2" not in names


def test_why_names_the_words_and_the_label(stored: ObjectIndex) -> None:
    (best, *_) = searched(stored, C, "红色 Toyota car 车牌").hits
    (car, *_) = best.objects
    (why,) = car.why
    assert (why.words, why.label) == (("car", "toyota", "red"), "car")
    assert [(h.text, h.spans) for h in car.highlights["ocr_text"]] == [("ＴＯＹＯＴＡ", ((0, 6),))]


def test_scores_agree_with_the_exact_twin(index: ObjectIndex, c: str) -> None:
    twin = InMemoryIndex()
    twin.create(c, PACK)
    for either in (index, twin):
        written(either, c, album())
    texts = [*(text for text, _ in TABLE), "dog sofa", "car bus truck", "person bicycle rainy", "骑单车的人"]
    queries = [to_word_query(text, COCO, Filter()) for text in texts]
    queries += [query for text in texts for query, _ in to_word_queries(text, COCO, Filter())]
    word_queries = [replace(query, k=20) for query in queries if isinstance(query, WordQuery)]
    assert len(word_queries) > 2 * len(texts)
    for ranking, exact in zip(index.search(c, word_queries), twin.search(c, word_queries), strict=True):
        assert [r.object_id for r in ranking] == [r.object_id for r in exact]
        assert [r.similarity for r in ranking] == pytest.approx([r.similarity for r in exact], rel=1e-5)
        assert [r[-5:] for r in ranking] == [r[-5:] for r in exact]  # what words found of each


def test_objects_of_images_that_hold_the_other_names_come_first(index: ObjectIndex) -> None:
    """However sure the detector was of those that stand alone."""
    alone = [thing(record(f"alone{n}"), 1, "person", 0.9, label_names=NAMES["person"]) for n in range(30)]
    scene = record("scene")
    both = [
        thing(scene, 1, "person", 0.7, label_names=NAMES["person"]),
        thing(scene, 2, "horse", 0.6, label_names=NAMES["horse"]),
    ]
    index.create("riders", PACK)
    written(index, "riders", [obj for o in alone for obj in (frame(o.image), o)])
    written(index, "riders", [frame(scene), *both])
    queries = [replace(query, k=5) for query, _ in to_word_queries("person horse", COCO, Filter())]
    rankings = index.search("riders", queries)
    assert [ranking[0].object_id for ranking in rankings] == [obj.object_id for obj in both]
    assert [ranking[0].beside for ranking in rankings] == [("horse",), ("person",)]
    assert {place.beside for place in rankings[0][1:]} == {()}
    answer = Searcher(index, PACK, QueryPipeline(parts.networks()), None, COCO).search(
        "riders", Query((TextClause("person horse"),), size=5)
    )
    assert answer.hits[0].image.image_id == scene.image_id
    assert answer.hits[0].relevance == pytest.approx(0.65)
    assert [hit.relevance for hit in answer.hits[1:]] == pytest.approx([0.45] * 4)


def test_what_holds_the_whole_text_comes_before_a_part_that_is_a_class(stored: ObjectIndex) -> None:
    first = searched(stored, C, "truck in the yard").hits[0]
    assert named(first.objects[0].object.object_id) == "yard0"


def test_a_text_that_holds_all_the_words_comes_before_many_that_hold_a_part(index: ObjectIndex) -> None:
    """Few objects have read text: its words are rare in pictures, and not within the field."""
    cups = [thing(record(f"cups{n}"), 1, "cup", 0.9, label_names=("咖啡杯", "coffee mug")) for n in range(4)]
    sign = thing(record("sign"), 1, "sign", 0.5, ocr_text=("中关村咖啡店", "COFFEE SHOP"))
    others = [thing(record(f"other{n}"), 1, "tree", 0.9, label_names=("树",)) for n in range(40)]
    index.create("signs", PACK)
    written(index, "signs", [obj for o in (*cups, sign, *others) for obj in (frame(o.image), o)])
    for text in ("咖啡店", "coffee shop"):
        query = to_word_query(text, (), Filter())
        assert query is not None
        (ranking,) = index.search("signs", [replace(query, k=10)])
        assert ranking[0].object_id == sign.object_id, text
        assert {f.object_id for f in ranking[1:]} == {cup.object_id for cup in cups}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("red car", {"street1": (True, True), "street2": (True, False)}),
        ("toyota hilux", {"street1": (False, True), "yard2": (True, True)}),
        ("toyota", {"street1": (True, True), "yard2": (True, True)}),
        ("taxi", {"street1": (False, True), "street2": (False, True)}),
        ("校车", {"street3": (False, True)}),
    ],
)
def test_a_place_tells_what_of_the_words_it_meets(
    stored: ObjectIndex, text: str, met: dict[str, tuple[bool, bool]]
) -> None:
    query = to_word_query(text, COCO, Filter())
    assert query is not None
    (ranked,) = stored.search(C, [replace(query, k=20)])
    facts = {named(place.object_id): (place.whole or place.exact_label, place.colours_met) for place in ranked}
    assert {name: facts[name] for name in met} == met


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"truck in the yard"', {"yard0"}),
        ('"toyota hilux"', {"yard2"}),
        ("“晚霞”", {"sunset0"}),
        ("「小狗」", {"room0"}),
        ('"dog"', set()),
        ('"yard sea"', set()),
    ],
)
def test_quotes_mean_the_text_as_it_is_written(stored: ObjectIndex, text: str, names: set[str]) -> None:
    hits = searched(stored, C, text).hits
    assert {named(o.object.object_id) for hit in hits for o in hit.objects} == names


@pytest.mark.parametrize("text", ["办公", "traffic", "手", "hot", "cell"])
def test_a_part_of_the_name_of_a_class_finds_no_class(stored: ObjectIndex, text: str) -> None:
    assert all(o.object.kind == "frame" for hit in searched(stored, C, text).hits for o in hit.objects)


def test_what_people_do_is_weak_though_the_name_of_its_thing_begins_with_it(index: ObjectIndex) -> None:
    slope = record("slope")
    index.create("winter", PACK)
    written(index, "winter", [frame(slope), thing(slope, 1, "skis", 0.9, label_names=NAMES["skis"])])
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, COCO)
    for text, weak in (("滑雪", True), ("skiing", True), ("滑雪板", False)):
        (hit,) = searcher.search("winter", Query((TextClause(text),), size=5)).hits
        assert hit.weak is weak, text
