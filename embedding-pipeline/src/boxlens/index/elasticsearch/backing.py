"""Which indices a collection stands in, and what their aliases and ``_meta`` say of it.

A collection begins with one index and gets a further one when it outgrows it (``admin/rollover.py``). All of them are
behind the collection's alias, and behind one that is named after the first, ``{prefix}-{collection}.{its mark}``, by
which all searches are done: a process that still holds these indices for the collection's when the collection's alias
has moved on to another pack searches there, or nowhere, and never meets vectors of another pack. Documents are read and
written by aliases of each index, ``{prefix}-{collection}.{mark}.own`` and one that tells its state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from boxlens.domain.collections import CollectionSet, CollectionSettings, CollectionSetup, IndexType, PackInfo
from boxlens.index.elasticsearch.routing import BY_IMAGE, State, Target
from boxlens.index.names import require_one_pack

READ = "*.aliases,*.mappings._meta,*.settings.index"
"""What is read of the indices behind an alias."""

Described = Mapping[str, Mapping[str, Any]]
"""Indices by name, with their aliases, ``_meta`` and settings."""


@dataclass(frozen=True, slots=True)
class IndexHandle:
    """A collection that stands, or several together: by which aliases to search all of it, in which indices to read and
    write its documents, when the latest was made (seconds since 1970, by the server's clock), and what ``_meta`` says.

    ``index`` is the first index, by which a collection is told from one that has taken its name since. ``loading``:
    many writes are under way; ``graphs``: vectors get graphs as they are written."""

    collection: str
    alias: str
    targets: tuple[Target, ...]
    index: str
    made_s: float
    pack: PackInfo
    index_type: IndexType
    schema: int
    settings: CollectionSettings
    shards: int
    replicas: int
    frozen: bool
    loading: bool
    graphs: bool

    @property
    def setup(self) -> CollectionSetup:
        return CollectionSetup(self.pack, self.settings, self.frozen)

    @property
    def indices(self) -> list[str]:
        """The names of all indices, the first one first."""
        return [target.index for target in self.targets]

    def of(self, index: str) -> Target:
        """The target of one of its indices."""
        return next(target for target in self.targets if target.index == index)

    def in_state(self, state: State | None) -> Target | None:
        """The index in a state of which there is at most one: any but full."""
        return next((target for target in self.targets if target.state == state), None)


def handle_of(collection: str, public: str, name: str, described: Described) -> IndexHandle:
    """A collection from the indices behind its alias ``public``; ``name`` begins the aliases of each index."""
    order = sorted(described, key=lambda index: _place(name, index, described[index]))
    first, common = order[0], common_alias(name, order[0])
    searched = common if common in described[first]["aliases"] else public  # of an index of an earlier version
    metas = [described[index]["mappings"]["_meta"] for index in order]
    set_up = [described[index]["settings"]["index"] for index in order]
    meta = metas[0]
    return IndexHandle(
        collection,
        searched,
        tuple(_target(name, searched, index, described[index]) for index in order),
        first,
        made_s=max(int(index["creation_date"]) for index in set_up) / 1000,
        pack=PackInfo(meta["pack"], meta["pack_revision"], meta.get("vit_dims"), meta.get("clip_dims")),
        index_type=meta["index_type"],
        schema=min(part["schema"] for part in metas),
        settings=CollectionSettings(**meta.get("settings", {})),
        shards=int(set_up[0]["number_of_shards"]),
        replicas=int(set_up[0]["number_of_replicas"]),
        frozen=any(part.get("frozen", False) for part in metas),
        loading=any(part.get("refresh_interval") == "-1" for part in set_up),
        graphs=all(part.get("graphs", True) for part in metas),
    )


def joined(handles: Sequence[IndexHandle]) -> IndexHandle:
    """Several collections as one to search; rescoring is left out where not all of them are of one index type."""
    first = handles[0]
    for other in handles[1:]:
        require_one_pack(first.collection, first.pack, other.collection, other.pack)
    return replace(
        first,
        collection=str(CollectionSet.of(handle.collection for handle in handles)),
        alias=",".join(handle.alias for handle in handles),
        targets=tuple(target for handle in handles for target in handle.targets),
        index=",".join(handle.index for handle in handles),
        index_type=first.index_type if len({handle.index_type for handle in handles}) == 1 else "hnsw",
    )


def common_alias(name: str, first: str) -> str:
    """The alias of all indices of a collection, after its first."""
    return f"{name}.{first.rpartition('-')[2]}"


def own_alias(name: str, index: str) -> str:
    return f"{common_alias(name, index)}.own"


def state_alias(name: str, index: str, state: State) -> str:
    return f"{common_alias(name, index)}.{state}"


def _place(name: str, index: str, description: Mapping[str, Any]) -> tuple[bool, int, str]:
    """The first index is the one that all are named after, the others follow as they were made."""
    further = common_alias(name, index) not in description["aliases"]
    return further, int(description["settings"]["index"]["creation_date"]), index


def _target(name: str, searched: str, index: str, description: Mapping[str, Any]) -> Target:
    """Of several states, which a process may leave that stood still while others went on, the last that is reached."""
    aliases = description["aliases"]
    own = own_alias(name, index)
    reached: list[State] = [state for state in get_args(State) if state_alias(name, index, state) in aliases]
    alias, state = (own, reached[-1]) if own in aliases and reached else (searched, None)
    return Target(alias, description["mappings"]["_meta"].get("routing") == BY_IMAGE, index, state)
