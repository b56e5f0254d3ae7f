"""Saved searches that watch for new pictures."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from boxlens.api import query_pictures, saved_matches
from boxlens.api.problems import problems
from boxlens.api.schemas.query import Query
from boxlens.api.schemas.saved import SavedMatch, SavedSearch, SavedSearchDetail, SavedSearches, SearchToSave
from boxlens.api.services import Services, ServicesDep, with_ids, with_pack
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BadQuery, BoxlensError, EmptyInput
from boxlens.library.saved import entries
from boxlens.library.saved.recent import OVERLAP_S, recent_pictures

SearchId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="the id of a saved search")]

router = APIRouter(prefix="/v1/saved", tags=["saved searches"])


@router.get("", summary="Saved searches and their new matches", responses=problems(401, 503, 507))
def list_saved(services: ServicesDep) -> SavedSearches:
    """Everybody who may search sees the same list."""
    entered = [SavedSearch(**_facts(search)) for search in services.saved.searches()]
    telling = bool(services.settings.notify.webhooks)
    return SavedSearches(searches=entered, telling=telling, apprise=list(services.notifier.kinds))


@router.post("", status_code=201, summary="Save a search", responses=problems(401, 404, 409, 422, 503, 507))
def save_search(body: SearchToSave, services: ServicesDep, request: Request) -> SavedSearch:
    """From now on pictures that come in and match are counted, and told. Order, pages and folding are not kept."""
    query = body.query.model_copy(update={"cursor": None})
    at = time.time()
    searched = CollectionSet.of([body.collection, *(query.collections or ())])
    _check(services, searched, query)
    old = [picture for batch in recent_pictures(services.index, searched, at - OVERLAP_S) for picture in batch]
    search = services.saved.save(
        body.name,
        body.collection,
        query.model_dump(mode="json", by_alias=True, exclude_unset=True),
        link=body.link.removeprefix("?"),
        tell=body.tell,
        tell_apprise=body.tell_apprise,
        by=request.state.key_name,
        at=at,
        old=old,
    )
    try:
        saved_matches.keep_query_pictures(services, query)
    except BoxlensError:
        services.saved.delete(search.id)
        raise
    return SavedSearch(**_facts(search))


@router.get("/{id}", summary="One with its latest matches", responses=problems(401, 404, 422, 503, 507))
def get_saved(id: SearchId, services: ServicesDep) -> SavedSearchDetail:
    search = services.saved.search(id)
    latest = [
        SavedMatch(image_id=match.image_id, matched_at=_moment(match.matched_at), seen=match.seen)
        for match in services.saved.matches(id)
    ]
    return SavedSearchDetail(**_facts(search), query=Query.model_validate(search.query), latest=latest)


@router.post("/{id}/seen", summary="Mark its matches as seen", responses=problems(401, 404, 422, 503, 507))
def mark_seen(id: SearchId, services: ServicesDep) -> SavedSearch:
    return SavedSearch(**_facts(services.saved.mark_seen(id)))


@router.delete("/{id}", status_code=204, summary="Delete one", responses=problems(401, 404, 422, 503, 507))
def delete_saved(id: SearchId, services: ServicesDep) -> None:
    """Its pictures stay; what was still to be told of it is not."""
    services.saved.delete(id)
    saved_matches.let_query_pictures_go(services)


def _check(services: Services, searched: CollectionSet, query: Query) -> None:
    """Raises what a search of it would raise."""
    if not (query.clauses or query.all_of) and query.filter == type(query.filter)():
        raise EmptyInput("The query has neither a clause nor a filter.", hint="Type words, or give a picture.")
    subjects = [*query.clauses, *query.all_of]
    if any(subject.image_url is not None for subject in subjects):
        hint = "Send the picture to POST /v1/detect, and give its upload_id."
        raise BadQuery("A picture at an address cannot be saved.", hint=hint, place="query.clauses")
    asked = query_pictures.query_of(services, searched, query)
    with_pack(services, searched, lambda scoped: with_ids(asked, scoped, searched))


def _facts(search: entries.SavedSearch) -> dict[str, object]:
    return {
        "id": search.id,
        "name": search.name,
        "collection": search.collection,
        "link": search.link,
        "tell": search.tell,
        "tell_apprise": search.tell_apprise,
        "made_at": _moment(search.made_at),
        "checked_at": _moment(search.checked_at),
        "matches": search.matches,
        "unseen": search.unseen,
        "problem": search.problem,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
