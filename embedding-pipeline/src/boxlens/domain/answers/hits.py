"""What is answered, as frozen values: hits with their objects and the reasons for them, groups, whole answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from boxlens.domain.objects import Detection, IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.queries import Reading, Signal


class Why(NamedTuple):  # as queries.RankedObject: hundreds are made for a search
    """One signal's part in a score; the contributions of an object add up to its score.

    ``weight`` is that of the clause times that of the signal; ``contribution`` is weight / (10 + rank).
    ``clause`` counts the clauses, or the parts of ``all_of`` where ``of`` says so.
    For words: the tokens of the query that the object holds (folded, in the order of the query) and after them its
    colours that the query names, by id; and the label that was recognised in it.
    """

    signal: Signal
    clause: int
    rank: int
    similarity: float
    contribution: float
    weight: float
    words: tuple[str, ...] = ()
    label: str | None = None
    of: Literal["clauses", "all_of"] = "clauses"


@dataclass(frozen=True, slots=True)
class Highlight:
    """A text with the spans where words of the query stand: start and end in code points, in order."""

    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class HitObject:
    """A matching object; ``highlights`` are of its own texts, by field.

    ``relevance`` is 0..1, None when it could not be calibrated. ``part`` is the number of the part of ``all_of`` that
    this box stands for, None when it matched clauses alone.
    """

    object: IndexedObject
    score: float
    why: tuple[Why, ...]
    highlights: Mapping[str, tuple[Highlight, ...]] = field(default_factory=dict)
    relevance: float | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """One image with every matching object of it, best first, or one object alone where those are asked for.

    ``near_duplicates`` are the ids of found images that look the same and were folded into this one, best first.

    ``highlights`` are of what is said of the image.
    ``weak``: it is shown, but may well be something else.
    """

    image: ImageRecord
    score: float
    objects: tuple[HitObject, ...]
    near_duplicates: tuple[str, ...] = ()
    highlights: Mapping[str, tuple[Highlight, ...]] = field(default_factory=dict)
    relevance: float | None = None
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What was left out: ``dropped`` images below ``relevance``."""

    relevance: float
    dropped: int


@dataclass(frozen=True, slots=True, eq=False)
class QueryObject:
    """One object found in the query picture; ``primary`` marks the one that was searched."""

    detection: Detection
    primary: bool


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The best hits for one object of the query picture."""

    object: QueryObject
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """``total`` counts the hits there are; ``total_exact`` is False when there may be more. Times in milliseconds.

    ``lost_shards``: so many parts of the index did not answer, and what they hold is missing.
    ``words_left`` is what stayed of the texts to be searched as words when something was ``read``, else None.
    """

    hits: tuple[Hit, ...]
    total: int
    total_exact: bool
    next_cursor: str | None
    took_ms: Mapping[str, float]
    query_objects: tuple[QueryObject, ...] = ()
    notes: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    cut: Cut | None = None
    read: tuple[Reading, ...] = ()
    words_left: str | None = None
    lost_shards: int = 0
