"""Conditions that were read from the words of a query, as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from boxlens.domain.queries import RelationName


class ReadCount(BaseModel):
    min: int
    max: int | None


class ReadRelation(BaseModel):
    is_: RelationName = Field(alias="is")
    other: int


class ReadPart(BaseModel):
    """A part of `all_of` as it was read."""

    text: str
    count: ReadCount
    relation: ReadRelation | None


class ReadAway(BaseModel):
    """A clause that pushes away, as it was read."""

    text: str
    weight: float


class ReadCondition(BaseModel):
    """A condition read from a text, and what it was read as, in the form in which a query would say it.

    Put `key` into `ignore` to have its words searched as plain words instead.
    """

    key: str
    text: str = Field(description="the words it was read from")
    clause: int = Field(description="index of the clause they stand in")
    start: int = Field(description="where they begin in its text, in Unicode characters")
    end: int
    read_as: Literal["all_of", "filter", "not"]
    all_of: list[ReadPart] = Field(description="they follow the query's own all_of in the order of read_from_text")
    filter: dict[str, Any] | None
    away: ReadAway | None
    admits_nothing: bool = Field(
        description="nothing was found, and this condition alone admits no object: leave it out with `ignore`"
    )
