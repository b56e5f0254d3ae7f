"""Marks on hits as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from boxlens.api.schemas.clauses import IMAGE_ID, Text


class Mark(BaseModel):
    """What a person said of an image of an answer, or that it was opened."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(description="the words that were searched for")
    image_id: Annotated[str, Field(pattern=IMAGE_ID, examples=["3f" * 32])]
    judgement: Literal["right", "wrong", "opened"]


class Kept(BaseModel):
    kept: bool = Field(description="False where the owner keeps no marks: BOXLENS_API__KEEP_FEEDBACK")
