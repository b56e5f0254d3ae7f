"""Which shard a document lies on: in a collection that routes by image, that of its image.

So a lookup of an image asks one shard, and a shard that is lost takes whole images with it and never single boxes of
one. A collection that an older program made does not route: its ``_meta`` has no ``routing``, and its documents lie
where their own ids say. Which of the two holds is read from ``_meta`` alone. An index that routes also asks for a
routing value with every document (``_routing.required``), so that a program that does not give one is refused instead
of writing a second copy elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BY_IMAGE = "image"
"""What ``_meta.routing`` says where documents are routed by image."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the documents of one collection are read and written: the alias of its index, and whether documents are
    routed by image."""

    alias: str
    routed: bool

    def place(self, id: str) -> dict[str, str]:
        """What names a document in a request: its id, and its routing where there is one."""
        return {"_id": id, "routing": id.rpartition("-")[0]} if self.routed else {"_id": id}

    def lookups(self, ids: Sequence[str]) -> list[dict[str, str]]:
        """The ``docs`` of a read of several documents."""
        return [self.place(id) for id in ids]


def target(alias: str, meta: Mapping[str, Any]) -> Target:
    """Of an index by its alias and what its ``_meta`` says."""
    return Target(alias, meta.get("routing") == BY_IMAGE)
