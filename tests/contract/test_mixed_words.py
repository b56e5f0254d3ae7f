"""Texts as people type them, in Chinese, English and both, from the text to the object, on every index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests import parts
from tests.contract.objects import PACK, frame, record, thing, written

from embedding_pipeline.answers import Answer
from embedding_pipeline.domain import IndexedObject
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Filter, Query, TextClause, WordQuery
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.stores.exact import ExactIndex
from embedding_pipeline.text.wanted_words import wanted_words

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
    ("rainy days 单车", "lane1"),
    ("晚霞", "sunset0"),
    ("red sea", "sunset0"),
    ("hotdog", "desk2"),
    ("热狗", "desk2"),
]


def searched(index: ObjectIndex, c: str, text: str) -> Answer:
    # no CLIP and no ViT: what is found is found by words
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, COCO)
    return searcher.search(c, Query((TextClause(text),), size=20))


PLACES = {record(name).image_id: name for name in "street yard room desk lane sunset".split()}


def named(object_id: str) -> str:
    """An object id as image name and number."""
    image_id, _, number = object_id.rpartition("-")
    return PLACES[image_id] + number


@pytest.fixture
def stored(index: ObjectIndex, c: str) -> ObjectIndex:
    written(index, c, album())
    return index


def test_the_first_object_is_the_one_that_is_meant(stored: ObjectIndex, c: str) -> None:
    wrong = {}
    for text, wanted in TABLE:
        found = searched(stored, c, text)
        best = found.hits[0] if found.hits else None
        first = [named(o.object.object_id) for o in best.objects][: len(wanted.split())] if best else []
        if sorted(first) != wanted.split():
            wrong[text] = first
    assert wrong == {}


@pytest.mark.parametrize(
    "text", ["red unicorn", "紫色 独角兽", "红色 斑马", "re17", "关中", "green elephant", "purple"]
)
def test_what_is_not_there_is_not_found_by_its_colour(stored: ObjectIndex, c: str, text: str) -> None:
    assert searched(stored, c, text).hits == ()


def test_a_colour_alone_finds_what_has_it_and_what_speaks_of_it(stored: ObjectIndex, c: str) -> None:
    for text in ("red", "红色", "紅"):
        found = {named(o.object.object_id) for hit in searched(stored, c, text).hits for o in hit.objects}
        assert found == {"street1", "yard1", "sunset0"}


def test_a_hot_dog_is_no_dog(stored: ObjectIndex, c: str) -> None:
    for text in ("dog", "狗", "dogs"):
        found = [named(o.object.object_id) for hit in searched(stored, c, text).hits for o in hit.objects]
        assert "room1" in found
        assert "desk2" not in found


def test_why_names_the_words_and_the_label(stored: ObjectIndex, c: str) -> None:
    (best, *_) = searched(stored, c, "红色 Toyota car 车牌").hits
    (car, *_) = best.objects
    (why,) = car.why
    assert (why.words, why.label) == (("toyota", "car", "red"), "car")
    assert [(h.text, h.spans) for h in car.highlights["ocr_text"]] == [("ＴＯＹＯＴＡ", ((0, 6),))]


def test_scores_agree_with_the_exact_twin(index: ObjectIndex, c: str) -> None:
    twin = ExactIndex()
    twin.create(c, PACK)
    for one in (index, twin):
        written(one, c, album())
    queries = [wanted_words(text, COCO, Filter()) for text, _ in TABLE]
    asked = [replace(query, k=20) for query in queries if isinstance(query, WordQuery)]
    assert len(asked) == len(TABLE)
    for found, exact in zip(index.search(c, asked), twin.search(c, asked), strict=True):
        assert [r.object_id for r in found] == [r.object_id for r in exact]
        assert [r.similarity for r in found] == pytest.approx([r.similarity for r in exact], rel=1e-5)


def test_a_text_that_holds_all_the_words_comes_before_many_that_hold_a_part(index: ObjectIndex) -> None:
    """Few objects have read text: its words are rare in pictures, and not within the field."""
    cups = [thing(record(f"cups{n}"), 1, "cup", 0.9, label_names=("咖啡杯", "coffee mug")) for n in range(4)]
    sign = thing(record("sign"), 1, "sign", 0.5, ocr_text=("中关村咖啡店", "COFFEE SHOP"))
    others = [thing(record(f"other{n}"), 1, "tree", 0.9, label_names=("树",)) for n in range(40)]
    index.create("signs", PACK)
    written(index, "signs", [each for o in (*cups, sign, *others) for each in (frame(o.image), o)])
    for text in ("咖啡店", "coffee shop"):
        wanted = wanted_words(text, (), Filter())
        assert wanted is not None
        (found,) = index.search("signs", [replace(wanted, k=10)])
        assert found[0].object_id == sign.object_id, text
        assert {f.object_id for f in found[1:]} == {cup.object_id for cup in cups}
