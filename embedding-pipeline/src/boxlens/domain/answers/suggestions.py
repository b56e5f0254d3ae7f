"""Words to suggest while a person types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SuggestionKind = Literal["label", "tag", "word", "file"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that finds something: a name of a class (``label`` is its id), a tag, a word that people wrote in
    captions, or the name of a file. ``count``: images that it was seen with."""

    text: str
    kind: SuggestionKind
    count: int
    label: str | None = None
