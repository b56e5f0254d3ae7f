"""Saved searches as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from boxlens.api.schemas.clauses import Strict
from boxlens.api.schemas.query import COLLECTION, Query

SearchName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class SearchToSave(Strict):
    """A search that shall watch for new pictures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "red cars", "collection": "default", "query": {"clauses": [{"text": "red car"}]}}]
        }
    )

    name: SearchName
    collection: str = Field(pattern=COLLECTION)
    query: Query = Field(description="the body of a search")
    link: str = Field("", max_length=8000, description="how the page opens it: what stands behind the ? of its address")
    tell: bool = Field(True, description="tell the addresses of BOXLENS_NOTIFY__WEBHOOKS of its matches")
    tell_apprise: bool = Field(True, description="tell the targets of BOXLENS_NOTIFY__APPRISE of its matches")


class SavedSearch(BaseModel):
    """A search that watches, and how many of the pictures that came since it was saved match."""

    id: str
    name: str
    collection: str
    link: str
    tell: bool
    tell_apprise: bool
    made_at: datetime
    checked_at: datetime = Field(description="up to when pictures were looked at")
    matches: int
    unseen: int = Field(description="those of the matches that nobody has looked at")
    problem: str = Field(description="why it is not looked at, empty when it is")


class SavedSearches(BaseModel):
    """All saved searches by name. `telling`: whether the owner has set webhooks that are told of matches; `apprise`:
    the kinds of targets at which people are told, `mailto` or `ntfy`."""

    searches: list[SavedSearch]
    telling: bool
    apprise: list[str]


class SavedMatch(BaseModel):
    """A picture that came after the search was saved, and matches."""

    image_id: str
    matched_at: datetime
    seen: bool


class SavedSearchDetail(SavedSearch):
    """A saved search with its query and its latest matches, at most 1,000."""

    query: Query
    latest: list[SavedMatch]
