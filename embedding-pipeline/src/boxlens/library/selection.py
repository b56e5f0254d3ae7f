"""Several images at once: described, deleted, brought back. What one of them refuses never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from boxlens.domain.errors import BoxlensError, Conflict, NotFound
from boxlens.library.deletion import Library, delete_image, restore_image


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
            library.writer.annotate(collection, image_id, caption=caption, tags=tags, albums=albums, by=by)

    outcome = _change_images(image_ids, describe)
    library.writer.refresh(collection)
    return outcome


def _changed(before: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str] | None:
    """Names with some more and some fewer; None where that changes nothing."""
    changed = list(dict.fromkeys([*(name for name in before if name not in remove), *add]))
    return None if changed == list(before) else changed


def delete_images(library: Library, collection: str, image_ids: Sequence[str]) -> Outcome:
    """Delete images; each can be restored within an hour. Raises what stops all, such as DiskFull."""
    return _change_images(image_ids, lambda image_id: delete_image(library, collection, image_id))


def restore_images(library: Library, collection: str, image_ids: Sequence[str]) -> Outcome:
    """Bring deleted images back. Raises what stops all, such as ElasticsearchAway."""
    return _change_images(image_ids, lambda image_id: restore_image(library, collection, image_id))


def _change_images(image_ids: Sequence[str], change: Callable[[str], object]) -> Outcome:
    done: list[str] = []
    refused: list[Refusal] = []
    for image_id in dict.fromkeys(image_ids):
        try:
            change(image_id)
        except (NotFound, Conflict) as error:
            refused.append(Refusal(image_id, error))
        else:
            done.append(image_id)
    return Outcome(tuple(done), tuple(refused))
