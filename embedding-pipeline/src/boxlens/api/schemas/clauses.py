"""What is looked for, as JSON: the clauses of a query, and the parts of ``all_of`` with their counts and relations."""

from __future__ import annotations

from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from boxlens.domain.queries import RelationName

MAX_PARTS = 8
MAX_BOXES = 100
MAX_WEIGHT = 1000.0
MAX_TEXT = 2000
IMAGE_ID = r"^[0-9a-f]{64}$"
OBJECT_ID = r"^[0-9a-f]{64}-(0|[1-9][0-9]{0,5})$"
UPLOAD_ID = r"^[0-9a-f]{1,8}-[0-9a-f]{64}$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """Unknown fields are errors: a misspelt filter must not let everything through."""

    model_config = ConfigDict(extra="forbid")


class Subject(Strict):
    """What is looked for: words, an example picture (with the box that is meant), or something stored."""

    text: Text | None = None
    upload_id: str | None = Field(None, pattern=UPLOAD_ID, description="from POST /v1/detect")
    image_url: str | None = Field(None, min_length=1, max_length=8192)
    object_id: str | None = Field(None, pattern=OBJECT_ID)
    image_id: str | None = Field(None, pattern=IMAGE_ID)
    box: list[Finite] | None = Field(
        None,
        min_length=4,
        max_length=4,
        description="of upload_id, image_url or image_id: x1, y1, x2, y2 in pixels of the upright picture",
    )

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        subjects = [self.text, self.upload_id, self.image_url, self.object_id, self.image_id]
        if sum(value is not None for value in subjects) != 1:
            raise PydanticCustomError("one_of", "Give exactly one of text, upload_id, image_url, object_id, image_id")
        if self.box is not None and (self.text is not None or self.object_id is not None):
            raise PydanticCustomError("box_alone", "A box goes with upload_id, image_url or image_id")
        return self

    @property
    def is_picture(self) -> bool:
        """Whether its pixels are looked at: a stored image without a box has its vectors already."""
        part = self.image_id is not None and self.box is not None
        return part or self.upload_id is not None or self.image_url is not None


AnySubject = TypeVar("AnySubject", bound=Subject)


class Clause(Subject):
    """What is looked for, with its weight; below 0 excludes."""

    weight: Finite = Field(1.0, ge=-MAX_WEIGHT, le=MAX_WEIGHT)


class Count(Strict):
    """How many. `min` boxes are taken (1 unless `max` is 0); a `max` counts every box of the image that matches."""

    min: int | None = Field(None, ge=0, le=MAX_BOXES)
    max: int | None = Field(None, ge=0, le=MAX_BOXES)

    @property
    def least(self) -> int:
        return self.min if self.min is not None else min(1, self.max if self.max is not None else 1)

    @model_validator(mode="after")
    def _in_order(self) -> Count:
        if self.max is not None and self.least > self.max:
            raise PydanticCustomError("count_order", "min is larger than max")
        return self


class Relation(Strict):
    """Where its boxes lie, seen from those of another part of `all_of`, which `other` names by its index."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is": "left_of", "other": 0}]})

    is_: RelationName = Field(alias="is")
    other: int = Field(ge=0, lt=MAX_PARTS)


class Part(Subject):
    """One of several things that an image must hold at once, in boxes of its own."""

    count: Count = Count()
    relation: Relation | None = None
