"""Suggestions as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

MAX_SUGGESTIONS = 50


class Suggestion(BaseModel):
    text: str = Field(description="what to search for", examples=["自行车"])
    kind: Literal["label", "tag", "word", "file"] = Field(
        description="name of a class, tag, word of a caption, or name of a file"
    )
    count: int = Field(description="images that it was seen with")
    label: str | None = Field(description="id of the class; None for others", examples=["bicycle"])


class Suggestions(BaseModel):
    """The best first."""

    suggestions: list[Suggestion]
