"""Names a collection may have; they become part of index and alias names."""

from __future__ import annotations

import re

from embedding_pipeline.domain import PackInfo
from embedding_pipeline.errors import BadInput, Conflict, NotFound, PackMismatch

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NEXT = ".next"  # a point stands in no name that people give


def require_name(collection: str) -> None:
    """Raises BadInput for a name that cannot be one."""
    if not _NAME.fullmatch(collection):
        raise BadInput(
            f"{collection!r} cannot be the name of a collection.",
            hint="Use 1 to 64 lower-case letters, digits, - and _, the first a letter or a digit.",
            place="collection",
        )


def staged(collection: str) -> str:
    """The name of the successor that is being made of a collection."""
    return collection + _NEXT


def base(collection: str) -> str:
    """The collection that a successor is made for; any other name as it is."""
    return collection.removesuffix(_NEXT)


def no_collection(collection: str) -> NotFound:
    hint = "See the collections there are with `boxlens collections list`, or make it with `collections create`."
    return NotFound(f"There is no collection {collection!r}.", hint=hint, place="collection")


def sealed(collection: str) -> Conflict:
    """What a writer is told while a collection moves to another pack."""
    return Conflict(
        f"Collection {collection!r} takes no pictures while it moves to another pack.",
        hint="Try again in a few seconds. If no swap is running, one was killed: boxlens collections swap goes on.",
    )


def require_same_pack(collection: str, stands: PackInfo, asked: PackInfo) -> None:
    """Raises PackMismatch naming both packs."""
    if stands != asked:
        raise PackMismatch(
            f"Collection {collection!r} was made with {_words(stands)}, not with {_words(asked)}.",
            hint=f"Use pack {stands.name} (BOXLENS_PACK), or ingest into another collection with -c NAME.",
        )


def require_one_pack(first: str, pack: PackInfo, second: str, other: PackInfo) -> None:
    """Raises PackMismatch naming both when two collections that are searched together have different packs."""
    if pack != other:
        raise PackMismatch(
            f"{first!r} was made with {_words(pack)}, {second!r} with {_words(other)}: their vectors do not compare.",
            hint=f"Search them one by one, or: boxlens collections swap {second} --pack {pack.name}",
            place="collections",
        )


def _words(pack: PackInfo) -> str:
    return f"pack {pack.name} {pack.revision} (vit {pack.vit_dims or 'none'}, clip {pack.clip_dims or 'none'})"
