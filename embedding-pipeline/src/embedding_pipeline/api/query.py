"""The query of a search and its filter, as JSON. What belongs to later work is refused rather than ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

MAX_CLAUSES = 32
MAX_PICTURES = 8  # each is fetched or read, and decoded whole
MAX_WEIGHT = 1000.0
MAX_TEXT = 2000
MAX_SIZE = 200
IMAGE_ID = r"^[0-9a-f]{64}$"
OBJECT_ID = r"^[0-9a-f]{64}-(0|[1-9][0-9]{0,5})$"
UPLOAD_ID = r"^[0-9a-f]{1,8}-[0-9a-f]{64}$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Size = Annotated[int, Field(ge=1, le=MAX_SIZE, description="images on a page")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Values = Annotated[list[Value], Field(max_length=256)]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Strict(BaseModel):
    """Unknown fields are errors: a misspelt filter must not let everything through."""

    model_config = ConfigDict(extra="forbid")


class TermSets(Strict):
    """Any of some values, and none of others."""

    any: Values = []
    none: Values = []


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


Terms = Annotated[TermSets, BeforeValidator(_as_sets, json_schema_input_type=Value | Values | TermSets)]
Numbers = Annotated[NumberRange, BeforeValidator(_as_range, json_schema_input_type=float | NumberRange)]
Dates = Annotated[DateRange, BeforeValidator(_as_range, json_schema_input_type=Value | DateRange)]


class Filter(Strict):
    """All that is given must hold. A list means any of its values; `any` and `none` nest whole filters.

    An attribute may also be written `"attributes.NAME": [...]`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"label": ["car", "truck"], "box_score": {"gte": 0.5}, "tags": {"none": ["draft"]}},
                {"any": [{"label": ["dog"]}, {"label": ["cat"], "area_share": {"gte": 0.1}}]},
            ]
        }
    )

    label: Terms | None = None
    kind: Terms | None = None
    box_score: Numbers | None = None
    area_share: Numbers | None = None
    tags: Terms | None = None
    colours: Terms | None = None
    format: Terms | None = None
    taken_at: Dates | None = None
    ingested_at: Dates | None = None
    width: Numbers | None = None
    height: Numbers | None = None
    bytes: Numbers | None = None
    camera: Terms | None = None
    file_name: Terms | None = None
    source_uri: Terms | None = None
    image_id: Terms | None = None
    attributes: dict[Value, Terms] = Field({}, max_length=64)
    any: list[Filter] = Field([], max_length=64)
    none: list[Filter] = Field([], max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _dotted_attributes(cls, data: Any) -> Any:
        """``attributes.NAME`` beside ``attributes: {NAME: …}``."""
        if not isinstance(data, dict):
            return data
        dotted = {key: value for key, value in data.items() if isinstance(key, str) and key.startswith("attributes.")}
        if not dotted:
            return data
        inner = data.get("attributes", {})
        if not isinstance(inner, dict):
            return data
        rest = {key: value for key, value in data.items() if key not in dotted}
        return rest | {"attributes": inner | {key.removeprefix("attributes."): v for key, v in dotted.items()}}


class Clause(Strict):
    """One wish: words, an example picture (with the box that is meant), or something stored. Below 0 pushes away."""

    text: Text | None = None
    upload_id: str | None = Field(None, pattern=UPLOAD_ID, description="from POST /v1/detect")
    image_url: str | None = Field(None, min_length=1, max_length=8192)
    object_id: str | None = Field(None, pattern=OBJECT_ID)
    image_id: str | None = Field(None, pattern=IMAGE_ID)
    box: list[Finite] | None = Field(
        None, min_length=4, max_length=4, description="x1, y1, x2, y2 in pixels of the upright picture"
    )
    weight: Finite = Field(1.0, ge=-MAX_WEIGHT, le=MAX_WEIGHT)

    @model_validator(mode="after")
    def _one_subject(self) -> Clause:
        given = [self.text, self.upload_id, self.image_url, self.object_id, self.image_id]
        if sum(value is not None for value in given) != 1:
            raise PydanticCustomError("one_of", "Give exactly one of text, upload_id, image_url, object_id, image_id")
        if self.box is not None and self.upload_id is None and self.image_url is None:
            raise PydanticCustomError("box_alone", "A box goes with upload_id or image_url")
        return self


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


class Query(Strict):
    """What a person looks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"clauses": [{"text": "红色 Toyota"}, {"text": "卡车", "weight": -0.5}], "size": 20},
                {"clauses": [{"text": "dog"}], "filter": {"label": ["dog"], "box_score": {"gte": 0.5}}},
            ]
        }
    )

    clauses: list[Clause] = Field([], max_length=MAX_CLAUSES)
    filter: Filter = Filter()
    signals: Signals = Signals()
    size: Size = 20
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")
    explain: bool = Field(True, description="say why each object matched")
    group_by: Literal["image"] = "image"
    sort: Literal["relevance"] = "relevance"
    groups: Literal["none"] = "none"
    all_of: list[Any] = Field([], max_length=0, description="not available yet")
    collections: None = Field(None, description="not available yet")
    min_relevance: None = Field(None, description="not available yet")
    min_similarity: None = Field(None, description="not available yet")

    @field_validator(
        "group_by", "sort", "groups", "all_of", "collections", "min_relevance", "min_similarity", mode="before"
    )
    @classmethod
    def _later(cls, value: Any) -> Any:
        if value not in (None, [], "image", "relevance", "none"):
            raise PydanticCustomError("not_available", "This is not available yet")
        return value

    @field_validator("clauses", mode="after")
    @classmethod
    def _few_pictures(cls, clauses: list[Clause]) -> list[Clause]:
        if sum(clause.upload_id is not None or clause.image_url is not None for clause in clauses) > MAX_PICTURES:
            raise PydanticCustomError("too_many_pictures", f"At most {MAX_PICTURES} clauses may be pictures")
        return clauses


class FacetQuery(Strict):
    """What to count: the objects under a filter."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"filter": {"label": ["car"]}}]})

    filter: Filter = Filter()
