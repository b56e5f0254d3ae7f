"""What saved searches find among new pictures, and the query pictures they keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from boxlens.api import query_pictures
from boxlens.api.schemas.query import Query as SearchBody
from boxlens.api.services import Services, with_ids, with_pack
from boxlens.domain.answers.hits import Answer, Hit
from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter, both
from boxlens.domain.queries import BY_RELEVANCE, Query
from boxlens.imaging.decoding import content_type
from boxlens.library.saved.entries import SavedSearch
from boxlens.library.saved.messages import Messenger
from boxlens.library.saved.watching import SavedWatcher
from boxlens.library.uploads import keep_for_search, keep_only


def watcher_of(services: Services) -> SavedWatcher:
    """What looks at new pictures with these services."""
    notify = services.settings.notify
    secret = notify.secret.get_secret_value() if notify.secret else ""
    messenger = Messenger(services.saved, services.fetcher, services.notifier, notify.webhooks, secret)
    return SavedWatcher(services.saved, services.index, services.writer, partial(matching, services), messenger)


def matching(services: Services, search: SavedSearch, image_ids: Sequence[str]) -> list[str]:
    """Those of at most 200 pictures that a saved search finds. Raises as a search."""
    body = SearchBody.model_validate(search.query)
    searched = CollectionSet.of([search.collection, *(body.collections or ())])
    asked = query_pictures.query_of(services, searched, body)
    inside = Filter((Condition("image_id", any_of=tuple(image_ids)),))
    query = replace(
        asked,
        filter=both((asked.filter, inside)),
        cursor=None,
        size=len(image_ids),
        min_relevance=asked.min_relevance or "auto",
        sort=BY_RELEVANCE,
        group_by="image",
        collapse_duplicates=False,
        groups="none",
    )
    answer = with_pack(
        services, searched, lambda scoped: scoped.searcher.search(searched, with_ids(query, scoped, searched))
    )
    return _matches(query, answer)


def _matches(query: Query, answer: Answer) -> list[str]:
    """The hits that are worth telling: none that may well be something else."""
    if "not_all_together" in answer.notes:
        return []
    return [hit.image.image_id for hit in answer.hits if _worth_telling(query, hit)]


def _worth_telling(query: Query, hit: Hit) -> bool:
    """Where a number says what is near enough, all that is; else what is not weak. Where a collection is too small to
    say how relevant a hit is, what words found."""
    if not (query.clauses or query.all_of):
        return True
    if hit.relevance is None:
        return any(why.signal == "words" for entry in hit.objects for why in entry.why)
    return query.min_relevance != "auto" or not hit.weak


def keep_query_pictures(services: Services, body: SearchBody) -> None:
    """Keep the pictures of a query for as long as it is saved. Raises NotFound, ProxyAway, DiskFull."""
    for upload_id in uploads_of(body.model_dump(include={"clauses", "all_of"})):
        data = query_pictures.kept_picture(services, upload_id)
        keep_for_search(services.store, upload_id, data, content_type(services.decode(data).format))


def let_query_pictures_go(services: Services) -> None:
    """Delete the pictures that no saved search needs any more. Raises ProxyAway."""
    keep_only(services.store, [upload for search in services.saved.searches() for upload in uploads_of(search.query)])


def uploads_of(query: Mapping[str, Any]) -> Iterable[str]:
    """The upload ids in the body of a search."""
    subjects = [*query.get("clauses", ()), *query.get("all_of", ())]
    return [subject["upload_id"] for subject in subjects if subject.get("upload_id")]
