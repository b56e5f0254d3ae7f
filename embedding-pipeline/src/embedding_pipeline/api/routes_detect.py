"""What a picture shows, before it is searched with."""

from __future__ import annotations

from fastapi import APIRouter

from embedding_pipeline.api import convert, pictures
from embedding_pipeline.api.parameters import PictureFile, PictureUrl
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.schemas import Detected
from embedding_pipeline.api.services import ServicesDep

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/detect", summary="Find the objects of a picture", responses=problems(401, 413, 415, 422, 502, 503, 507))
def detect(services: ServicesDep, file: PictureFile = None, image_url: PictureUrl = None) -> Detected:
    """Send `file` or `image_url`. The picture is kept for a while: search with its `upload_id` and a box."""
    data = pictures.given_bytes(services, file.file if file else None, image_url)
    picture = services.decode(data)
    found = services.searcher.detect(picture.pixels)
    return Detected(
        upload_id=pictures.keep_upload(services, data, picture),
        width=picture.width,
        height=picture.height,
        objects=[convert.detected(each, picture.width, picture.height) for each in found],
    )
