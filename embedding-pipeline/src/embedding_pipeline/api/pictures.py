"""Query pictures: read from a request, kept for a while under an upload id, and fetched from addresses."""

from __future__ import annotations

import hashlib
import re
import time
from typing import BinaryIO

from embedding_pipeline.api.clauses import Subject
from embedding_pipeline.api.services import Picture, Services
from embedding_pipeline.domain import Box, ImageRecord, image_id_of
from embedding_pipeline.errors import BadInput, EmptyInput, NotFound, TooLarge
from embedding_pipeline.pictures.images import content_type
from embedding_pipeline.queries import PictureClause

UPLOADS = "uploads"
_UPLOAD_KEY = re.compile(r"([0-9a-f]{1,8})/[0-9a-f]{64}")
_SHOWN = 1280  # width in pixels of an upload shown again
_SLOT_S = 3600  # upload ids name the hour in which they end


def read_upload(services: Services, file: BinaryIO) -> bytes:
    """The bytes of an uploaded file. Raises EmptyInput, TooLarge."""
    limit = services.settings.api.max_upload_bytes
    data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"The file has more than {limit} bytes.", hint="Make the picture smaller.")
    if not data:
        raise EmptyInput("The uploaded file is empty.", hint="Choose a picture with something in it.")
    return data


def given_bytes(services: Services, file: BinaryIO | None, image_url: str | None) -> bytes:
    """The bytes of exactly one of an uploaded file and an address. Raises BadInput, and what either raises."""
    if file is not None and image_url is None:
        return read_upload(services, file)
    if image_url is not None and file is None:
        return services.fetcher.fetch(image_url)
    raise BadInput("Give exactly one of file and image_url.", hint="Send multipart/form-data with one of them.")


def keep_upload(services: Services, data: bytes, picture: Picture) -> str:
    """Keep a query picture until its time is over; its upload id, ``{hour it ends, hex}-{SHA-256}``.

    Raises ProxyAway, DiskFull.
    """
    ends = int(time.time() + services.settings.api.upload_ttl_s) // _SLOT_S + 1
    upload_id = f"{ends:x}-{hashlib.sha256(data).hexdigest()}"
    if services.store.put_at(UPLOADS, _key(upload_id)) is None:
        services.store.put(UPLOADS, _key(upload_id), data, content_type(picture.format))
    return upload_id


def _key(upload_id: str) -> str:
    ends, digest = upload_id.split("-")
    return f"{ends}/{digest}"


def kept_upload(services: Services, upload_id: str) -> bytes:
    """Raises NotFound when its time is over."""
    gone = NotFound(
        "This uploaded picture is not kept any more.", hint="Upload it again with POST /v1/detect.", place="upload_id"
    )
    if int(upload_id.split("-")[0], 16) * _SLOT_S < time.time():
        raise gone
    try:
        return services.store.get(UPLOADS, _key(upload_id))
    except NotFound as error:
        raise gone from error


def upload_address(services: Services, upload_id: str) -> str:
    """Where a browser finds a kept query picture, made small and of a type that browsers show."""
    return services.store.url(UPLOADS, _key(upload_id), width=_SHOWN)


def clause_picture(services: Services, clause: Subject) -> PictureClause:
    """The picture of a clause or part with upload_id or image_url, without its box and weight."""
    if clause.upload_id is not None:
        data = kept_upload(services, clause.upload_id)
    else:
        data = services.fetcher.fetch(clause.image_url or "")
    return PictureClause(services.decode(data).pixels, image_id=image_id_of(data))


def sweep_uploads(services: Services, now: float) -> int:
    """Delete uploads whose time is over; how many there were."""
    swept = 0
    for key in list(services.store.keys(UPLOADS)):
        ours = _UPLOAD_KEY.fullmatch(key)
        if ours and int(ours[1], 16) * _SLOT_S < now:
            services.store.delete(UPLOADS, key)
            swept += 1
    return swept


def address_of(services: Services, record: ImageRecord, width: int | None) -> str | None:
    """Where a browser finds a stored picture; a referenced one without a bucket only when it lies on the web."""
    if record.bucket and record.image_key:
        return services.store.url(record.bucket, record.image_key, width=width)
    return record.source_uri if record.source_uri.startswith(("http://", "https://")) else None


def crop_address_of(services: Services, record: ImageRecord, box: Box) -> str | None:
    """Where a browser finds the part of a stored picture in ``box``; None for pictures that lie elsewhere."""
    if record.bucket and record.image_key:
        return services.store.url(record.bucket, record.image_key, box=box)
    return None
