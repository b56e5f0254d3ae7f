"""One declaration per stored field: the single place in code where a field of a stored object is spelled out.

The mapping is checked against these declarations; filters, the filter model of the API, facets, the document codec of
Elasticsearch, the in-memory index and the file of a deleted image are made from them. The mapping itself, with what
only Elasticsearch needs to know, stays in ``es-mappings/objects.json``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord

StoredType = Literal[
    "keyword", "text", "integer", "long", "float", "date", "geo_point", "flattened", "dense_vector", "box", "tokens"
]
"""Types of the mapping; ``box`` and ``tokens`` are objects with one field for each side, or each word field."""

Source = Literal["object", "image", "derived", "index"]
"""Where a value comes from: an attribute of IndexedObject, one of ImageRecord, a function of the object
(``index.derived``), or the index itself when it writes."""

FilterKind = Literal["keyword", "words", "number", "whole", "date"]
"""How a query asks for a field: by whole values, by words it contains, by a range of numbers kept as float32 or kept
exactly, or by a range of dates."""

ATTRIBUTES, COUNT = "attributes.", "count."
"""What the names of filters on an attribute, and on how many objects of a label the image holds, begin with."""

POSITIONS = ("left", "centre", "right", "top", "bottom")


@dataclass(frozen=True, slots=True)
class StoredField:
    """One field of a stored object.

    ``name`` is its name in documents and filters; ``attribute`` that of the value in Python, where it differs.
    ``many``: it holds any number of values. ``filter``: how a query asks for it; None where it cannot. ``aliases`` are
    other names of the filter, for typing, and ``choices`` closes its values. ``facet`` names its facet.
    ``counts_as`` is a field whose filter its values answer too (``copy_to`` of the mapping).
    ``local`` is the field that holds the same moment by the clock of the place.
    """

    name: str
    type: StoredType
    source: Source
    attribute: str = ""
    many: bool = False
    filter: FilterKind | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    facet: str = ""
    counts_as: str = ""
    local: str = ""
    description: str = ""

    @property
    def python_name(self) -> str:
        return self.attribute or self.name


STORED_FIELDS: tuple[StoredField, ...] = (
    StoredField("label", "keyword", "object", filter="keyword", facet="label"),
    StoredField("kind", "keyword", "object", filter="keyword", choices=("object", "frame", "proposal")),
    StoredField("box_score", "float", "object", filter="number", aliases=("score",)),
    StoredField("area_share", "float", "derived", filter="number", aliases=("area",)),
    StoredField("aspect", "float", "derived", filter="number", description="width over height of the box"),
    StoredField(
        "center_x",
        "float",
        "derived",
        filter="number",
        aliases=("x", "centre_x"),
        description="middle of the box from the left, as a fraction 0..1",
    ),
    StoredField(
        "center_y",
        "float",
        "derived",
        filter="number",
        aliases=("y", "centre_y"),
        description="middle of the box from the top, as a fraction 0..1",
    ),
    StoredField(
        "position",
        "keyword",
        "derived",
        many=True,
        filter="keyword",
        choices=POSITIONS,
        description="left, right, top, bottom: outer thirds; centre: the middle third",
    ),
    StoredField("objects", "integer", "index", filter="whole", description="how many objects the image holds"),
    StoredField(
        "ocr_text",
        "text",
        "object",
        many=True,
        filter="words",
        aliases=("text", "ocr"),
        description="words that the text read in the object contains",
    ),
    StoredField("tags", "keyword", "derived", many=True, filter="keyword", aliases=("tag",), facet="tag"),
    StoredField("albums", "keyword", "image", many=True, filter="keyword", aliases=("album",), facet="album"),
    StoredField(
        "colours",
        "keyword",
        "object",
        many=True,
        filter="keyword",
        aliases=("colour", "color", "colors"),
        facet="colour",
    ),
    StoredField("format", "keyword", "image", filter="keyword", facet="format"),
    StoredField("taken_at", "date", "image", filter="date", aliases=("taken",), local="taken_local"),
    StoredField("ingested_at", "date", "index", filter="date", aliases=("ingested",)),
    StoredField("width", "integer", "image", filter="whole"),
    StoredField("height", "integer", "image", filter="whole"),
    StoredField("bytes", "long", "image", filter="whole", aliases=("size",)),
    StoredField(
        "gone_at",
        "date",
        "image",
        filter="date",
        aliases=("gone",),
        description="when its file was found to be gone, of a followed folder",
    ),
    StoredField("corrected_by", "keyword", "object", filter="keyword", description="who corrected label or box"),
    StoredField(
        "corrected_at",
        "date",
        "object",
        filter="date",
        aliases=("corrected",),
        description="when a person corrected label or box",
    ),
    StoredField("camera", "keyword", "image", filter="keyword", facet="camera"),
    StoredField("file_name", "keyword", "image", filter="keyword", aliases=("name", "file")),
    StoredField("source_uri", "keyword", "image", filter="keyword", aliases=("source",)),
    StoredField("image_id", "keyword", "image", filter="keyword", aliases=("image",)),
    # asked for by no filter of that name
    StoredField("object_id", "keyword", "derived"),
    StoredField("number", "integer", "object"),
    StoredField("object_numbers", "integer", "index", many=True),
    StoredField("box", "box", "object"),
    StoredField("box_norm", "box", "derived"),
    StoredField("label_counts", "keyword", "index", many=True),
    StoredField("label_names", "text", "object", many=True),
    StoredField("corrections", "keyword", "object", many=True),
    StoredField("vit_vector", "dense_vector", "object"),
    StoredField("clip_vector", "dense_vector", "object"),
    StoredField("caption", "text", "image"),
    StoredField("object_caption", "text", "object", attribute="caption"),
    StoredField("image_tags", "keyword", "image", attribute="tags", many=True),
    StoredField("object_tags", "keyword", "object", attribute="tags", many=True),
    StoredField("tokens", "tokens", "derived"),
    StoredField("bucket", "keyword", "image"),
    StoredField("image_key", "keyword", "image"),
    StoredField("md5", "keyword", "image"),
    StoredField("picture_hash", "keyword", "image"),
    StoredField("edited", "keyword", "image", many=True),
    StoredField("other_sources", "keyword", "image", many=True, counts_as="source_uri"),
    StoredField("other_names", "keyword", "image", many=True, counts_as="file_name"),
    StoredField("picture_bits", "long", "derived"),
    StoredField("taken_local", "date", "derived", facet="year"),
    StoredField("location", "geo_point", "image"),
    StoredField("attributes", "flattened", "image"),
    StoredField("collection", "keyword", "index"),
    StoredField("pack", "keyword", "index"),
    StoredField("pack_revision", "keyword", "index"),
    StoredField("changed_at", "date", "index"),
)
"""Those that a query can filter by come first, in the order in which the API lists them."""

BY_NAME = {field.name: field for field in STORED_FIELDS}
FILTER_FIELDS = tuple(field for field in STORED_FIELDS if field.filter is not None)
FACET_FIELDS = tuple(field for field in STORED_FIELDS if field.facet)
OBJECT_FIELDS = tuple(field for field in STORED_FIELDS if field.source == "object")
IMAGE_FIELDS = tuple(field for field in STORED_FIELDS if field.source == "image")

_LIMITS: dict[StoredType, float] = {"integer": 2**31 - 1, "long": 2**62, "float": 3e38}


def limit_of(field: StoredField) -> float:
    """The largest amount that a number of this field may have, in a document or in a query."""
    return _LIMITS[field.type]


def has_default(field: StoredField) -> bool:
    """Whether the attribute of a field of an object or an image has a default."""
    declared = _attribute(field)
    return declared.default is not dataclasses.MISSING or declared.default_factory is not dataclasses.MISSING


def absent_value(field: StoredField) -> Any:
    """What an attribute holds where nothing is stored: its default, and "" for a text without one.

    Raises KeyError for a value that every object has.
    """
    declared = _attribute(field)
    if declared.default is not dataclasses.MISSING:
        return declared.default
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    if field.type in ("keyword", "text"):
        return ""
    raise KeyError(field.name)


@cache
def _attribute(field: StoredField) -> dataclasses.Field[Any]:
    """What holds the field in Python: looked for once, for documents are read by the thousand."""
    holder = ImageRecord if field.source == "image" else IndexedObject
    return next(entry for entry in dataclasses.fields(holder) if entry.name == field.python_name)
