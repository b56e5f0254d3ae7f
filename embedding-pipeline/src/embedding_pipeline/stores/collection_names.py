"""Names a collection may have; they become part of index and alias names."""

from __future__ import annotations

import re

from embedding_pipeline.domain import PackInfo
from embedding_pipeline.errors import BadInput, NotFound, PackMismatch

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


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


def require_same_pack(collection: str, stands: PackInfo, asked: PackInfo) -> None:
    """Raises PackMismatch naming both packs."""
    if stands != asked:
        raise PackMismatch(
            f"Collection {collection!r} was made with {_words(stands)}, not with {_words(asked)}.",
            hint=f"Use pack {stands.name} (BOXLENS_PACK), or ingest into another collection with -c NAME.",
        )


def _words(pack: PackInfo) -> str:
    return f"pack {pack.name} {pack.revision} (vit {pack.vit_dims or 'none'}, clip {pack.clip_dims or 'none'})"
