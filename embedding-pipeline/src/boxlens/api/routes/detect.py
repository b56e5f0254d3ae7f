"""What a picture shows, before it is searched with."""

from __future__ import annotations

import time

from fastapi import APIRouter

from boxlens.api import mappers, query_pictures
from boxlens.api.parameters import AskedCollection, PictureFile, PictureUrl, UploadId
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import Detected, DetectedObject, Labels, Upload
from boxlens.api.services import Picture, Services, ServicesDep
from boxlens.language.label_names import both_names
from boxlens.library.uploads import upload_url

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/detect", summary="Find the objects of a picture", responses=problems(401, 413, 415, 422, 502, 503, 507))
def detect(services: ServicesDep, file: PictureFile = None, image_url: PictureUrl = None) -> Detected:
    """Send `file` or `image_url`. The picture is kept for a while: search with its `upload_id` and a box."""
    data = query_pictures.read_picture(services, file.file if file else None, image_url)
    picture = services.decode(data)
    return Detected(
        objects=_detected(services, picture),
        upload_id=query_pictures.keep_picture(services, data, picture),
        width=picture.width,
        height=picture.height,
    )


@router.get("/uploads/{upload_id}", summary="A query picture that is kept", responses=problems(401, 404, 422, 503))
def get_upload(upload_id: UploadId, services: ServicesDep) -> Upload:
    """The answer of `detect` again, with an address that shows the picture: what a shared link needs."""
    picture = services.decode(query_pictures.kept_picture(services, upload_id))
    return Upload(
        objects=_detected(services, picture),
        upload_id=upload_id,
        width=picture.width,
        height=picture.height,
        image_url=upload_url(services.store, upload_id, now=time.time()),
    )


def _detected(services: Services, picture: Picture) -> list[DetectedObject]:
    """The objects of a picture, with the names of their labels."""
    names = both_names(services.labels)
    detections = services.searcher.detect(picture.pixels)
    return [mappers.detected(detection, picture.width, picture.height, names) for detection in detections]


@router.get("/labels", summary="What the detector can name", responses=problems(401, 404, 422, 503))
def labels(services: ServicesDep, collection: AskedCollection = None) -> Labels:
    """All labels with the English and Chinese names by which words find them, best first: those of the pack of a
    collection, or of the server's own."""
    return mappers.labels((services.for_collection(collection) if collection else services).labels)
