"""Labels and boxes of a stored picture: corrected, drawn, removed, and put back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from boxlens.api import mappers
from boxlens.api.image_urls import ImageUrls
from boxlens.api.parameters import CollectionName, ImageId
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import Image
from boxlens.api.schemas.corrections import NewObject, ObjectPatch, Undo
from boxlens.api.services import Services, ServicesDep, with_pack
from boxlens.domain.objects import IndexedObject

router = APIRouter(prefix="/v1/collections/{collection}/images/{image_id}", tags=["images"])
NUMBER = r"^(0|[1-9][0-9]{0,5})$"
Number = Annotated[
    str, Path(pattern=NUMBER, description="0 is the frame, which has no label and no box", examples=["1"])
]


@router.post(
    "/objects", summary="Draw an object", status_code=201, responses=problems(401, 404, 409, 415, 422, 502, 503, 507)
)
def add_object(
    collection: CollectionName, image_id: ImageId, body: NewObject, services: ServicesDep, request: Request
) -> Image:
    """Its box is embedded from the stored picture; searches find it as soon as this answers."""
    by = request.state.key_name
    objects = with_pack(
        services,
        collection,
        lambda scoped: scoped.corrector.add(collection, image_id, label=body.label, box=body.box, by=by),
    )
    return _image(services, objects)


@router.patch(
    "/objects/{number}",
    summary="Correct label or box of an object",
    responses=problems(401, 404, 409, 415, 422, 502, 503, 507),
)
def correct_object(
    collection: CollectionName,
    image_id: ImageId,
    number: Number,
    body: ObjectPatch,
    services: ServicesDep,
    request: Request,
) -> Image:
    """A box that was moved is embedded anew. The correction outlives further ingests and a move to another pack."""
    by = request.state.key_name
    objects = with_pack(
        services,
        collection,
        lambda scoped: scoped.corrector.change(
            collection, image_id, int(number), label=body.label, box=body.box, by=by
        ),
    )
    return _image(services, objects)


@router.delete("/objects/{number}", summary="Remove an object", responses=problems(401, 404, 409, 422, 502, 503, 507))
def remove_object(
    collection: CollectionName, image_id: ImageId, number: Number, services: ServicesDep, request: Request
) -> Image:
    """The image without it; `undo` brings it back."""
    by = request.state.key_name
    objects = with_pack(
        services, collection, lambda scoped: scoped.corrector.remove(collection, image_id, int(number), by=by)
    )
    return _image(services, objects)


@router.post("/undo", summary="Take a correction back", responses=problems(401, 404, 409, 415, 422, 502, 503, 507))
def undo_correction(collection: CollectionName, image_id: ImageId, body: Undo, services: ServicesDep) -> Image:
    """The last one of the image, or of one of its objects; again takes back the one before. 409 when there is none."""
    objects = with_pack(services, collection, lambda scoped: scoped.corrector.undo(collection, image_id, body.number))
    return _image(services, objects)


def _image(services: Services, objects: list[IndexedObject]) -> Image:
    return mappers.image(objects, ImageUrls(services.store))
