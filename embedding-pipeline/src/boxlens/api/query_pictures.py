"""The pictures that requests bring: as a file, by an address, or by the id of an earlier upload."""

from __future__ import annotations

import time
from typing import BinaryIO

from boxlens.api.schemas.clauses import Subject
from boxlens.api.services import Picture, Services
from boxlens.domain.errors import BadInput, EmptyInput, TooLarge
from boxlens.domain.pictures import image_id_of
from boxlens.domain.queries import PictureClause
from boxlens.imaging.decoding import content_type
from boxlens.library.uploads import keep_upload, load_upload


def read_file(services: Services, file: BinaryIO) -> bytes:
    """The bytes of an uploaded file. Raises EmptyInput, TooLarge."""
    limit = services.settings.api.max_upload_bytes
    data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"The file has more than {limit} bytes.", hint="Make the picture smaller.")
    if not data:
        raise EmptyInput("The uploaded file is empty.", hint="Choose a picture with something in it.")
    return data


def read_picture(services: Services, file: BinaryIO | None, image_url: str | None) -> bytes:
    """The bytes of exactly one of an uploaded file and an address. Raises BadInput, and what either raises."""
    if file is not None and image_url is None:
        return read_file(services, file)
    if image_url is not None and file is None:
        return services.fetcher.fetch(image_url)
    raise BadInput("Give exactly one of file and image_url.", hint="Send multipart/form-data with one of them.")


def keep_picture(services: Services, data: bytes, picture: Picture) -> str:
    """Keep a query picture as long as the settings say; its upload id. Raises ProxyAway, DiskFull."""
    until = time.time() + services.settings.api.upload_ttl_s
    return keep_upload(services.store, data, content_type(picture.format), until=until)


def kept_picture(services: Services, upload_id: str) -> bytes:
    """The bytes of an earlier upload. Raises NotFound when its time is over."""
    return load_upload(services.store, upload_id, now=time.time())


def picture_clause(services: Services, subject: Subject) -> PictureClause:
    """The picture of a clause or part with upload_id or image_url, without its box and weight.

    Raises NotFound, FetchFailed, ForbiddenUrl, and what decoding raises.
    """
    if subject.upload_id is not None:
        data = kept_picture(services, subject.upload_id)
    else:
        data = services.fetcher.fetch(subject.image_url or "")
    return PictureClause(services.decode(data).pixels, image_id=image_id_of(data))
