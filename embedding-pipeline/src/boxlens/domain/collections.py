"""Collections: named sets of images, the pack whose vectors they hold, and their settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from boxlens.domain.errors import Frozen

IndexType = Literal["int8_hnsw", "hnsw", "bbq_hnsw", "int8_flat", "flat"]
_NEXT = ".next"  # a point stands in no name that people give


def successor_of(collection: str) -> str:
    """The name of the successor that is being made of a collection."""
    return collection + _NEXT


def base(collection: str) -> str:
    """The collection that a successor is made for; any other name as it is."""
    return collection.removesuffix(_NEXT)


@dataclass(frozen=True, slots=True, eq=False)
class CollectionSet:
    """Collections that are searched together. Equal to any other set of the same names, whatever their order.

    ``names``: each name once, in the order in which they were given; the text of a set is these with commas.

    >>> CollectionSet.of(["photos", "shop", "photos"]).names
    ('photos', 'shop')
    >>> CollectionSet.of(["photos", "shop"]) == CollectionSet.of(["shop", "photos"])
    True
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, collections: str | CollectionSet | Iterable[str]) -> CollectionSet:
        """From one name, from several names, or from a set, which is returned as it is. Raises ValueError without a
        name."""
        if isinstance(collections, CollectionSet):
            return collections
        names = (collections,) if isinstance(collections, str) else tuple(dict.fromkeys(collections))
        if not names:
            raise ValueError("a set of collections has at least one")
        return cls(names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CollectionSet) and frozenset(self.names) == frozenset(other.names)

    def __hash__(self) -> int:
        return hash(frozenset(self.names))

    def __str__(self) -> str:
        return ",".join(self.names)


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What must agree before vectors may share an index. Dims of None: the pack has no such network."""

    name: str
    revision: str
    vit_dims: int | None
    clip_dims: int | None


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What a collection has of its own; None leaves it to the server's settings.

    Scores and IoU are 0..1; ``min_relevance`` 0..1 is what "auto" means in its searches. ``pack_named``: its pack was
    asked for by name, and is no default that has changed since. ``tiles``: pictures are looked at in parts too.
    """

    score_threshold: float | None = None
    nms_iou: float | None = None
    min_relevance: float | None = None
    pack_named: bool | None = None
    tiles: bool | None = None


@dataclass(frozen=True, slots=True)
class CollectionSetup:
    """What must be known to work with a collection: whose vectors it holds, its own settings, and whether it is
    frozen."""

    pack: PackInfo
    settings: CollectionSettings
    frozen: bool = False

    def require_thawed(self, collection: str) -> None:
        """Raises Frozen where the collection takes no changes."""
        if self.frozen:
            raise Frozen(
                f"Collection {collection!r} is frozen: it is searched, and takes no changes.",
                hint=f"Thaw it: boxlens collections thaw {base(collection)}, or POST /v1/collections/"
                f"{base(collection)}/thaw",
                place="collection",
            )


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """One collection as the index knows it, or several together with their names in ``name``; sizes in bytes.

    ``shards`` are the parts of each of its indices, ``replicas`` the copies of each beside itself; of several the
    first's. ``index`` is the first of its ``indices``.
    """

    name: str
    pack: str
    pack_revision: str
    index: str
    index_type: IndexType
    images: int
    objects: int
    size_bytes: int
    last_change: datetime | None
    settings: CollectionSettings = CollectionSettings()
    shards: int = 1
    replicas: int = 0
    frozen: bool = False
    indices: int = 1
