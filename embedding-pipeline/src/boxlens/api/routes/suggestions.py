"""What a person may be about to type."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from boxlens.api.parameters import CollectionName
from boxlens.api.problems import problems
from boxlens.api.schemas.suggestions import MAX_SUGGESTIONS, Suggestion, Suggestions
from boxlens.api.services import ServicesDep, with_pack
from boxlens.suggestions.matching import MAX_PREFIX

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.get("/suggestions", summary="Words for what was typed so far", responses=problems(401, 404, 422, 503))
def suggestions(
    collection: CollectionName,
    services: ServicesDep,
    q: Annotated[str, Query(max_length=MAX_PREFIX, description="what was typed so far", examples=["zixing"])],
    limit: Annotated[int, Query(ge=1, le=MAX_SUGGESTIONS, description="how many")] = 8,
) -> Suggestions:
    """Names of classes, tags, words of captions and file names of the collection, in both languages: those that begin
    so first, then by pinyin, by a word inside, and with a typo or two."""
    terms = with_pack(services, collection, lambda scoped: scoped.suggester.suggest(collection, q, limit))
    return Suggestions(suggestions=[Suggestion.model_validate(term, from_attributes=True) for term in terms])
