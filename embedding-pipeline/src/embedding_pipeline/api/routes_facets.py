"""What a collection holds, counted."""

from __future__ import annotations

from fastapi import APIRouter

from embedding_pipeline.api import convert
from embedding_pipeline.api.parameters import CollectionName, Expression
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.query import FacetQuery
from embedding_pipeline.api.schemas import Facets
from embedding_pipeline.api.services import ServicesDep

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.get("/facets", summary="Counts under a filter expression", responses=problems(401, 404, 422, 503))
def facets(collection: CollectionName, services: ServicesDep, filter: Expression = None) -> Facets:
    return convert.facets(services.index.facets(collection, convert.expression_of(filter)))


@router.post("/facets", summary="Counts under a filter", responses=problems(401, 404, 422, 503))
def facets_of_query(collection: CollectionName, services: ServicesDep, body: FacetQuery) -> Facets:
    """Objects per label, tag, colour, format and year."""
    return convert.facets(services.index.facets(collection, convert.filter_of(body.filter)))
