"""Pictures that came lately, as the index lists them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter, Period
from boxlens.domain.ports import MAX_RESULTS, IndexSearch
from boxlens.domain.queries import Sort

OVERLAP_S = 1800.0
"""So long before a look pictures may have been dated that it could not see yet: a picture is dated when its objects are
sent to the index, and seen when its frame is in."""


def recent_pictures(index: IndexSearch, collections: CollectionSet, since: float) -> Iterator[list[tuple[str, int]]]:
    """Pictures that came since a moment (seconds since 1970), the first first: id and milliseconds since 1970, by the
    thousands. Raises NotFound, ElasticsearchAway."""
    first = datetime.fromtimestamp(since, UTC).replace(microsecond=0)
    came = Filter((Condition("kind", any_of=("frame",)), Condition("ingested_at", range=Period(first=first))))
    after, value = None, None
    while True:
        frames = index.matching(collections, came, MAX_RESULTS, after, sort=Sort("ingested_at"), after_value=value)
        if frames:
            yield [(frame.image_id, int(frame.value or 0)) for frame in frames]
        if len(frames) < MAX_RESULTS:
            return
        after, value = frames[-1].object_id, frames[-1].value
