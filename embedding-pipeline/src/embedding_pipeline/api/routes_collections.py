"""Collections: named sets of images, each with its pack and its index."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response

from embedding_pipeline.api import convert
from embedding_pipeline.api.parameters import CollectionName
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.schemas import Collection, Collections, CollectionSpec
from embedding_pipeline.api.services import Services, ServicesDep
from embedding_pipeline.domain import CollectionSettings, CollectionSetup, PackInfo
from embedding_pipeline.errors import ModelMissing, NotFound

router = APIRouter(prefix="/v1/collections", tags=["collections"])
_OWN = ("score_threshold", "nms_iou", "min_relevance")


@router.get("", summary="All collections", responses=problems(401, 503))
def list_collections(services: ServicesDep) -> Collections:
    return Collections(collections=[convert.collection(info) for info in services.index.collections()])


@router.get("/{collection}", summary="One collection", responses=problems(401, 404, 422, 503))
def get_collection(collection: CollectionName, services: ServicesDep) -> Collection:
    return convert.collection(services.index.info(collection))


@router.put(
    "/{collection}",
    summary="Make a collection",
    status_code=201,
    responses=problems(401, 409, 422, 503) | {200: {"model": Collection, "description": "It stands already"}},
)
def put_collection(
    collection: CollectionName, services: ServicesDep, response: Response, spec: CollectionSpec | None = None
) -> Collection:
    """201 when it is new, 200 when it stands already. Asking again changes nothing but the settings that are given."""
    spec = spec or CollectionSpec()
    own = {name: value for name in _OWN if (value := getattr(spec, name)) is not None}
    standing = _standing(services, collection)
    if standing is not None and spec.pack in (None, standing.pack.name):
        response.status_code = 200
        if own and replace(standing.settings, **own) != standing.settings:
            services.index.configure(collection, replace(standing.settings, **own))
        return convert.collection(services.index.info(collection))
    pack = _pack(services, spec.pack)
    info = services.index.create(collection, pack, spec.index_type)
    if own:
        services.index.configure(collection, CollectionSettings(**own))
        info = services.index.info(collection)
    return convert.collection(info)


def _standing(services: Services, collection: str) -> CollectionSetup | None:
    try:
        return services.index.setup(collection, fresh=True)
    except NotFound:
        return None


def _pack(services: Services, name: str | None) -> PackInfo:
    """Raises NotFound for a pack the server does not have."""
    if name is None:
        return services.pack
    try:
        return services.pack_named(name).info
    except ModelMissing as error:
        raise NotFound(error.detail, hint=error.hint, place="pack") from error


@router.delete(
    "/{collection}",
    summary="Delete a collection and all in it",
    status_code=204,
    responses=problems(401, 404, 422, 503),
)
def delete_collection(collection: CollectionName, services: ServicesDep) -> None:
    services.index.drop(collection)
