"""Corrections of labels and boxes, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from boxlens.api.schemas.clauses import Finite, Strict

Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="a class of the pack by any of its names, or a name of one's own"),
]
Corners = Annotated[
    list[Finite], Field(min_length=4, max_length=4, description="x1, y1, x2, y2 in pixels of the upright picture")
]


class ObjectPatch(Strict):
    """Another label, another box, or both; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "dog", "box": [12, 30, 200, 210]}]})

    label: Label | None = None
    box: Corners | None = None


class NewObject(Strict):
    """An object that the detector did not see."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "our Bello", "box": [12, 30, 200, 210]}]})

    label: Label
    box: Corners


class Undo(Strict):
    """Of which object the last correction is taken back; of any, when it is left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 1}]})

    number: int | None = Field(None, ge=1, le=999_999)


class CorrectionStep(BaseModel):
    """What a person did to one object, and when."""

    number: int
    by: str
    at: datetime
    did: Literal["added", "removed", "moved", "relabelled"]
