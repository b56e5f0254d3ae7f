"""What a collection holds, or what a search found, counted."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from embedding_pipeline.api import convert, pictures
from embedding_pipeline.api.parameters import CollectionName, Expression
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.query import FacetQuery
from embedding_pipeline.api.schemas import Facets
from embedding_pipeline.api.services import ServicesDep, with_ids, with_pack
from embedding_pipeline.queries import together
from embedding_pipeline.text.label_ids import with_label_ids
from embedding_pipeline.text.label_names import both_names

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.get("/facets", summary="Counts under a filter expression", responses=problems(401, 404, 422, 503))
def facets(collection: CollectionName, services: ServicesDep, filter: Expression = None) -> Facets:
    """Images by label, tag, colour, format, year and camera of the objects under the filter."""
    labels = services.at(collection).labels
    counts = services.index.facets(collection, with_label_ids(convert.expression_of(filter), labels))
    return convert.facets(counts, both_names(labels))


@router.post("/facets", summary="Counts of what a search finds", responses=problems(401, 404, 413, 415, 422, 502, 503))
def facets_of_query(collection: CollectionName, services: ServicesDep, body: FacetQuery) -> Facets:
    """The query is that of a search: what it finds is counted, by image. Without clauses: what its filter admits."""
    wanted = convert.query_of(body, partial(pictures.clause_picture, services))
    counted = together([collection, *(body.collections or ())])
    counts = with_pack(services, counted, lambda room: room.searcher.facets(counted, with_ids(wanted, room)))
    return convert.facets(counts, both_names(services.at(collection).labels))
