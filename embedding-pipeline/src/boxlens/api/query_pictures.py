"""The pictures of requests: as a file, by an address, or by the id of an earlier upload or a stored image."""

from __future__ import annotations

import time
from typing import BinaryIO

from boxlens.api import mappers
from boxlens.api.schemas.clauses import Subject
from boxlens.api.schemas.query import Query as SearchBody
from boxlens.api.services import Picture, Services
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BadInput, EmptyInput, TooLarge
from boxlens.domain.pictures import image_id_of
from boxlens.domain.queries import PictureClause, Query
from boxlens.imaging.decoding import content_type
from boxlens.library.uploads import keep_upload, load_upload
from boxlens.pipeline.picture_files import stored_picture_bytes


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


def query_of(services: Services, searched: CollectionSet, body: SearchBody) -> Query:
    """The query of a body with its pictures; stored ones are those of the collections that are searched.

    Raises BadQuery, BadBox, NotFound, BadSource, FetchFailed, ForbiddenUrl, and what decoding raises.
    """
    subjects = [subject for subject in (*body.clauses, *body.all_of) if subject.is_picture]
    files = [_file(services, searched, subject) for subject in subjects]
    pictures = services.decode_all(files)
    clauses = {
        id(subject): PictureClause(picture.pixels, image_id=image_id_of(data))
        for subject, data, picture in zip(subjects, files, pictures, strict=True)
    }
    return mappers.query_of(body, lambda subject: clauses[id(subject)])


def _file(services: Services, searched: CollectionSet, subject: Subject) -> bytes:
    """The bytes of the picture of a clause or part."""
    if subject.upload_id is not None:
        return kept_picture(services, subject.upload_id)
    if subject.image_id is not None:
        image = services.index.image(searched, subject.image_id)[0].image
        return stored_picture_bytes(image, services.store, services.fetcher)
    return services.fetcher.fetch(subject.image_url or "")
