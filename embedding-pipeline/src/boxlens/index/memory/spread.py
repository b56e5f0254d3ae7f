"""When and where images were taken, counted in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from boxlens.domain.answers.spread import MOST_CELLS, Cell, Spread
from boxlens.domain.filters import Filter
from boxlens.index.derived import local_clock
from boxlens.index.memory.filtering import Stored, passes


def spread_of(stored: Iterable[Stored], filter: Filter, image_ids: Collection[str] | None, halvings: int) -> Spread:
    """Of the images under a filter, or of those given."""
    chosen = None if image_ids is None else set(image_ids)
    images = {
        entry.image_id: entry.object.image
        for entry in stored
        if (passes(entry, filter) if chosen is None else entry.image_id in chosen) and entry.object.kind != "proposal"
    }
    moments = [moment for image in images.values() if (moment := local_clock(image.taken_at)) is not None]
    places = [image.location for image in images.values() if image.location is not None]
    months = Counter(f"{moment.year:04d}-{moment.month:02d}" for moment in moments)
    cells = Counter(Cell.at(place.lat, place.lon, halvings) for place in places)
    return Spread(
        len(images), len(moments), len(places), dict(sorted(months.items())), dict(cells.most_common(MOST_CELLS))
    )
