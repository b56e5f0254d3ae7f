"""What a picture shows, before it is searched with."""

from __future__ import annotations

from fastapi import APIRouter

from embedding_pipeline.api import convert, pictures
from embedding_pipeline.api.parameters import PictureFile, PictureUrl, UploadId
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.schemas import Detected, Labels, Upload
from embedding_pipeline.api.services import ServicesDep
from embedding_pipeline.text.label_names import both_names

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
        objects=[convert.detected(each, picture.width, picture.height, both_names(services.labels)) for each in found],
    )


@router.get("/uploads/{upload_id}", summary="A query picture that is kept", responses=problems(401, 404, 422, 503))
def get_upload(upload_id: UploadId, services: ServicesDep) -> Upload:
    """The answer of `detect` again, with an address that shows the picture: what a shared link needs."""
    picture = services.decode(pictures.kept_upload(services, upload_id))
    found = services.searcher.detect(picture.pixels)
    return Upload(
        upload_id=upload_id,
        width=picture.width,
        height=picture.height,
        objects=[convert.detected(each, picture.width, picture.height, both_names(services.labels)) for each in found],
        image_url=pictures.upload_address(services, upload_id),
    )


@router.get("/labels", summary="What the detector can name", responses=problems(401, 503))
def labels(services: ServicesDep) -> Labels:
    """All labels with the English and Chinese names by which words find them, best first."""
    return convert.labels(services.labels)
