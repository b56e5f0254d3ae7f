"""The file that says all that is known of one image: JSON of its objects, with the fields of ``boxlens.schema``.

Format 2. The vectors of stored images are float16, so that a file is a third of what Elasticsearch holds; those of a
deleted one stay float32, so that it comes back as it was. A field that the file of an older program lacks takes the
value of an object without it. Format 1, which was written of deleted images alone, is read.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import orjson

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.judgements.corrections import read_corrections
from boxlens.domain.objects import IndexedObject, Vector
from boxlens.domain.pictures import GeoPoint, ImageRecord
from boxlens.schema import IMAGE_FIELDS, OBJECT_FIELDS, StoredField, StoredType, absent_value

FORMAT = 2
Precision = Literal["<f2", "<f4"]
"""Little-endian float16 or float32."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Who wrote caption, tags or albums last: of the image, or of its object ``number``; "" where nobody is known by
    name."""

    field: Literal["caption", "tags", "albums"]
    number: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class RecordedImage:
    """One image as recorded: its objects with their vectors, the frame first, and the pack that made the vectors.

    ``ingested_at``: when it was first taken in, where that is known. ``deleted_at``: of a deleted one alone.
    """

    objects: tuple[IndexedObject, ...]
    pack: PackInfo
    written_at: datetime
    ingested_at: datetime | None = None
    deleted_at: datetime | None = None
    edits: tuple[Edit, ...] = ()

    @property
    def image_id(self) -> str:
        return self.objects[0].image.image_id


def encode(recorded: RecordedImage, precision: Precision = "<f2") -> bytes:
    """The file of an image."""
    document = {
        "format": FORMAT,
        "pack": asdict(recorded.pack),
        "vectors": precision,
        "written_at": recorded.written_at,
        "ingested_at": recorded.ingested_at,
        "deleted_at": recorded.deleted_at,
        "edits": [asdict(edit) for edit in recorded.edits],
        "image": _values(IMAGE_FIELDS, recorded.objects[0].image, precision),
        "objects": [_values(OBJECT_FIELDS, obj, precision) for obj in recorded.objects],
    }
    return orjson.dumps(document)


def decode(data: bytes) -> RecordedImage:
    """The image of a file that ``encode`` wrote; vectors are float32 of unit length.

    Raises LookupError, ValueError or TypeError for any other file.
    """
    try:
        return _recorded(orjson.loads(data))
    except AttributeError as error:  # a value of another kind than is meant
        raise ValueError(str(error)) from error


def _recorded(document: Any) -> RecordedImage:
    if document["format"] > FORMAT:
        raise ValueError(f"a newer Boxlens wrote it, in format {document['format']}")
    precision: Precision = document.get("vectors", "<f4")
    if precision not in ("<f2", "<f4"):
        raise ValueError(f"its vectors are {precision!r}")
    image = ImageRecord(**_attributes(IMAGE_FIELDS, document["image"], precision))
    objects = tuple(
        IndexedObject(image=image, **_attributes(OBJECT_FIELDS, entry, precision)) for entry in document["objects"]
    )
    if not objects:
        raise ValueError("it has no objects")
    read_corrections(objects[0].corrections)
    pack = document.get("pack") or {
        "name": "",
        "revision": document["pack_revision"],
        "vit_dims": None,
        "clip_dims": None,
    }
    return RecordedImage(
        objects=objects,
        pack=PackInfo(**pack),
        written_at=datetime.fromisoformat(document.get("written_at") or document["deleted_at"]),
        ingested_at=_moment(document.get("ingested_at")),
        deleted_at=_moment(document.get("deleted_at")),
        edits=tuple(Edit(**{**edit, "at": datetime.fromisoformat(edit["at"])}) for edit in document.get("edits", ())),
    )


_ENCODERS: dict[StoredType, Callable[[Any], Any]] = {
    "box": lambda box: box.as_list(),
    "date": lambda moment: moment.isoformat(),
    "geo_point": lambda place: [place.lat, place.lon],
    "flattened": dict,
}
_DECODERS: dict[StoredType, Callable[[Any], Any]] = {
    "box": lambda sides: Box(*sides),
    "date": datetime.fromisoformat,
    "geo_point": lambda degrees: GeoPoint(*degrees),
    "flattened": dict,
}
"""Between values of Python and of JSON, by type; the types that are not here are the same in both."""


def _values(
    fields: Sequence[StoredField], holder: IndexedObject | ImageRecord, precision: Precision
) -> dict[str, object]:
    values: dict[str, object] = {}
    for field in fields:
        value = getattr(holder, field.python_name)
        if value is None:
            values[field.python_name] = None
        elif field.type == "dense_vector":
            values[field.python_name] = base64.b64encode(value.astype(precision).tobytes()).decode()
        else:
            encode_value = _ENCODERS.get(field.type)
            values[field.python_name] = value if encode_value is None else encode_value(value)
    return values


def _attributes(fields: Sequence[StoredField], entry: Mapping[str, Any], precision: Precision) -> dict[str, Any]:
    return {field.python_name: _attribute(field, entry.get(field.python_name), precision) for field in fields}


def _attribute(field: StoredField, value: Any, precision: Precision) -> Any:
    if value is None:
        return absent_value(field)
    if field.many:
        return tuple(value)
    if field.type == "dense_vector":
        return _vector(value, precision)
    decode_value = _DECODERS.get(field.type)
    return value if decode_value is None else decode_value(value)


def _vector(text: str, precision: Precision) -> Vector:
    """float32 of shape (dims,). What float16 lost of the unit length is given back: an index refuses other lengths."""
    vector = np.frombuffer(base64.b64decode(text), dtype=precision).astype(np.float32)
    if precision == "<f4":
        return vector
    unit: Vector = vector / np.linalg.norm(vector)
    return unit


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
