from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.api.filter_mappers import filter_of
from boxlens.api.schemas.query import DateRange, TermSets
from boxlens.api.schemas.query import Filter as JsonFilter
from boxlens.api.schemas.query import NumberRange as JsonNumberRange
from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Area, Circle, Condition, Filter, NumberRange, Period, Words, parse_period
from boxlens.filters.expression import parse_expression
from boxlens.schema import BY_NAME, FILTER_FIELDS, limit_of


def days(first: str | None, last: str | None) -> Period:
    """Whole days by the clock of the place."""
    return Period(moment(first) if first else None, moment(last) if last else None, local=True)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_example_of_the_contract() -> None:
    text = "label:car,truck score>=0.5 area>=0.02 -tag:draft format:jpg taken:2023-01..2023-06 attributes.shop:12"
    assert parse_expression(text) == Filter(
        conditions=(
            Condition("label", any_of=("car", "truck")),
            Condition("box_score", range=NumberRange(gte=0.5)),
            Condition("area_share", range=NumberRange(gte=0.02)),
            Condition("tags", none_of=("draft",)),
            Condition("format", any_of=("jpeg",)),
            Condition("taken_at", range=days("2023-01-01T00:00:00.000Z", "2023-06-30T23:59:59.999Z")),
            Condition("attributes.shop", any_of=("12",)),
        )
    )


@pytest.mark.parametrize(
    ("text", "range"),
    [
        ("score:0.5", NumberRange(0.5, 0.5)),
        ("score=0.5", NumberRange(0.5, 0.5)),
        ("width:640..1920", NumberRange(640, 1920)),
        ("width:640..", NumberRange(640, None)),
        ("width:..1920", NumberRange(None, 1920)),
        ("width<=1920", NumberRange(None, 1920)),
        ("width>640", NumberRange(641, None)),
        ("width<640", NumberRange(None, 639)),
        ("width<640.5", NumberRange(None, 640)),
        ("x<0.5", NumberRange(None, float(np.nextafter(np.float32(0.5), np.float32(0))))),
        ("aspect>1", NumberRange(float(np.nextafter(np.float32(1), np.float32(2))), None)),
        ("score>0.1", NumberRange(float(np.float32(0.1)), None)),
        ("objects:3..", NumberRange(3, None)),
        ("count.dog>=2", NumberRange(2, None)),
        ('count."traffic light"<3', NumberRange(None, 2)),
        ("count.dog:2", NumberRange(2, 2)),
        ("size>=1e6", NumberRange(1_000_000, None)),
        ("taken:2024-02", days("2024-02-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z")),
        ("taken:2023", days("2023-01-01T00:00:00.000Z", "2023-12-31T23:59:59.999Z")),
        ("taken:2023-05-31", days("2023-05-31T00:00:00.000Z", "2023-05-31T23:59:59.999Z")),
        ("taken>=2023-05", days("2023-05-01T00:00:00.000Z", None)),
        ("taken<=2023-05", days(None, "2023-05-31T23:59:59.999Z")),
        ("taken>2023", days("2024-01-01T00:00:00.000Z", None)),
        ("taken<2023", days(None, "2022-12-31T23:59:59.999Z")),
        ("taken>=2023-05-31T10:00:00+08:00", Period(moment("2023-05-31T02:00:00.000Z"), None)),
        (
            'ingested:"2023-05-31T10:00:00Z"',
            Period(moment("2023-05-31T10:00:00.000Z"), moment("2023-05-31T10:00:00.000Z")),
        ),
    ],
)
def test_ranges(text: str, range: NumberRange | Period) -> None:
    (condition,) = parse_expression(text).conditions
    assert condition.range == range


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01T00:00:00", "2023-12-31T23:59:59.999"),
        ("2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59.999"),
        ("9999", "9999-01-01T00:00:00", "9999-12-31T23:59:59.999"),
        ("2023-05-06", "2023-05-06T00:00:00", "2023-05-06T23:59:59.999"),
        ("2023-05-06T10:00:00+02:00", "2023-05-06T08:00:00", "2023-05-06T08:00:00"),
    ],
)
def test_dates_mean_whole_periods(text: str, first: str, last: str) -> None:
    assert parse_period(text, "") == (moment(first).replace(tzinfo=UTC), moment(last).replace(tzinfo=UTC))


def test_commas_mean_or_and_minus_means_none() -> None:
    low, high = Condition("width", range=NumberRange(1, 1)), Condition("width", range=NumberRange(5, 9))
    either = (Filter((low,)), Filter((high,)))
    assert parse_expression("width:1,5..9") == Filter(any=either)
    assert parse_expression("-width:1,5..9") == Filter(none=either)
    assert parse_expression("width:1,5..9 height:1,2").none == (
        Filter(none=tuple(Filter((Condition("height", range=NumberRange(n, n)),)) for n in (1.0, 2.0))),
    )


def test_names_places_and_text() -> None:
    text = 'count."traffic light":1 position:center,left text:"RE16 中关" near:39.9,116.4,5km -inside:170,-20,-170,0'
    parsed = parse_expression(text)
    assert parsed.conditions == (
        Condition("count.traffic light", range=NumberRange(1, 1)),
        Condition("position", any_of=("centre", "left")),
        Condition("ocr_text", any_of=(Words(("re16", "中关")),)),
        Condition("location", any_of=(Circle(39.9, 116.4, 5.0),)),
    )
    assert parsed.none == (Filter((Condition("location", any_of=(Area(170.0, -20.0, -170.0, 0.0),)),)),)


def test_quotes_and_spaces() -> None:
    text = '  label:"hot dog",car\ttags:"a,b","say \\"hi\\"","back\\\\slash"  camera:佳能 '
    assert [condition.any_of for condition in parse_expression(text).conditions] == [
        ("hot dog", "car"),
        ("a,b", 'say "hi"', "back\\slash"),
        ("佳能",),
    ]
    assert parse_expression("  ").empty


@pytest.mark.parametrize(
    ("text", "character", "hint"),
    [
        ("car", 1, "field:value"),
        ("label:car cat", 11, "field:value"),
        ("label:car lable:cat", 11, "label"),
        ("label:", 7, "field:value"),
        ("label:car,", 11, "field:value"),
        ('label:"car', 7, ""),
        ('label:"car"x', 12, ""),
        ("label>=car", 6, "colon"),
        ("score>=high", 8, ""),
        ("score>=nan", 8, ""),
        ("score:0.9..0.1", 7, ""),
        ("score:..", 7, ""),
        ("taken:2023-13", 7, "2023-05"),
        ("taken:2023-02-30", 7, "2023-05"),
        ("taken>9999", 7, ""),
        ("kind:thing", 6, ""),
        ("position:above", 10, ""),
        ("near:39.9,116.4", 6, "near:latitude,longitude"),
        ("near:91,116.4,5km", 6, "39.9,116.4,5km"),
        ("near:39.9,116.4,0km", 6, "39.9,116.4,5km"),
        ("inside:1,2,3", 8, "inside:west,south"),
        ("inside:1,2,3,x", 8, ""),
        ("inside:1,50,3,40", 8, "south below north"),
        ("count.:2", 1, "count.LABEL"),
        ("count.dog:many", 11, ""),
        ("count.dog:-1", 11, "0 or more"),
        ("text:!?", 6, "letters"),
        ("text>=1", 5, "colon"),
        ("vit_vector:1", 1, "Fields"),
        ("attributes.a\0b:x", 1, ""),
        ("attributes.:x", 1, "attributes.NAME"),
        ("-", 1, "field:value"),
        (":x", 1, "field:value"),
    ],
)
def test_mistakes_are_named_by_character(text: str, character: int, hint: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse_expression(text)
    assert caught.value.place == f"character {character}"
    assert hint in caught.value.hint + caught.value.detail


def test_the_json_filter_has_exactly_the_fields_of_the_table() -> None:
    kinds: dict[str, type[object]] = {
        "keyword": TermSets,
        "words": TermSets,
        "number": JsonNumberRange,
        "whole": JsonNumberRange,
        "date": DateRange,
    }
    own = ("any", "none", "attributes", "count", "location")
    assert [name for name in JsonFilter.model_fields if name not in own] == [field.name for field in FILTER_FIELDS]
    for kind, value in {"keyword": "x", "words": "x", "number": 1, "whole": 1, "date": "2023"}.items():
        for field in FILTER_FIELDS:
            if field.filter == kind:
                model = JsonFilter.model_validate({field.name: value})
                assert isinstance(getattr(model, field.name), kinds[kind])


@pytest.mark.parametrize(
    ("document", "expression"),
    [
        ({}, ""),
        ({"label": "car"}, "label:car"),
        ({"label": ["car", "truck"]}, "label:car,truck"),
        ({"label": {"any": ["car"]}, "tags": {"none": ["draft"]}}, "label:car -tag:draft"),
        ({"box_score": {"gte": 0.5}, "width": 640}, "score>=0.5 width:640"),
        ({"taken_at": {"gte": "2023-01", "lte": "2023-06"}}, "taken:2023-01..2023-06"),
        ({"attributes.shop": ["12"]}, "attributes.shop:12"),
        ({"attributes": {"shop": "12"}}, "attributes.shop:12"),
        ({"none": [{"width": {"gte": 9}}]}, "-width:9.."),
        ({"any": [{"width": 1}, {"width": 2}]}, "width:1,2"),
        ({"format": ["JPG"]}, "format:jpeg"),
        ({"count": {"dog": {"gte": 2, "lte": 3}}, "aspect": {"gte": 1}}, "aspect>=1 count.dog:2..3"),
        ({"count.traffic light": 1}, 'count."traffic light":1'),
        ({"position": ["left", "center"], "ocr_text": ["TAXI"]}, "position:left,centre text:TAXI"),
        ({"location": {"near": {"lat": 39.9, "lon": 116.4, "km": 5}}}, "near:39.9,116.4,5km"),
        ({"location": {"box": [170, -20, -170, 0]}}, "inside:170,-20,-170,0"),
        ({"none": [{"location": {"box": [1, 2, 3, 4]}}]}, "-inside:1,2,3,4"),
        ({"objects": 0, "center_x": {"lte": 0.5}, "center_y": {"gte": 0.25}}, "x<=0.5 y>=0.25 objects:0"),
    ],
)
def test_json_and_expression_say_the_same(document: dict[str, object], expression: str) -> None:
    assert filter_of(JsonFilter.model_validate(document)) == parse_expression(expression)


@given(st.text(max_size=80))
def test_any_text_is_a_filter_or_a_named_mistake(text: str) -> None:
    for expression in (text, f"label:{text}", f"taken:{text}", f"score>{text}"):
        with contextlib.suppress(BadQuery):
            assert isinstance(parse_expression(expression), Filter)


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: text.strip())


parts_of_text = st.tuples(
    st.booleans(), st.sampled_from(["label", "tags", "attributes.x"]), st.lists(words, min_size=1, max_size=3)
)


@given(st.lists(parts_of_text, max_size=20))
def test_what_is_written_is_what_is_read(parts: list[tuple[bool, str, list[str]]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def stripped(values: list[str]) -> tuple[str, ...]:
        return tuple(value.strip() for value in values)

    text = " ".join(f"{'-' * no}{name}:{','.join(quoted(value) for value in values)}" for no, name, values in parts)
    if len(text) > 4000:
        return
    expected = tuple(
        Condition(name, none_of=stripped(values)) if no else Condition(name, any_of=stripped(values))
        for no, name, values in parts
    )
    assert parse_expression(text) == Filter(expected)


def inside(value: float) -> float:
    """A bound as the field can hold it."""
    limit = limit_of(BY_NAME["box_score"])
    return max(-limit, min(limit, value))


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value_in_both_languages(a: float, b: float) -> None:
    low, high = sorted((a, b))
    expected = Filter((Condition("box_score", range=NumberRange(inside(low), inside(high))),))
    assert parse_expression(f"score:{low!r}..{high!r}") == expected
    document = json.loads(json.dumps({"box_score": {"gte": low, "lte": high}}))
    assert filter_of(JsonFilter.model_validate(document)) == expected
