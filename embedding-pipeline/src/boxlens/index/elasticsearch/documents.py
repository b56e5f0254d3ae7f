"""IndexedObject to stored document and back, field by field as ``boxlens.schema`` declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint, ImageRecord
from boxlens.index.derived import SIDES, ImageCounts, derived_values
from boxlens.index.mapping import VECTOR_FIELDS
from boxlens.language.word_fields import all_tags
from boxlens.language.word_matching import object_tokens
from boxlens.schema import BY_NAME, IMAGE_FIELDS, OBJECT_FIELDS, StoredField, StoredType, absent_value, has_default


def document(
    obj: IndexedObject,
    *,
    collection: str,
    pack: PackInfo,
    ingested_at: str,
    changed_at: str,
    counts: ImageCounts,
) -> dict[str, Any]:
    """The document of an object; fields without a value are left out, vectors stay float32 arrays.

    ``object_numbers`` are kept on the frame, so that an image can be read and deleted by id alone, before any refresh.
    """
    derived = derived_values(obj)
    fields = {
        **{field.name: _encoded(field, getattr(obj, field.python_name)) for field in OBJECT_FIELDS},
        **{field.name: _encoded(field, getattr(obj.image, field.python_name)) for field in IMAGE_FIELDS},
        **derived,
        "box_norm": _sides(derived["box_norm"]),
        "taken_local": _encoded(BY_NAME["taken_local"], derived["taken_local"]),
        "objects": counts.objects,
        "label_counts": list(counts.label_counts),
        "object_numbers": list(counts.numbers) if obj.kind == "frame" else None,
        "collection": collection,
        "pack": pack.name,
        "pack_revision": pack.revision,
        "ingested_at": ingested_at,
        "changed_at": changed_at,
    }
    return {name: value for name, value in fields.items() if _present(value)}


def layout(obj: IndexedObject, counts: ImageCounts) -> dict[str, Any]:
    """The part of a document that documents of earlier schemas lack: where an object lies, its shape, what its image
    holds, and what the clock showed when it was taken."""
    derived = derived_values(obj)
    return {
        **{name: derived[name] for name in ("aspect", "center_x", "center_y", "position")},
        "objects": counts.objects,
        "label_counts": list(counts.label_counts),
        "taken_local": _encoded(BY_NAME["taken_local"], derived["taken_local"]),
    }


def from_source(source: Mapping[str, Any]) -> IndexedObject:
    """The object of a stored document; vectors only where the request asked for them. Raises KeyError when a field
    that every object has is not there."""
    image = ImageRecord(**_decoded(_IMAGE_DECODERS, source))
    return IndexedObject(image=image, collection=source.get("collection", ""), **_decoded(_OBJECT_DECODERS, source))


def annotation(obj: IndexedObject, changed_at: str) -> dict[str, Any]:
    """The part of a document that captions, tags and albums make up, for a partial update. The vectors come along:
    they are not in the ``_source`` that the server puts the rest from."""
    tokens = object_tokens(obj)
    vectors = {name: getattr(obj, name) for name in VECTOR_FIELDS if getattr(obj, name) is not None}
    return {
        **vectors,
        "caption": obj.image.caption,
        "image_tags": list(obj.image.tags),
        "albums": list(obj.image.albums),
        "edited": list(obj.image.edited),
        "object_caption": obj.caption,
        "object_tags": list(obj.tags),
        "tags": all_tags(obj),
        "tokens": {"caption": tokens["caption"], "tags": tokens["tags"]},
        "changed_at": changed_at,
    }


def now() -> str:
    """This moment as stored."""
    return stored_moment(datetime.now(UTC))


def stored_moment(moment: datetime) -> str:
    """A moment as stored: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _present(value: Any) -> bool:
    return isinstance(value, np.ndarray) or value not in (None, "", [], {})


def _sides(numbers: Sequence[float]) -> dict[str, float]:
    return dict(zip(SIDES, numbers, strict=True))


def _stored_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Flattened fields cannot hold the null character or an empty key."""
    return {key.replace("\0", " ") or " ": str(value).replace("\0", " ") for key, value in attributes.items()}


_ENCODERS: dict[StoredType, Callable[[Any], Any]] = {
    "box": lambda box: {side: int(value) for side, value in _sides(box.rounded().as_list()).items()},
    "float": float,
    "date": lambda moment: moment.isoformat(),
    "geo_point": lambda place: {"lat": place.lat, "lon": place.lon},
    "flattened": _stored_attributes,
}
_DECODERS: dict[StoredType, Callable[[Any], Any]] = {
    "box": lambda sides: Box(*(sides[side] for side in SIDES)),
    "float": float,
    "date": datetime.fromisoformat,
    "geo_point": lambda place: GeoPoint(place["lat"], place["lon"]),
    "flattened": dict,
    "dense_vector": lambda numbers: np.asarray(numbers, dtype=np.float32),
}
"""Between values of Python and of a document, by type; the types that are not here are the same in both."""


def _encoded(field: StoredField, value: Any) -> Any:
    if value is None:
        return None
    if field.many:
        return list(value)
    encode = _ENCODERS.get(field.type)
    return value if encode is None else encode(value)


class _Decoder(NamedTuple):
    """How one field is read. ``absent`` makes the value where nothing is stored; None: the attribute has a default."""

    name: str
    attribute: str
    decode: Callable[[Any], Any] | None
    absent: Callable[[], Any] | None


def _decoder(field: StoredField) -> _Decoder:
    decode = tuple if field.many else _DECODERS.get(field.type)
    absent = None if has_default(field) else partial(absent_value, field)
    return _Decoder(field.name, field.python_name, decode, absent)


# made once: an answer reads tens of documents of dozens of fields, most of which hold nothing
_IMAGE_DECODERS = [_decoder(field) for field in IMAGE_FIELDS]
_OBJECT_DECODERS = [_decoder(field) for field in OBJECT_FIELDS]


def _decoded(decoders: Sequence[_Decoder], source: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a document by attribute, without those that are left to a default."""
    values: dict[str, Any] = {}
    for name, attribute, decode, absent in decoders:
        value = source.get(name)
        if value is not None:
            values[attribute] = value if decode is None else decode(value)
        elif absent is not None:
            values[attribute] = absent()
    return values
