"""Several images at once, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from boxlens.api.schemas.answers import Caption, Tags
from boxlens.api.schemas.clauses import IMAGE_ID, Strict

MAX_SELECTED = 1000
_SOME_IMAGE = "3f" * 32

SelectedId = Annotated[str, StringConstraints(pattern=IMAGE_ID)]
Albums = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]], Field(max_length=64)
]
SelectedIds = Annotated[list[SelectedId], Field(min_length=1, max_length=MAX_SELECTED)]


class Selection(Strict):
    """Images of one collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"image_ids": [_SOME_IMAGE]}]})

    image_ids: SelectedIds


class SelectionPatch(Selection):
    """One caption for all (`""` clears theirs), tags and albums to add or to take off; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"image_ids": [_SOME_IMAGE], "add_tags": ["beach"]}]})

    caption: Caption | None = None
    add_tags: Tags = Field(default_factory=list)
    remove_tags: Tags = Field(default_factory=list)
    add_albums: Albums = Field(default_factory=list, description="named sets that they shall be in too")
    remove_albums: Albums = Field(default_factory=list)


class SelectionExport(Selection):
    """How the images shall be written."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"image_ids": [_SOME_IMAGE], "format": "coco"}]})

    format: Literal["csv", "json", "coco", "yolo", "zip"] = Field(description="zip holds the pictures themselves")
    corrected: Literal["pictures", "boxes"] | None = Field(
        None,
        description="only pictures of which a person corrected a label or box: with all their boxes, or with these",
    )


class Refused(BaseModel):
    """An image that was left as it is."""

    image_id: str
    code: str
    detail: str


class SelectionResult(BaseModel):
    """What became of each image."""

    done: list[str]
    refused: list[Refused]
