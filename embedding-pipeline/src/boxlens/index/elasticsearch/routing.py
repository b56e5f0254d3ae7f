"""Which shard a document lies on: in a collection that routes by image, that of its image.

So a lookup of an image asks one shard, and a shard that is lost takes whole images with it and never single boxes of
one. A collection that an older program made does not route: its ``_meta`` has no ``routing``, and its documents lie
where their own ids say. Which of the two holds is read from ``_meta`` alone. An index that routes also asks for a
routing value with every document (``_routing.required``), so that a program that does not give one is refused instead
of writing a second copy elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

BY_IMAGE = "image"
"""What ``_meta.routing`` says where documents are routed by image."""


State = Literal["new", "open", "held", "closing", "full"]
"""What an index of a collection is for, told by an alias: ``new`` ones take no images yet, the ``open`` one takes new
images, unless a swap or a freeze has it ``held``; one that is ``closing`` is about to be ``full``, in which images that
stand are changed and none come in (docs/adr/0008)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where documents of one index are read and written: an alias of its own, whether documents are routed by image,
    its name, and its state (None: an older program made it, and nothing was written since)."""

    alias: str
    routed: bool
    index: str = ""
    state: State | None = None

    @property
    def opened(self) -> str:
        """The alias by which new images go in: it is there only while the index is open."""
        return f"{self.alias.removesuffix('.own')}.open"

    def place(self, id: str) -> dict[str, str]:
        """What names a document in a request: its id, and its routing where there is one."""
        return {"_id": id, "routing": id.rpartition("-")[0]} if self.routed else {"_id": id}


def lookups(targets: Sequence[Target], ids: Sequence[str]) -> list[dict[str, str]]:
    """The ``docs`` of a read of several documents, each looked for in every index."""
    return [{"_index": target.alias, **target.place(id)} for id in ids for target in targets]
