"""Collections: named sets of images, each with its pack and its index."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response

from boxlens.api import mappers
from boxlens.api.parameters import CollectionName
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import Collection, Collections, CollectionSpec
from boxlens.api.services import Services, ServicesDep
from boxlens.domain.collections import CollectionInfo, CollectionSettings, CollectionSetup, PackInfo
from boxlens.domain.errors import ModelMissing, NotFound
from boxlens.domain.share_out import Layout

router = APIRouter(prefix="/v1/collections", tags=["collections"])
_OWN = ("score_threshold", "nms_iou", "min_relevance", "tiles")


@router.get("", summary="All collections", responses=problems(401, 503))
def list_collections(services: ServicesDep) -> Collections:
    return Collections(collections=[_collection(services, info) for info in services.index.collections()])


@router.get("/{collection}", summary="One collection", responses=problems(401, 404, 422, 503))
def get_collection(collection: CollectionName, services: ServicesDep) -> Collection:
    return _collection(services, services.index.info(collection))


@router.put(
    "/{collection}",
    summary="Make a collection",
    status_code=201,
    responses=problems(401, 409, 422, 503) | {200: {"model": Collection, "description": "It stands already"}},
)
def put_collection(
    collection: CollectionName, services: ServicesDep, response: Response, spec: CollectionSpec | None = None
) -> Collection:
    """201 when it is new, 200 when it stands already. Asking again changes nothing but the settings and the number of
    copies that are given."""
    spec = spec or CollectionSpec()
    own = {name: value for name in _OWN if (value := getattr(spec, name)) is not None}
    own |= {"pack_named": True} if spec.pack else {}
    layout = Layout(spec.shards, spec.replicas, spec.expected_objects)
    existing = _existing(services, collection)
    if existing is not None and spec.pack in (None, existing.pack.name):
        response.status_code = 200
        services.writer.create(collection, existing.pack, layout=layout)
        if own and replace(existing.settings, **own) != existing.settings:
            services.writer.configure(collection, replace(existing.settings, **own))
        return _collection(services, services.index.info(collection))
    pack = _pack_info(services, spec.pack)
    info = services.writer.create(collection, pack, spec.index_type, layout)
    if own:
        services.writer.configure(collection, CollectionSettings(**own))
        info = services.index.info(collection)
    return _collection(services, info)


@router.post("/{collection}/freeze", summary="Take no more changes", responses=problems(401, 404, 409, 422, 503))
def freeze_collection(collection: CollectionName, services: ServicesDep) -> Collection:
    """Searches go on; every change answers 409 `frozen` until it is thawed. Its segments are merged afterwards, by
    Elasticsearch alone."""
    services.writer.freeze(collection, wait=False)
    return _collection(services, services.index.info(collection))


@router.post("/{collection}/thaw", summary="Take changes again", responses=problems(401, 404, 422, 503))
def thaw_collection(collection: CollectionName, services: ServicesDep) -> Collection:
    services.writer.thaw(collection)
    return _collection(services, services.index.info(collection))


def _collection(services: Services, info: CollectionInfo) -> Collection:
    """A collection as it is told, with what its pack is good for where that is here."""
    try:
        about = services.pack_named(info.pack).about
    except ModelMissing:
        about = ""
    return mappers.collection(info, about)


def _existing(services: Services, collection: str) -> CollectionSetup | None:
    """How the collection is set up; None when it does not exist."""
    try:
        return services.index.setup(collection, fresh=True)
    except NotFound:
        return None


def _pack_info(services: Services, name: str | None) -> PackInfo:
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
    responses=problems(401, 404, 409, 422, 503),
)
def delete_collection(collection: CollectionName, services: ServicesDep) -> None:
    services.writer.drop(collection)
