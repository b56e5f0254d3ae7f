"""The query of a search and its filter, as JSON."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from boxlens.api.schemas.clauses import MAX_PARTS, MAX_WEIGHT, AnySubject, Clause, Finite, Part, Strict
from boxlens.schema import FILTER_FIELDS, FilterKind

MAX_CLAUSES = 32
MAX_PICTURES = 8  # each is fetched or read, and decoded whole
MAX_SIZE = 200
MAX_CURSOR = 100_000  # 7 characters for each hit shown so far, of at most 10,000
MAX_COLLECTIONS = 16
COLLECTION = r"^[a-z0-9][a-z0-9_-]{0,63}$"

Collection = Annotated[str, StringConstraints(pattern=COLLECTION)]
Size = Annotated[int, Field(ge=1, le=MAX_SIZE, description="hits on a page")]
SortName = Literal[
    "relevance", "-relevance", "taken_at", "-taken_at", "ingested_at", "-ingested_at", "box_area", "-box_area"
]
Value = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Values = Annotated[list[Value], Field(max_length=256)]


def _relevance(value: Any) -> float | Literal["auto"] | None:
    """One error at one place, where a union would name each of its members."""
    if value is None or value == "auto":
        return value  # type: ignore[no-any-return]
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= 1:
        raise PydanticCustomError("relevance", "Write auto, or a number from 0 to 1")
    return number


_Share = Annotated[float, Field(ge=0, le=1)]
Relevance = Annotated[
    float | Literal["auto"] | None,
    PlainValidator(_relevance, json_schema_input_type=_Share | Literal["auto"] | None),
    Field(description="cut what is less relevant than this; auto: at the usual place; null and 0: nothing"),
]
RelevanceText = Annotated[  # where there is no null to be written
    float | Literal["auto"],
    PlainValidator(_relevance, json_schema_input_type=_Share | Literal["auto"]),
    Field(description="cut what is less relevant than this; auto: at the usual place; 0: nothing"),
]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CURSOR)]


class TermSets(Strict):
    """Any of some values, and none of others."""

    any: Values = Field([])
    none: Values = Field([])


class NumberRange(Strict):
    """Closed bounds; leave one out to keep that side open."""

    gte: Finite | None = None
    lte: Finite | None = None


class DateRange(Strict):
    """Closed bounds: a year, a month, a day or a moment; whole periods are included."""

    gte: Value | None = Field(None, examples=["2023-01"])
    lte: Value | None = Field(None, examples=["2023-06"])


def _as_sets(value: Any) -> Any:
    if isinstance(value, str):
        return {"any": [value]}
    return {"any": value} if isinstance(value, list) else value


def _as_range(value: Any) -> Any:
    plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return {"gte": value, "lte": value} if plain else value


class Near(Strict):
    """All places within some kilometres of one, WGS 84 degrees."""

    lat: Finite = Field(ge=-90, le=90)
    lon: Finite = Field(ge=-180, le=180)
    km: Finite = Field(gt=0, le=20_100)


class Location(Strict):
    """Where a picture was taken: near a place, or inside a box on the map. Exactly one of them."""

    near: Near | None = None
    box: list[Finite] | None = Field(
        None,
        min_length=4,
        max_length=4,
        description="west, south, east, north in degrees",
        examples=[[116, 39, 117, 40]],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Location:
        if (self.near is None) == (self.box is None):
            raise PydanticCustomError("one_of", "Give exactly one of near, box")
        return self


Terms = Annotated[TermSets, BeforeValidator(_as_sets, json_schema_input_type=Value | Values | TermSets)]
Numbers = Annotated[NumberRange, BeforeValidator(_as_range, json_schema_input_type=float | NumberRange)]
Dates = Annotated[DateRange, BeforeValidator(_as_range, json_schema_input_type=Value | DateRange)]


_MODELS: dict[FilterKind, Any] = {"keyword": Terms, "words": Terms, "number": Numbers, "whole": Numbers, "date": Dates}

_DEFINITIONS: dict[str, Any] = {
    field.name: (_MODELS[field.filter] | None, Field(None, description=field.description or None))
    for field in FILTER_FIELDS
    if field.filter is not None
}
_StoredFields = create_model("_StoredFields", __base__=Strict, **_DEFINITIONS)


class Filter(_StoredFields):
    """All that is given must hold. A list means any of its values; `any` and `none` nest whole filters.

    Attributes and counts may also be written `"attributes.NAME": [...]`, `"count.LABEL": {...}`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"label": ["car", "truck"], "box_score": {"gte": 0.5}, "tags": {"none": ["draft"]}},
                {"any": [{"label": ["dog"]}, {"label": ["cat"], "area_share": {"gte": 0.1}}]},
                {"count": {"dog": {"gte": 2, "lte": 3}}, "position": ["left"], "aspect": {"gte": 1}},
                {"location": {"near": {"lat": 39.9, "lon": 116.4, "km": 5}}, "ocr_text": ["TAXI"]},
            ]
        }
    )

    count: dict[Value, Numbers] = Field({}, max_length=64, description="how many objects of a label the image holds")
    location: Location | None = None
    attributes: dict[Value, Terms] = Field({}, max_length=64)
    any: list[Filter] = Field([], max_length=64)
    none: list[Filter] = Field([], max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _dotted_names(cls, data: Any) -> Any:
        """``attributes.NAME`` and ``count.LABEL`` beside ``attributes: {NAME: …}`` and ``count: {LABEL: …}``."""
        if not isinstance(data, dict):
            return data
        for group in ("attributes", "count"):
            start = f"{group}."
            dotted = {key: value for key, value in data.items() if isinstance(key, str) and key.startswith(start)}
            inner = data.get(group, {})
            if dotted and isinstance(inner, dict):
                rest = {key: value for key, value in data.items() if key not in dotted}
                data = rest | {group: inner | {key.removeprefix(start): value for key, value in dotted.items()}}
        return data


class Signals(Strict):
    """How much each ranking counts; 0 switches it off."""

    vit: Finite = Field(1.0, ge=0, le=MAX_WEIGHT)
    clip: Finite = Field(1.0, ge=0, le=MAX_WEIGHT)
    words: Finite = Field(1.0, ge=0, le=MAX_WEIGHT)

    @model_validator(mode="after")
    def _something(self) -> Signals:
        if not (self.vit or self.clip or self.words):
            raise PydanticCustomError("no_signal", "At least one signal must be above 0")
        return self


class Similarities(Strict):
    """The least raw similarity each ranking takes: a cosine for vectors, a BM25 score for words."""

    vit: Finite | None = Field(None, ge=-1, le=1)
    clip: Finite | None = Field(None, ge=-1, le=1)
    words: Finite | None = Field(None, ge=0)


class Query(Strict):
    """What a person looks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"clauses": [{"text": "红色 Toyota"}, {"text": "卡车", "weight": -0.5}], "size": 20},
                {"clauses": [{"text": "dog"}], "filter": {"label": ["dog"], "box_score": {"gte": 0.5}}},
                {
                    "all_of": [
                        {"text": "dog", "count": {"min": 2}},
                        {"text": "自行车", "relation": {"is": "right_of", "other": 0}},
                    ]
                },
            ]
        }
    )

    clauses: list[Clause] = Field([], max_length=MAX_CLAUSES)
    filter: Filter = Filter()
    signals: Signals = Signals()
    size: Size = 20
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")
    explain: bool = Field(True, description="say why each object matched")
    group_by: Literal["image", "object"] = Field("image", description="a hit for each image, or for each box")
    fold: bool = Field(True, description="images that look the same make one hit; needs group_by image")
    sort: SortName = Field("relevance", description="a minus turns the order round; without a value comes last")
    groups: Literal["none", "query_objects"] = Field(
        "none", description="query_objects: also the best hits for each object of the query picture"
    )
    all_of: list[Part] = Field([], max_length=MAX_PARTS, description="things an image must hold at once")
    read_text: bool = Field(False, description='read conditions such as "two dogs" or "2023年7月" from the texts')
    ignore: list[Value] = Field([], max_length=64, description="keys of read_from_text that shall not be read")
    collections: list[Collection] | None = Field(
        None, max_length=MAX_COLLECTIONS, description="searched together with that of the path; all of one pack"
    )
    min_relevance: Relevance = "auto"
    min_similarity: Similarities = Similarities()

    @field_validator("groups", mode="after")
    @classmethod
    def _one_picture(cls, groups: str, info: ValidationInfo) -> str:
        clauses: list[Clause] = info.data.get("clauses", [])
        pictures = sum(clause.is_picture for clause in clauses)
        if groups == "query_objects" and pictures != 1:
            raise PydanticCustomError("one_picture", "query_objects needs exactly one picture among the clauses")
        return groups

    @field_validator("clauses", "all_of", mode="after")
    @classmethod
    def _few_pictures(cls, subjects: list[AnySubject]) -> list[AnySubject]:
        if sum(subject.is_picture for subject in subjects) > MAX_PICTURES:
            most = {"max_length": MAX_PICTURES}
            raise PydanticCustomError("too_many_pictures", "At most {max_length} of them may be pictures", most)
        return subjects


class FacetQuery(Query):
    """The query of a search, whose finds are counted; `size`, `cursor`, `sort` and `explain` change nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filter": {"label": ["car"]}}, {"clauses": [{"text": "dog"}], "filter": {"objects": 1}}]
        }
    )
