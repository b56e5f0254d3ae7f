"""Images of a collection: take in, look at, describe, delete, bring back."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from boxlens.api import mappers, query_pictures
from boxlens.api.image_urls import ImageUrls
from boxlens.api.parameters import (
    CaptionField,
    CollectionName,
    ImageId,
    PictureFile,
    PictureUrl,
    SourceField,
    TagsField,
)
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import Image, ImagePatch
from boxlens.api.services import Services, ServicesDep, with_pack
from boxlens.domain.errors import EmptyInput
from boxlens.domain.objects import IndexedObject
from boxlens.domain.references import ImageRef
from boxlens.library import deletion

router = APIRouter(prefix="/v1/collections/{collection}/images", tags=["images"])
_FILE_NAME = 255


@router.post(
    "",
    summary="Take a picture in",
    status_code=201,
    responses=problems(401, 404, 409, 413, 415, 422, 502, 503, 507)
    | {200: {"model": Image, "description": "It is stored already"}},
)
def add_image(
    collection: CollectionName,
    services: ServicesDep,
    response: Response,
    file: PictureFile = None,
    image_url: PictureUrl = None,
    caption: CaptionField = None,
    tags: TagsField = [],  # noqa: B006 - FastAPI copies it
    source_uri: SourceField = None,
) -> Image:
    """Send `file` or `image_url`. The image is found by searches as soon as this answers."""
    data = query_pictures.read_picture(services, file.file if file else None, image_url)
    name = ((file.filename if file else image_url) or "").replace("\\", "/").rsplit("/", 1)[-1][:_FILE_NAME]
    reference = ImageRef(
        uri=source_uri or image_url or f"upload:{name}",
        data=data,
        file_name=name,
        caption=caption or None,
        tags=tuple(dict.fromkeys(tags)),
    )
    services.for_pictures(collection)
    objects, new = with_pack(services, collection, lambda scoped: scoped.indexer.add(reference, collection=collection))
    response.status_code = 201 if new else 200
    return _image(services, objects)


@router.get("/{image_id}", summary="One image and its objects", responses=problems(401, 404, 422, 503))
def get_image(collection: CollectionName, image_id: ImageId, services: ServicesDep) -> Image:
    return _image(services, services.index.image(collection, image_id))


@router.patch("/{image_id}", summary="Set caption or tags", responses=problems(401, 404, 422, 503))
def patch_image(
    collection: CollectionName, image_id: ImageId, patch: ImagePatch, services: ServicesDep, request: Request
) -> Image:
    """Of the image on all its objects, or of its object `number` alone."""
    if patch.caption is None and patch.tags is None:
        raise EmptyInput("There is nothing to change.", hint="Give caption, tags, or both.")
    tags = None if patch.tags is None else list(dict.fromkeys(patch.tags))
    by = request.state.key_name
    services.writer.annotate(collection, image_id, number=patch.number, caption=patch.caption, tags=tags, by=by)
    services.writer.refresh(collection)
    return _image(services, services.index.image(collection, image_id))


@router.delete("/{image_id}", summary="Delete an image", status_code=204, responses=problems(401, 404, 422, 503, 507))
def delete_image(collection: CollectionName, image_id: ImageId, services: ServicesDep) -> None:
    """It can be restored within an hour."""
    deletion.delete_image(services, collection, image_id)


@router.post("/{image_id}/restore", summary="Undo a deletion", responses=problems(401, 404, 409, 422, 503))
def restore_image(collection: CollectionName, image_id: ImageId, services: ServicesDep) -> Image:
    """Within an hour of it; nothing is embedded again."""
    return _image(services, deletion.restore_image(services, collection, image_id))


def _image(services: Services, objects: list[IndexedObject]) -> Image:
    return mappers.image(objects, ImageUrls(services.store))
