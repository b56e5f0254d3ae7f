"""IndexedObject to stored document and back; field by field as in es-mappings/objects.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from embedding_pipeline.domain import Box, GeoPoint, ImageRecord, IndexedObject, PackInfo, Vector
from embedding_pipeline.pictures.picture_hash import bits_of
from embedding_pipeline.stores.object_geometry import aspect, centre, positions
from embedding_pipeline.stores.object_words import object_tokens
from embedding_pipeline.text.word_fields import all_tags

SIDES = ("x1", "y1", "x2", "y2")


def document(
    obj: IndexedObject,
    *,
    collection: str,
    pack: PackInfo,
    ingested_at: str,
    changed_at: str,
    numbers: Sequence[int],
    counts: Sequence[str],
) -> dict[str, Any]:
    """The document of an object; fields without a value are left out, vectors stay float32 arrays.

    ``numbers`` are those of all objects of the image, kept on the frame so that an image can be read and deleted by
    id alone, before any refresh. ``counts`` are the ``label_counts`` of the image.
    """
    image, box = obj.image, obj.box.rounded()
    fields = {
        "object_id": obj.object_id,
        "image_id": image.image_id,
        "number": obj.number,
        "kind": obj.kind,
        "object_numbers": sorted(numbers) if obj.kind == "frame" else None,
        "box": {side: int(value) for side, value in zip(SIDES, box.as_list(), strict=True)},
        "box_norm": dict(zip(SIDES, box.norm(image.width, image.height), strict=True)),
        "area_share": box.area / (image.width * image.height),
        **layout(obj, len(numbers) - 1, counts),
        "label": obj.label,
        "label_names": list(obj.label_names),
        "box_score": float(obj.box_score),
        "vit_vector": obj.vit_vector,
        "clip_vector": obj.clip_vector,
        "colours": list(obj.colours),
        "ocr_text": list(obj.ocr_text),
        "object_caption": obj.caption,
        "object_tags": list(obj.tags),
        "tags": all_tags(obj),
        "tokens": object_tokens(obj),
        "collection": collection,
        "pack": pack.name,
        "pack_revision": pack.revision,
        "ingested_at": ingested_at,
        "changed_at": changed_at,
        **_image_fields(image),
    }
    return {name: value for name, value in fields.items() if _present(value)}


def layout(obj: IndexedObject, objects: int, counts: Sequence[str]) -> dict[str, Any]:
    """Where an object lies, its shape, and what its image holds: ``objects`` without the frame, ``label_counts``."""
    box = obj.box.rounded()
    x, y = centre(box, obj.image.width, obj.image.height)
    return {
        "aspect": aspect(box),
        "center_x": x,
        "center_y": y,
        "position": positions(x, y),
        "objects": objects,
        "label_counts": list(counts),
    }


def _present(value: Any) -> bool:
    return isinstance(value, np.ndarray) or value not in (None, "", [], {})


def _image_fields(image: ImageRecord) -> dict[str, Any]:
    return {
        "bucket": image.bucket,
        "image_key": image.image_key,
        "source_uri": image.source_uri,
        "file_name": image.file_name,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "format": image.format,
        "md5": image.md5,
        "picture_hash": image.picture_hash,
        "picture_bits": bits_of(image.picture_hash),
        "taken_at": image.taken_at.isoformat() if image.taken_at else None,
        "camera": image.camera,
        "location": {"lat": image.location.lat, "lon": image.location.lon} if image.location else None,
        "caption": image.caption,
        "image_tags": list(image.tags),
        # flattened fields cannot hold the null character or an empty key
        "attributes": {
            key.replace("\0", " ") or " ": str(value).replace("\0", " ") for key, value in image.attributes.items()
        },
    }


def from_source(source: Mapping[str, Any]) -> IndexedObject:
    """The object a stored document tells of; vectors only where the request asked for them."""
    return IndexedObject(
        image=_image(source),
        number=source["number"],
        kind=source["kind"],
        box=Box(*(source["box"][side] for side in SIDES)),
        label=source.get("label", ""),
        box_score=float(source["box_score"]),
        vit_vector=_vector(source.get("vit_vector")),
        clip_vector=_vector(source.get("clip_vector")),
        ocr_text=tuple(source.get("ocr_text", ())),
        colours=tuple(source.get("colours", ())),
        caption=source.get("object_caption"),
        tags=tuple(source.get("object_tags", ())),
        label_names=tuple(source.get("label_names", ())),
        collection=source.get("collection", ""),
    )


def _image(source: Mapping[str, Any]) -> ImageRecord:
    place = source.get("location")
    taken_at = source.get("taken_at")
    return ImageRecord(
        image_id=source["image_id"],
        bucket=source.get("bucket", ""),
        image_key=source.get("image_key", ""),
        source_uri=source.get("source_uri", ""),
        file_name=source.get("file_name", ""),
        width=source["width"],
        height=source["height"],
        bytes=source["bytes"],
        format=source.get("format", ""),
        md5=source.get("md5", ""),
        taken_at=datetime.fromisoformat(taken_at) if taken_at else None,
        camera=source.get("camera"),
        location=GeoPoint(place["lat"], place["lon"]) if place else None,
        caption=source.get("caption"),
        tags=tuple(source.get("image_tags", ())),
        attributes=dict(source.get("attributes", {})),
        picture_hash=source.get("picture_hash", ""),
    )


def _vector(values: Sequence[float] | None) -> Vector | None:
    return None if values is None else np.asarray(values, dtype=np.float32)


def annotation(obj: IndexedObject, changed_at: str) -> dict[str, Any]:
    """The part of a document that captions and tags make up, for a partial update that leaves vectors alone."""
    tokens = object_tokens(obj)
    return {
        "caption": obj.image.caption,
        "image_tags": list(obj.image.tags),
        "object_caption": obj.caption,
        "object_tags": list(obj.tags),
        "tags": all_tags(obj),
        "tokens": {"caption": tokens["caption"], "tags": tokens["tags"]},
        "changed_at": changed_at,
    }


def now() -> str:
    """This moment as stored: UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
