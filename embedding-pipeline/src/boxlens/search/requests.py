"""What the steps of a search hand on: requests for ranked lists, the lists, and what a ranking is made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boxlens.domain.collections import CollectionInfo, CollectionSet
from boxlens.domain.queries import Query, RankedObject, Signal, VectorQuery, WordQuery
from boxlens.language.word_query import NamedPart
from boxlens.search.cursor import SeenCursor


@dataclass(frozen=True, slots=True, eq=False)
class RankedListRequest:
    """One ranked list to ask an index for.

    ``clause`` is the place of the clause it stands for, ``weight`` that of the clause times that of the signal; below 0
    it excludes. ``own_object``: id of the stored object that is the very box the query was made of. It leads the list
    where the filter admits it. ``part``: the part of the clause that the list stands for, where it is not all of it.
    ``label``: what the detector calls the example of a vector query; "" where it says nothing.
    """

    clause: int
    signal: Signal
    weight: float
    query: VectorQuery | WordQuery
    own_object: str | None = None
    part: NamedPart | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RankedList:
    """A request and what an index answered: its objects, best first. ``ended``: the index has no more of them."""

    request: RankedListRequest
    objects: Sequence[RankedObject]
    ended: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class RankingRequest:
    """What a ranking is made for: a query over collections, what was shown of it before, and the id of an object that
    is left out of it."""

    collections: CollectionSet
    info: CollectionInfo
    query: Query
    seen: SeenCursor
    leave_out: str | None = None
