"""Collections: named sets of images, each with its pack and its index."""

from __future__ import annotations

from fastapi import APIRouter, Response

from embedding_pipeline.api import convert
from embedding_pipeline.api.parameters import CollectionName
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.schemas import Collection, Collections, CollectionSpec
from embedding_pipeline.api.services import ServicesDep
from embedding_pipeline.errors import PackMismatch

router = APIRouter(prefix="/v1/collections", tags=["collections"])


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
    """201 when it is new, 200 when it stands already; asking again changes nothing."""
    spec = spec or CollectionSpec()
    if spec.pack is not None and spec.pack != services.pack.name:
        raise PackMismatch(
            f"This server runs the pack {services.pack.name}, not {spec.pack}.",
            hint=f"Leave pack out, or start the server with BOXLENS_PACK={spec.pack}.",
            place="pack",
        )
    if any(info.name == collection for info in services.index.collections()):
        response.status_code = 200
    return convert.collection(services.index.create(collection, services.pack, spec.index_type))


@router.delete(
    "/{collection}",
    summary="Delete a collection and all in it",
    status_code=204,
    responses=problems(401, 404, 422, 503),
)
def delete_collection(collection: CollectionName, services: ServicesDep) -> None:
    services.index.drop(collection)
