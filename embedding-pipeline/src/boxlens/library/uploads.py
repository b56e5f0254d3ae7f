"""Query pictures that are kept for a while under an upload id, in the bucket ``uploads`` of the object store; those of
saved searches are kept in the bucket ``saved`` for as long as a search needs them, and found by the same id.

An upload id is ``{hour it ends, hexadecimal}-{SHA-256 of the bytes}``, its key ``{hour it ends}/{SHA-256}``: what is to
be swept away is known from the key alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from boxlens.domain.errors import NotFound
from boxlens.domain.ports import ObjectStore

BUCKET = "uploads"
SAVED = "saved"
SLOT_S = 3600  # upload ids name the hour in which they end
_KEY = re.compile(r"([0-9a-f]{1,8})/[0-9a-f]{64}")
_SHOWN_WIDTH = 1280


def keep_upload(store: ObjectStore, data: bytes, media_type: str, *, until: float) -> str:
    """Keep a picture at least until a time, in seconds since 1970; its upload id. Raises ProxyAway, DiskFull."""
    upload_id = f"{int(until) // SLOT_S + 1:x}-{hashlib.sha256(data).hexdigest()}"
    if store.stat(BUCKET, _key(upload_id)) is None:
        store.put(BUCKET, _key(upload_id), data, media_type)
    return upload_id


def load_upload(store: ObjectStore, upload_id: str, *, now: float) -> bytes:
    """The bytes of a kept picture. Raises NotFound when its time is over and no saved search has it, ProxyAway."""
    slot, digest = upload_id.split("-")
    places = [(BUCKET, _key(upload_id))] if _ends(slot) >= now else []
    for bucket, key in [*places, (SAVED, digest)]:
        try:
            return store.get(bucket, key)
        except NotFound:
            continue
    hint = "Upload it again with POST /v1/detect."
    raise NotFound("This uploaded picture is not kept any more.", hint=hint, place="upload_id")


def upload_url(store: ObjectStore, upload_id: str, *, now: float) -> str:
    """Where a browser finds a kept picture, at most 1,280 pixels wide and of a type that browsers show."""
    slot, digest = upload_id.split("-")
    if _ends(slot) < now or store.stat(BUCKET, _key(upload_id)) is None:
        return store.url(SAVED, digest, width=_SHOWN_WIDTH)
    return store.url(BUCKET, _key(upload_id), width=_SHOWN_WIDTH)


def keep_for_search(store: ObjectStore, upload_id: str, data: bytes, media_type: str) -> None:
    """Keep the picture of an upload for as long as a saved search needs it. Raises ProxyAway, DiskFull."""
    store.put(SAVED, upload_id.split("-")[1], data, media_type)


def keep_only(store: ObjectStore, upload_ids: Iterable[str]) -> None:
    """Saved searches need the pictures of these uploads and no others. Raises ProxyAway."""
    needed = {upload_id.split("-")[1] for upload_id in upload_ids}
    for digest in [key for key in store.keys(SAVED) if key not in needed]:
        store.delete(SAVED, digest)


def sweep_uploads(store: ObjectStore, now: float) -> int:
    """Delete the pictures whose time is over; how many there were. Other files of the bucket are left alone."""
    swept = 0
    for key in list(store.keys(BUCKET)):
        upload = _KEY.fullmatch(key)
        if upload and _ends(upload[1]) < now:
            store.delete(BUCKET, key)
            swept += 1
    return swept


def _ends(slot: str) -> int:
    """The end of a slot in seconds since 1970."""
    return int(slot, 16) * SLOT_S


def _key(upload_id: str) -> str:
    slot, digest = upload_id.split("-")
    return f"{slot}/{digest}"
