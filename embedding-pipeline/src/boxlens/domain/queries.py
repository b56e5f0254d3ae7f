"""What is asked, as frozen values: clauses, filters, queries, the lists they become, and places in them.

Boxes, pixels and vectors are those of ``domain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels

Signal = Literal["vit", "clip", "words"]
SIGNALS: tuple[Signal, ...] = ("vit", "clip", "words")


@dataclass(frozen=True, slots=True)
class TextClause:
    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PictureClause:
    """An example picture: its decoded pixels, and the box that is meant (None: the primary detected object).

    ``image_id`` is that of the file it was decoded from: where it is stored, it is found itself, and for certain.
    """

    pixels: Pixels = field(repr=False)
    box: Box | None = None
    weight: float = 1.0
    image_id: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectClause:
    """A stored object; number 0 stands for the stored image as a whole."""

    object_id: str
    weight: float = 1.0


Clause = TextClause | PictureClause | ObjectClause

RelationName = Literal[
    "left_of",
    "right_of",
    "above",
    "below",
    "on",
    "inside",
    "contains",
    "overlaps",
    "larger_than",
    "smaller_than",
]


@dataclass(frozen=True, slots=True)
class Relation:
    """How every box of a part lies to every box of part number ``other``; ``relations`` defines each by boxes."""

    name: RelationName
    other: int


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an image must hold: ``min_count`` boxes of their own, and at most ``max_count`` boxes in the whole
    image (None: any number). ``min_count`` 0 only bounds: with ``max_count`` 0 the image holds none."""

    clause: Clause
    min_count: int = 1
    max_count: int | None = None
    relation: Relation | None = None


SortField = Literal["relevance", "taken_at", "ingested_at", "box_area"]
SORT_FIELDS: tuple[SortField, ...] = ("relevance", "taken_at", "ingested_at", "box_area")


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of an answer. ``relevance`` is best first always; an image stands where the first of its matching
    objects stands; what has no value comes last either way; ties go by id. ``box_area`` is the share of the picture.

    >>> Sort.named("-taken_at")
    Sort(field='taken_at', descending=True)
    """

    field: SortField = "relevance"
    descending: bool = False

    @classmethod
    def named(cls, text: str) -> Sort:
        """From its name, with a leading minus for descending. Raises ValueError."""
        for field_name in SORT_FIELDS:
            if text.removeprefix("-") == field_name:
                return cls(field_name, field_name != "relevance" and text.startswith("-"))
        raise ValueError(f"{text[:80]!r} is no order")


BY_RELEVANCE = Sort()


@dataclass(frozen=True, slots=True)
class Query:
    """What a person looks for. ``signals`` weigh the three rankings; ``size`` counts hits: images, or boxes where
    ``group_by`` is "object". ``collapse_duplicates`` puts images that look the same into one hit. ``groups`` of
    "query_objects" also answers once for each object of the query picture.

    An image must hold all of ``all_of`` at once, each in boxes of its own. ``read_text``: conditions written in the
    texts ("two dogs", "2023年7月") are read, except those whose key stands in ``ignore``.
    ``min_relevance`` 0..1 cuts what is less relevant, "auto" at the usual place, None nothing. ``min_similarity`` cuts
    each signal's list at a raw similarity: a cosine -1..1 for vectors, a score from 0 for words.
    """

    clauses: tuple[Clause, ...]
    filter: Filter = field(default_factory=Filter)
    signals: Mapping[Signal, float] = field(default_factory=lambda: {"vit": 1.0, "clip": 1.0, "words": 1.0})
    size: int = 20
    cursor: str | None = None
    min_relevance: float | Literal["auto"] | None = None
    min_similarity: Mapping[Signal, float] = field(default_factory=dict)
    all_of: tuple[Part, ...] = ()
    read_text: bool = False
    ignore: tuple[str, ...] = ()
    sort: Sort = BY_RELEVANCE
    group_by: Literal["image", "object"] = "image"
    collapse_duplicates: bool = True
    groups: Literal["none", "query_objects"] = "none"


@dataclass(frozen=True, slots=True)
class Reading:
    """A condition read from the text of clause number ``clause``: its characters ``start`` to ``end``.

    It stands for the ``parts`` that follow number ``first_part`` of all parts of the query, for a ``filter``, or for a
    clause ``away`` that pushes away. ``key`` names it in ``Query.ignore``. ``admits`` is False when nothing was found
    and the filter alone, without anything else of the query, admits no object.
    """

    key: str
    clause: int
    start: int
    end: int
    text: str
    parts: tuple[Part, ...] = ()
    first_part: int = 0
    filter: Filter = field(default_factory=Filter)
    away: TextClause | None = None
    admits: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class VectorQuery:
    """The nearest ``k`` objects to a unit vector in one vector field; the filter acts inside the graph search.

    ``thorough``: of up to 10,000 objects under the filter all are compared, whatever the graph leads to. ``value``: the
    field whose value each found object brings along; ``boxes`` and ``labels``: whether it brings its box and its label
    along.
    """

    signal: Literal["vit", "clip"]
    vector: Vector
    k: int
    filter: Filter = field(default_factory=Filter)
    value: SortField = "relevance"
    boxes: bool = False
    labels: bool = False
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class WordQuery:
    """The best ``k`` objects for words: exact ``labels`` recognised in the text, and ``tokens`` of the rest.

    ``colours`` rank what labels or tokens find; where there are neither, they find. ``kinds``: classes of which the
    text names a kind (a taxi is a car); their objects are found below all others and are not ``whole``.

    Where a text names several things each has a query of its own. ``beside`` are then the labels of the others with the
    share 0..1 of what was named that each is: objects of images that hold more of it come first. ``phrase``: all tokens
    of a text that is more than the name of a class; what holds all of these in one field comes before all else, and
    names of classes are no such field.
    """

    labels: tuple[str, ...]
    tokens: tuple[str, ...]
    k: int
    filter: Filter = field(default_factory=Filter)
    value: SortField = "relevance"
    colours: tuple[str, ...] = ()
    boxes: bool = False
    kinds: tuple[str, ...] = ()
    beside: tuple[tuple[str, float], ...] = ()
    phrase: tuple[str, ...] = ()


class RankedObject(NamedTuple):  # hundreds are made for a search, and a tuple is made in less than half the time
    """One place in a ranked list. ``similarity`` is the cosine -1..1 for vectors, the BM25 score from 0 for words.

    ``value`` is that of the field asked for: milliseconds since 1970 for dates, the area share for ``box_area`` (a
    frame has none); None where there is none, and for relevance. ``picture_bits`` are the first 64 bits of the
    hash of its image, signed; None when it was stored without one. ``box`` is None where ``boxes`` were not asked for.
    ``box_score``: how sure the detector was, 0..1, as float32 holds it; 1 of a frame.

    What words found: ``exact_label``: its label is one that the words name; a high score alone does not say so, since
    rare words may score above a label. ``whole``: one field holds all tokens of the words. ``colours_met``: the object
    has all colours of the words, by its own colours or by its words. ``beside``: those of the labels beside it that its
    image holds. ``phrase``: one field holds all tokens of the whole text.
    """

    object_id: str
    image_id: str
    similarity: float
    value: float | None = None
    picture_bits: int | None = None
    box: Box | None = None
    box_score: float = 1.0
    exact_label: bool = False
    whole: bool = True
    colours_met: bool = True
    beside: tuple[str, ...] = ()
    phrase: bool = False
    label: str = ""
