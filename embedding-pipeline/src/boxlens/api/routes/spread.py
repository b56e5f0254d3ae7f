"""When and where the pictures that a search finds were taken."""

from __future__ import annotations

from fastapi import APIRouter

from boxlens.api import query_pictures
from boxlens.api.parameters import CollectionName
from boxlens.api.problems import problems
from boxlens.api.schemas.spread import CellCount, MonthCount, Spread, SpreadQuery
from boxlens.api.services import ServicesDep, with_ids, with_pack
from boxlens.domain.answers.partial import partial_answers
from boxlens.domain.collections import CollectionSet

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.post(
    "/spread",
    summary="When and where what a search finds was taken",
    responses=problems(401, 404, 409, 413, 415, 422, 502, 503),
)
def spread_of_query(collection: CollectionName, services: ServicesDep, body: SpreadQuery) -> Spread:
    """Counted is what `POST …/facets` counts, by image: by month, and by cell of the map."""
    counted = CollectionSet.of([collection, *(body.collections or ())])
    query = query_pictures.query_of(services, counted, body)
    with partial_answers() as losses:
        counts = with_pack(
            services,
            counted,
            lambda scoped: scoped.searcher.spread(counted, with_ids(query, scoped, counted), body.halvings),
        )
    areas = [(cell.area, count) for cell, count in counts.cells.items()]
    return Spread(
        images=counts.images,
        dated=counts.dated,
        placed=counts.placed,
        months=[MonthCount(month=month, count=count) for month, count in counts.months.items()],
        cells=[CellCount(box=(a.west, a.south, a.east, a.north), count=count) for a, count in areas],
        lost_shards=losses.shards,
    )
