"""Names a collection may have; they become part of index and alias names."""

from __future__ import annotations

import re

from boxlens.domain.collections import CollectionSetup, PackInfo
from boxlens.domain.errors import BadInput, Conflict, FormerPack, NotFound, PackMismatch

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
FORMER_DEFAULT = "demo"
"""The pack that collections of version 0.1 have where nobody chose one."""


def require_name(collection: str) -> None:
    """Raises BadInput for a name that cannot be one."""
    if not _NAME.fullmatch(collection):
        raise BadInput(
            f"{collection!r} cannot be the name of a collection.",
            hint="Use 1 to 64 lower-case letters, digits, - and _, the first a letter or a digit.",
            place="collection",
        )


def no_collection(collection: str) -> NotFound:
    hint = "See the collections there are with `boxlens collections list`, or make it with `collections create`."
    return NotFound(f"There is no collection {collection!r}.", hint=hint, place="collection")


def writes_blocked(collection: str) -> Conflict:
    """What a writer is told while a collection moves to another pack."""
    return Conflict(
        f"Collection {collection!r} takes no pictures while it moves to another pack.",
        hint="Try again in a few seconds. If no swap is running, one was killed: boxlens collections swap goes on.",
    )


def require_same_pack(collection: str, stands: PackInfo, requested: PackInfo) -> None:
    """Raises PackMismatch naming both packs."""
    if stands != requested:
        hint = f"Use pack {stands.name} (BOXLENS_PACK), or ingest into another collection with -c NAME."
        if stands.name == requested.name:  # its networks are others since
            hint = f"Move it to the pack as it is now: boxlens collections swap {collection} --pack {requested.name}"
        raise PackMismatch(
            f"Collection {collection!r} was made with {_words(stands)}, not with {_words(requested)}.", hint=hint
        )


def require_current_pack(collection: str, setup: CollectionSetup, default: str) -> None:
    """Whether pictures may be taken into a collection that stands, where ``default`` is the pack of new ones.

    One that has ``FORMER_DEFAULT`` without having been asked for would go on taking photographs for drawings, unseen.
    Raises FormerPack.
    """
    if setup.pack.name == FORMER_DEFAULT != default and not setup.settings.pack_named:
        raise FormerPack(
            f"{collection} was made with the pack {FORMER_DEFAULT}, which knows drawings alone and was the default "
            f"before; now it is {default}. It answers as before, and takes no pictures.",
            hint=f"Move it: boxlens collections swap {collection} --pack {default}. To keep its pack, for drawings: "
            f"boxlens collections create {collection} --pack {FORMER_DEFAULT}",
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
