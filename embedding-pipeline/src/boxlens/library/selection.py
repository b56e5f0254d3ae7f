"""Several images at once: described, deleted, brought back. What one of them refuses never stops the others.

Each waits for the index and the object store a dozen times, so some are changed at the same time, and what comes back
is written together; searches are shown all of it by one refresh, as each refresh costs as much as the change of an
image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from boxlens.domain.errors import BoxlensError, Conflict, NotFound
from boxlens.library.deletion import Library, delete_image, restore_together

_AT_ONCE = 4
"""Images that are changed at the same time."""

_TOGETHER = 50
"""Images that are brought back together, and held in memory with their vectors."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An image that was left as it is, and why."""

    image_id: str
    error: BoxlensError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The images that were changed, in the order given, and those that were not."""

    done: tuple[str, ...]
    refused: tuple[Refusal, ...]


def describe_images(
    library: Library,
    collection: str,
    image_ids: Sequence[str],
    *,
    caption: str | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    add_albums: Sequence[str] = (),
    remove_albums: Sequence[str] = (),
    by: str = "",
) -> Outcome:
    """Give images one caption (None leaves theirs), more tags or albums, or fewer; ``by``: who says so. Raises what
    stops all, such as ElasticsearchAway."""

    def describe(image_id: str) -> None:
        image = library.index.image(collection, image_id)[0].image
        tags = _changed(image.tags, add_tags, remove_tags)
        albums = _changed(image.albums, add_albums, remove_albums)
        if not (caption is None and tags is None and albums is None):
            library.writer.annotate(
                collection, image_id, caption=caption, tags=tags, albums=albums, by=by, visible=False
            )

    with _seen_after(library, collection):
        return _change_images(image_ids, describe)


def _changed(before: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str] | None:
    """Names with some more and some fewer; None where that changes nothing."""
    changed = list(dict.fromkeys([*(name for name in before if name not in remove), *add]))
    return None if changed == list(before) else changed


def delete_images(library: Library, collection: str, image_ids: Sequence[str]) -> Outcome:
    """Delete images; each can be restored within an hour. Raises what stops all, such as DiskFull."""
    library.writer.refresh(collection)  # what a killed writer left of one of them is seen, and goes too
    with _seen_after(library, collection):
        return _change_images(image_ids, lambda image_id: delete_image(library, collection, image_id, visible=False))


def restore_images(library: Library, collection: str, image_ids: Sequence[str]) -> Outcome:
    """Bring deleted images back. Raises what stops all, such as ElasticsearchAway."""
    ids = list(dict.fromkeys(image_ids))
    refusals: list[Refusal | None] = []
    with _seen_after(library, collection):
        for start in range(0, len(ids), _TOGETHER):
            outcomes = restore_together(library, collection, ids[start : start + _TOGETHER])
            refusals += [
                Refusal(image_id, outcome) if isinstance(outcome, BoxlensError) else None
                for image_id, outcome in outcomes.items()
            ]
    return _outcome(ids, refusals)


@contextmanager
def _seen_after(library: Library, collection: str) -> Iterator[None]:
    """Searches see what was changed in the block, also where something stopped it."""
    try:
        yield
    finally:
        library.writer.refresh(collection)


def _change_images(image_ids: Iterable[str], change: Callable[[str], object]) -> Outcome:
    """Change each image once, some at the same time. What stops all stops those that have not begun."""

    def refusal(image_id: str) -> Refusal | None:
        try:
            change(image_id)
        except (NotFound, Conflict) as error:
            return Refusal(image_id, error)
        return None

    ids = list(dict.fromkeys(image_ids))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="selection") as threads:
        tasks = [threads.submit(refusal, image_id) for image_id in ids]
        try:
            refusals = [task.result() for task in tasks]
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return _outcome(ids, refusals)


def _outcome(ids: Sequence[str], refusals: Sequence[Refusal | None]) -> Outcome:
    refused = tuple(entry for entry in refusals if entry is not None)
    return Outcome(tuple(image_id for image_id, entry in zip(ids, refusals, strict=True) if entry is None), refused)
