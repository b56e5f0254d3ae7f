"""What a collection holds, or what a search found, counted."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter

from boxlens.api import mappers, query_pictures
from boxlens.api.parameters import CollectionName, Expression
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import FacetCount, Facets
from boxlens.api.schemas.query import FacetQuery
from boxlens.api.services import ServicesDep, with_ids, with_pack
from boxlens.domain.answers.partial import Losses, partial_answers
from boxlens.domain.collections import CollectionSet
from boxlens.language.label_ids import with_label_ids
from boxlens.language.label_names import both_names
from boxlens.library.own_labels import own_labels

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.get("/facets", summary="Counts under a filter expression", responses=problems(401, 404, 422, 503))
def facets(collection: CollectionName, services: ServicesDep, filter: Expression = None) -> Facets:
    """Images by label, tag, album, colour, format, year and camera of the objects under the filter."""
    labels = services.for_collection(collection).labels
    with partial_answers() as losses:
        own = own_labels(services.index, collection)
        counts = services.index.facets(collection, with_label_ids(mappers.expression_of(filter), labels, own=own))
    return _facets(counts, both_names(labels), losses)


@router.post("/facets", summary="Counts of what a search finds", responses=problems(401, 404, 413, 415, 422, 502, 503))
def facets_of_query(collection: CollectionName, services: ServicesDep, body: FacetQuery) -> Facets:
    """The query is that of a search: what it finds is counted, by image. Without clauses: what its filter admits."""
    counted = CollectionSet.of([collection, *(body.collections or ())])
    query = query_pictures.query_of(services, counted, body)
    with partial_answers() as losses:
        counts = with_pack(
            services, counted, lambda scoped: scoped.searcher.facets(counted, with_ids(query, scoped, counted))
        )
    return _facets(counts, both_names(services.for_collection(collection).labels), losses)


def _facets(counts: Mapping[str, Mapping[str, int]], names: mappers.Names, losses: Losses) -> Facets:
    """Counts as lists, largest first, because JSON objects do not keep the order of keys such as years."""
    return Facets(
        facets={
            field: [
                FacetCount(
                    value=value,
                    count=count,
                    name=mappers.label_names(names.get(value)) if field == "label" else None,
                )
                for value, count in sorted(values.items(), key=lambda item: (-item[1], item[0]))
            ]
            for field, values in counts.items()
        },
        lost_shards=losses.shards,
    )
