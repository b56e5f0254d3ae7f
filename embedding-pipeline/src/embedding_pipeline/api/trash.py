"""Deleted images, kept for an hour with their vectors so that a deletion can be undone without embedding again.

One file per image in the bucket ``trash``: ``{collection}/{image_id}.json``. The picture bytes stay in their bucket
until the hour is over and no collection holds the image any more.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from embedding_pipeline.api.services import Services
from embedding_pipeline.domain import Box, GeoPoint, ImageRecord, IndexedObject, Vector
from embedding_pipeline.errors import Conflict, NotFound

log = logging.getLogger(__name__)
TRASH = "trash"
KEEP_S = 3600
FORMAT = 1


def delete(services: Services, collection: str, image_id: str) -> None:
    """Delete an image; what is needed to bring it back is written first. Raises NotFound, ProxyAway, DiskFull."""
    objects = services.index.image(collection, image_id, vectors=True)
    data = pack(objects, services.index.setup(collection).pack.revision, datetime.now(UTC))
    services.store.put(TRASH, _key(collection, image_id), data, "application/json")
    services.index.delete_image(collection, image_id)
    services.index.refresh(collection)


def restore(services: Services, collection: str, image_id: str) -> list[IndexedObject]:
    """Bring a deleted image back. Raises NotFound when the hour is over, Conflict when it is stored again already."""
    current = services.index.setup(collection, fresh=True).pack.revision
    if services.index.stored(collection, [image_id]):
        raise Conflict(f"The image {image_id} is stored in {collection}: there is nothing to restore.")
    gone = NotFound(f"No deleted image {image_id} is kept for {collection}.", hint="Add the picture again.")
    try:
        data = services.store.get(TRASH, _key(collection, image_id))
    except NotFound as error:
        raise gone from error
    objects, revision, deleted_at = unpack(data)
    if revision != current or (datetime.now(UTC) - deleted_at).total_seconds() > KEEP_S:
        raise gone
    failed = [result.reason for result in services.index.write(collection, objects) if not result.ok]
    if failed:
        raise Conflict(f"{len(failed)} objects could not be written back: {failed[0]}.", hint="Try again.")
    services.index.refresh(collection)
    services.store.delete(TRASH, _key(collection, image_id))
    return objects


def sweep(services: Services, now: datetime) -> int:
    """End the hour of what was deleted before: the file goes, and with it picture bytes that nobody needs."""
    swept = 0
    for key in list(services.store.keys(TRASH)):
        try:
            objects, _, deleted_at = unpack(services.store.get(TRASH, key))
        except (NotFound, LookupError, ValueError, TypeError) as error:
            log.warning("%s/%s is left alone: %s", TRASH, key, error)  # restored meanwhile, or not written by us
            continue
        if (now - deleted_at).total_seconds() <= KEEP_S or _just_put(services, objects[0].image, now):
            continue
        _forget_bytes(services, objects[0].image, key)
        services.store.delete(TRASH, key)
        swept += 1
    return swept


def _just_put(services: Services, record: ImageRecord, now: datetime) -> bool:
    """Whether the picture may just be taken in again: its bytes are kept first, its objects are written later."""
    put_at = services.store.put_at(record.bucket, record.image_key) if record.bucket == services.bucket else None
    return put_at is not None and (now - put_at).total_seconds() <= KEEP_S


def _forget_bytes(services: Services, record: ImageRecord, key: str) -> None:
    """Delete the picture itself unless it is not ours, is stored in a collection, or can still be restored."""
    if record.bucket != services.bucket:
        return
    held = any(services.index.stored(info.name, [record.image_id]) for info in services.index.collections())
    suffix = f"/{record.image_id}.json"
    awaited = any(other != key and other.endswith(suffix) for other in services.store.keys(TRASH))
    if not (held or awaited):
        services.store.delete(record.bucket, record.image_key)


def _key(collection: str, image_id: str) -> str:
    return f"{collection}/{image_id}.json"


def pack(objects: Sequence[IndexedObject], revision: str, deleted_at: datetime) -> bytes:
    """All objects of one image as bytes; ``revision`` is that of the pack that made the vectors."""
    record = objects[0].image
    place = record.location
    document = {
        "format": FORMAT,
        "pack_revision": revision,
        "deleted_at": deleted_at.isoformat(),
        "image": {
            "image_id": record.image_id,
            "bucket": record.bucket,
            "image_key": record.image_key,
            "source_uri": record.source_uri,
            "file_name": record.file_name,
            "width": record.width,
            "height": record.height,
            "bytes": record.bytes,
            "format": record.format,
            "md5": record.md5,
            "taken_at": record.taken_at.isoformat() if record.taken_at else None,
            "camera": record.camera,
            "location": [place.lat, place.lon] if place else None,
            "caption": record.caption,
            "tags": record.tags,
            "attributes": dict(record.attributes),
            "picture_hash": record.picture_hash,
        },
        "objects": [
            {
                "number": stored.number,
                "kind": stored.kind,
                "box": stored.box.as_list(),
                "label": stored.label,
                "box_score": stored.box_score,
                "vit_vector": _vector_text(stored.vit_vector),
                "clip_vector": _vector_text(stored.clip_vector),
                "ocr_text": stored.ocr_text,
                "colours": stored.colours,
                "caption": stored.caption,
                "tags": stored.tags,
                "label_names": stored.label_names,
            }
            for stored in objects
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def unpack(data: bytes) -> tuple[list[IndexedObject], str, datetime]:
    """What ``pack`` was given."""
    document = json.loads(data)
    image = _image(document["image"])
    objects = [
        IndexedObject(
            image=image,
            number=entry["number"],
            kind=entry["kind"],
            box=Box(*entry["box"]),
            label=entry["label"],
            box_score=entry["box_score"],
            vit_vector=_vector(entry["vit_vector"]),
            clip_vector=_vector(entry["clip_vector"]),
            ocr_text=tuple(entry["ocr_text"]),
            colours=tuple(entry["colours"]),
            caption=entry["caption"],
            tags=tuple(entry["tags"]),
            label_names=tuple(entry["label_names"]),
        )
        for entry in document["objects"]
    ]
    return objects, document["pack_revision"], datetime.fromisoformat(document["deleted_at"])


def _image(entry: dict[str, Any]) -> ImageRecord:
    taken_at = datetime.fromisoformat(entry["taken_at"]) if entry["taken_at"] else None
    location = GeoPoint(*entry["location"]) if entry["location"] else None
    return ImageRecord(**(entry | {"taken_at": taken_at, "location": location, "tags": tuple(entry["tags"])}))


def _vector_text(vector: Vector | None) -> str | None:
    return None if vector is None else base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _vector(text: str | None) -> Vector | None:
    return None if text is None else np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)
