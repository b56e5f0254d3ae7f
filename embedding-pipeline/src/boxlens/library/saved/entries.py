"""What is kept of a saved search, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_SEARCHES = 200
"""Of one data folder: each is asked again whenever pictures come."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """``query``: the body of the API's search; ``link``: what stands behind the question mark in the page's address.

    ``tell``: whether the owner's webhooks are told of its matches; ``tell_apprise``: whether people are, through
    apprise. ``made_at`` and ``checked_at``, up to when pictures were looked at, are seconds since 1970. ``problem``:
    why it was not looked at last time. ``matches`` counts the pictures that came since it was saved and match,
    ``unseen`` those of them that nobody has looked at.
    """

    id: str
    name: str
    collection: str
    query: Mapping[str, Any]
    link: str
    tell: bool
    made_at: float
    made_by: str
    checked_at: float
    tell_apprise: bool
    problem: str = ""
    matches: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A picture that came after the search was saved and matches; ``matched_at`` in seconds since 1970."""

    image_id: str
    matched_at: float
    seen: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told: the same event and body however often it must be sent. ``address``: a webhook's address, or
    the key of a target of apprise."""

    event: str
    address: str
    body: str
    attempts: int
