"""What is read from texts in two languages, and above all what is not: names, sayings, colours, compounds, codes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from boxlens.domain.filters import Condition, Filter, Period
from boxlens.domain.objects import LabelName
from boxlens.domain.queries import ObjectClause, Part, Query, Relation, TextClause
from boxlens.language.query_parsing.conditions import (
    MAX_PARSED_LENGTH,
    ParsedText,
    parse_query,
    parse_text,
    says_unread_relation,
)
from boxlens.models.coco_labels import COCO

MANY = tuple(
    LabelName(en.split("/")[0].replace(" ", "_"), tuple(en.split("/")), tuple(zh.split("/")))
    for en, zh in (
        line.split(" = ")
        for line in """
dog = 狗
cat = 猫
person/man/woman = 人
bicycle/bike = 自行车
car = 汽车/车
cup = 杯子
laptop/computer = 笔记本电脑/电脑
couch/sofa = 沙发
dining table/table = 餐桌/桌子
chair = 椅子
hot dog = 热狗
teddy bear = 泰迪熊
orange = 橙子
mouse = 鼠标
horse = 马
sheep = 羊
bed = 床
fork = 叉子
knife = 刀
cell phone/phone = 手机
book = 书
bird = 鸟
elephant = 大象
bowl = 碗
""".strip().splitlines()
    )
)
ONE = (LabelName("thing", ("thing", "object"), ("物品", "东西")),)
TODAY = date(2026, 11, 21)
WORDS = "two dogs cat and 和 狗 两只 猫 left of bicycle 在 左边 的 比 大 2023年 7月 - without 不要".split()
WORDS += ', " ２ ﬁ İ 🐕 in 有 里 & at least'.split()


def parts_in_words(parts: tuple[Part, ...]) -> str:
    """Parts in short: ``dog*2 left_of 1; bicycle``."""
    lines = []
    for part in parts:
        assert isinstance(part.clause, TextClause)
        count = "" if (part.min_count, part.max_count) == (1, None) else f"*{part.min_count}"
        count += "" if part.max_count is None else f"-{part.max_count}"
        relation = f" {part.relation.name} {part.relation.other}" if part.relation else ""
        lines.append(part.clause.text + count + relation)
    return "; ".join(lines)


def summary(parsed: ParsedText) -> str:
    kinds = []
    for reading in parsed.conditions:
        if reading.parts:
            kinds.append(parts_in_words(reading.parts))
        elif reading.away:
            kinds.append(f"not {reading.away.text}")
        else:
            (condition,) = reading.filter.conditions
            assert isinstance(condition.range, Period)
            kinds.append("..".join(str(edge or "")[:10] for edge in (condition.range.first, condition.range.last)))
    return " + ".join(kinds) + (f" | {parsed.rest}" if parsed.rest else "")


SEVERAL = [
    ("两只狗", "狗*2"),
    ("两只狗在海滩上", "狗*2 | 海滩上"),
    ("三辆红色的车", "红色的车*3"),
    ("2只猫", "猫*2"),
    ("至少三个杯子", "杯子*3"),
    ("最多两个人", "人*1-2"),
    ("正好两只狗", "狗*2-2"),
    ("two dogs", "dogs*2"),
    ("2 dogs", "dogs*2"),
    ("Two DOGS", "DOGS*2"),
    ("a photo of two dogs", "dogs*2"),
    ("at least three cups", "cups*3"),
    ("exactly two cats", "cats*2-2"),
    ("more than two cats", "cats*3"),
    ("two red cars", "red cars*2"),
    ("three people playing in the snow", "people*3 | playing in the snow"),
    ("two sheep", "sheep*2"),
    ("猫 和 狗", "猫; 狗"),
    ("猫和狗", "猫; 狗"),
    ("狗、猫", "狗; 猫"),
    ("猫和狗的照片", "猫; 狗"),
    ("一只猫和两只狗", "猫; 狗*2"),
    ("cat and dog", "cat; dog"),
    ("a cat & a dog", "cat; dog"),
    ("cat and dog and bird", "cat; dog; bird"),
    ("a man and a woman", "man; woman"),
    ("sleepy dog and cat", "dog; cat | sleepy"),
    ("white cat and black dog", "white cat; black dog"),
    ("dog and 猫", "dog; 猫"),
    ("dog left of bicycle", "dog left_of 1; bicycle"),
    ("a dog to the left of a bicycle", "dog left_of 1; bicycle"),
    ("the dog is on the right of the bike", "dog right_of 1; bike"),
    ("person in car", "person inside 1; car"),
    ("cup on a table", "cup on 1; table"),
    ("two dogs under the table", "dogs*2 below 1; table"),
    ("cat larger than the dog", "cat larger_than 1; dog"),
    ("cat is bigger than dog", "cat larger_than 1; dog"),
    ("dog left of bicycle and cat", "dog left_of 1; bicycle; cat"),
    ("杯子在电脑左边", "杯子 left_of 1; 电脑"),
    ("杯子在电脑的左边", "杯子 left_of 1; 电脑"),
    ("电脑左边的杯子", "杯子 left_of 1; 电脑"),
    ("车里的人", "人 inside 1; 车"),
    ("车里有人", "人 inside 1; 车"),
    ("比狗大的猫", "猫 larger_than 1; 狗"),
    ("猫比狗大", "猫 larger_than 1; 狗"),
    ("桌子上的杯子", "杯子 on 1; 桌子"),
    ("桌子上有两个杯子", "杯子*2 on 1; 桌子"),
    ("狗在沙发上", "狗 on 1; 沙发"),
    ("沙发上躺着一只猫", "猫 on 1; 沙发"),
    ("床上睡着两只猫", "猫*2 on 1; 床"),
    ("桌子上放着一个杯子", "杯子 on 1; 桌子"),
    ("车里坐着人", "人 inside 1; 车"),
    ("碗里三个橙子", "橙子*3 inside 1; 碗"),
    ("猫的左边是狗", "狗 left_of 1; 猫"),
    ("桌子上是电脑", "电脑 on 1; 桌子"),
    ("猫在桌子下面", "猫 below 1; 桌子"),
]

# nothing of these may be read where the pack tells labels apart
TRAPS = [
    "rock and roll", "black and white cat", "salt and pepper", "和服", "穿和服的人", "bed and breakfast", "黑白猫",
    "dog and cat food", "orange and black cat", "hot dog", "teddy bear", "dog", "一只猫", "a dog",
    "cat and mouse game", "cat and mouse", "two tone car", "iphone 6 phone", "one way street", "狗粮和猫粮",
    "路人和狗", "dog in snow", "man in black", "on the road", "in the car", "three", "两", "和", "and", "dog and",
    "and dog", "dog and dancing", "比萨", "大象", "上海", "car 2023", "RE16", "A2 and B3", "2-3", "two", "at least",
    "left of", "dog left of", "left of dog", "猫和狗粮", "人和自然", "10 downing street", "dogs*2", "two dog bowls",
    "cat dog", "the best of both worlds", '"two dogs"', "“两只狗”", "without a doubt",
    "with and without", "not", "no parking", "-", "a-b", "x -", "e-bike", "well-known",
    "2023", "1999 car", "AB-2023-07", "2023-13", "2023年13月", "may", "march", "in may", "route 2019", "3 days",
    "两个月大的猫", "三张照片", "two photos", "photo 2020.jpg", "summer of 69", "last day",
    "date 2021-02-30",
]  # fmt: skip

DATES = [
    ("2023年7月 海滩", "2023-07-01..2023-07-31 | 海滩"),
    ("2023年", "2023-01-01..2023-12-31"),
    ("2023年7月4日的照片", "2023-07-04..2023-07-04"),
    ("2023 年 7 月 狗", "2023-07-01..2023-07-31 | 狗"),
    ("２０２３年７月", "2023-07-01..2023-07-31"),
    ("July 2023", "2023-07-01..2023-07-31"),
    ("dog in July 2023", "2023-07-01..2023-07-31 | dog"),
    ("4 July 2023 beach", "2023-07-04..2023-07-04 | beach"),
    ("beach, July 4, 2023", "2023-07-04..2023-07-04 | beach"),
    ("2023-07 dog", "2023-07-01..2023-07-31 | dog"),
    ("2023/07/04", "2023-07-04..2023-07-04"),
    ("dog in 2023", "2023-01-01..2023-12-31 | dog"),
    ("from 2021 to 2023", "2021-01-01..2023-12-31"),
    ("2021年到2023年 海滩", "2021-01-01..2023-12-31 | 海滩"),
    ("before 2020", "..2019-12-31"),
    ("2020年以前的车", "..2019-12-31 | 车"),
    ("since March 2024", "2024-03-01.."),
    ("after 2024-02", "2024-03-01.."),
    ("去年 海滩", "2025-01-01..2025-12-31 | 海滩"),
    ("last month", "2026-10-01..2026-10-31"),
    ("this year dog", "2026-01-01..2026-12-31 | dog"),
    ("两只狗 2023年7月", "狗*2 + 2023-07-01..2023-07-31"),
]

EXCLUDED = [
    ("dog without cat", "not cat | dog"),
    ("beach -people", "not people | beach"),
    ("狗 不要猫", "not 猫 | 狗"),
    ("狗，没有猫", "not 猫 | 狗"),
    ("two dogs without a red collar", "dogs*2 + not red collar"),
    ("dog and cat -bird", "dog; cat + not bird"),
    ("without dog", "not dog"),
    ("不要狗", "not 狗"),
]


@pytest.mark.parametrize(("text", "expected"), SEVERAL + DATES + EXCLUDED)
def test_what_is_read_where_labels_are_told_apart(text: str, expected: str) -> None:
    assert summary(parse_text(text, MANY, TODAY)) == expected


@pytest.mark.parametrize("text", TRAPS)
def test_what_must_not_be_read_where_labels_are_told_apart(text: str) -> None:
    assert parse_text(text, MANY, TODAY) == ParsedText((), text)


OPEN = [
    ("两只狗", "狗*2"),
    ("three cats", "cats*3"),
    ("cat and dog", "cat; dog"),
    ("a photo of a cat and a dog", "cat; dog"),
    ("red apple and green pear", "red apple; green pear"),
    ("猫 和 狗", "猫; 狗"),
    ("苹果和香蕉", "苹果; 香蕉"),
    ("狗、猫", "狗; 猫"),
    ("dog left of bicycle", "dog left_of 1; bicycle"),
    ("fire truck larger than the dog", "fire truck larger_than 1; dog"),
    ("杯子在电脑左边", "杯子 left_of 1; 电脑"),
    ("2023年7月 苹果和香蕉", "2023-07-01..2023-07-31 + 苹果; 香蕉"),
    ("apple without worm", "not worm | apple"),
]
OPEN_TRAPS = [
    "rock and roll", "black and white", "black and white cat", "salt and pepper", "和服", "穿和服的人",
    "bed and breakfast", "fish & chips", "dog in snow", "person in car", "桌子上的杯子", "地上的猫", "two weeks",
    "三个月", "sleeping", "dog", "a very long sentence about a dog and a cat that sit together", "和平鸽", "比萨",
    "上海", "两个小时", "one cat", "一只猫", "24 hours", "7up", "three musketeers and more friends of theirs",
    "thing and", "和平与发展的道路",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), OPEN)
def test_what_is_read_where_one_label_is_all(text: str, expected: str) -> None:
    assert summary(parse_text(text, ONE, TODAY)) == expected


@pytest.mark.parametrize("text", OPEN_TRAPS)
def test_what_must_not_be_read_where_one_label_is_all(text: str) -> None:
    assert parse_text(text, ONE, TODAY) == ParsedText((), text)


def test_a_condition_says_where_it_stands_and_can_be_switched_off() -> None:
    text = "２０２３年 Two  dogs 海滩"
    parsed = parse_text(text, MANY, TODAY)
    assert [(reading.key, reading.text, text[reading.start : reading.end]) for reading in parsed.conditions] == [
        ("filter:２０２３年", "２０２３年", "２０２３年"),
        ("all_of:Two dogs", "Two  dogs", "Two  dogs"),
    ]
    off = parse_text(text, MANY, TODAY, ignore=["all_of:Two dogs"])
    assert [reading.key for reading in off.conditions] == ["filter:２０２３年"]
    assert off.rest == "Two dogs 海滩"
    assert parse_text(text, MANY, TODAY, ignore=[reading.key for reading in parsed.conditions]) == ParsedText((), text)


def test_a_label_may_be_the_name_of_a_colour() -> None:
    labels = (LabelName("red", ("red",), ("红",)), LabelName("blue", ("blue",), ("蓝",)))
    assert summary(parse_text("red left of 蓝", labels, TODAY)) == "red left_of 1; 蓝"


def test_a_long_text_was_pasted_and_is_words() -> None:
    text = "two dogs " * (MAX_PARSED_LENGTH // 9 + 1)
    assert parse_text(text, MANY, TODAY) == ParsedText((), text)


def test_readings_take_their_places_in_the_query() -> None:
    request = Query(
        (
            TextClause("beach 2023年7月 -cat", 2.0),
            ObjectClause("x-1"),
            TextClause("dog left of bicycle"),
            TextClause("two dogs", -1),
        ),
        Filter((Condition("format", any_of=("jpeg",)),)),
        all_of=(Part(TextClause("cup")),),
        read_text=True,
    )
    query, readings, left = parse_query(request, MANY, TODAY)
    assert query.clauses == (
        TextClause("beach", 2.0),
        ObjectClause("x-1"),
        TextClause("two dogs", -1),
        TextClause("cat", -0.5),
    )
    assert [condition.field for condition in query.filter.conditions] == ["format", "taken_at"]
    assert query.all_of == (
        Part(TextClause("cup")),
        Part(TextClause("dog"), relation=Relation("left_of", 2)),
        Part(TextClause("bicycle")),
    )
    assert [(reading.clause, reading.first_part) for reading in readings] == [(0, 1), (0, 1), (2, 1)]
    assert left == "beach"


def test_a_query_in_which_nothing_is_read_stays_as_it_is() -> None:
    request = Query((TextClause("red car"),), read_text=True)
    assert parse_query(request, MANY, TODAY) == (request, (), None)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    some.lists(
        some.sampled_from(WORDS),
        max_size=12,
    ),
    some.booleans(),
    some.sampled_from([MANY, ONE]),
)
def test_any_text_is_read_without_losing_a_word(words: list[str], spaced: bool, labels: tuple[LabelName, ...]) -> None:
    """Spans lie in the text, in order and apart; what is not in a span stays, but for joints and punctuation."""
    text = (" " if spaced else "").join(words)
    parsed = parse_text(text, labels, TODAY)
    before = 0
    for reading in parsed.conditions:
        assert before <= reading.start < reading.end <= len(text)
        assert reading.text == text[reading.start : reading.end].strip()
        before = reading.end
    remaining = set(parsed.rest.split())
    assert all(word in text for word in remaining)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("dog next to a bicycle", True),
        ("a cat behind the dog", True),
        ("狗旁边的猫", True),
        ("狗和猫之间", True),
        ("man behind two cars", True),
        ("a dog between two chairs", True),
        ("kid between two dogs", True),
        ("人站在车前", True),
        ("猫坐在电视机后", True),
        ("狗在车旁", True),
        ("人在左边，车在右边", True),
        ("以前的车和人", False),
        ("两年前的车和人", False),
        ("two dogs and a cat", False),
        ("dog left of bicycle", False),
        ("桌子后面", False),
        ("dog near the sea", False),
        ("dog cat", False),
    ],
)
def test_a_relation_that_boxes_do_not_tell_is_told_of(text: str, unread: bool) -> None:
    query, _, _ = parse_query(Query((TextClause(text),), read_text=True), COCO, TODAY)
    assert says_unread_relation(query, COCO) == unread
