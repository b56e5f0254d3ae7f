"""A collection that takes no more changes: its index refuses writes, its ``_meta`` says why, its segments are merged.

The block comes first and the word after it, the other way round when it is thawed: so whoever is killed in between
leaves a collection that the same call repairs.
"""

from __future__ import annotations

from dataclasses import dataclass

from elasticsearch import Elasticsearch

from boxlens.domain.collections import successor_of
from boxlens.domain.errors import Conflict, NotFound
from boxlens.index.elasticsearch.admin.collections import Collections
from boxlens.index.elasticsearch.errors import translate_errors
from boxlens.index.elasticsearch.writing.segments import merge_segments
from boxlens.index.mapping import mode_settings


@dataclass(frozen=True, slots=True)
class Freezing:
    """Freezes and thaws collections; see ``ports.IndexAdmin``."""

    client: Elasticsearch
    collections: Collections

    def freeze(self, collection: str, *, wait: bool) -> None:
        self._require_no_swap(collection)
        handle = self.collections.handle(collection, fresh=True)
        with translate_errors(collection):
            self.client.indices.put_settings(index=handle.index, settings=mode_settings(loading=False))
            self.client.indices.add_block(index=handle.index, block="write")  # answers when no write is under way
            self.client.indices.refresh(index=handle.index)
        if not handle.graphs:  # the load that was to give them was killed
            self.collections.give_graphs(handle)
        self.collections.change(handle, {"frozen": True})
        self.collections.forget(collection)
        with translate_errors(collection):
            merge_segments(self.client, handle.index, wait=wait)

    def thaw(self, collection: str) -> None:
        handle = self.collections.handle(collection, fresh=True)
        with translate_errors(collection):
            self.client.indices.put_settings(index=handle.index, settings={"index.blocks.write": None})
        self.collections.change(handle, {"frozen": False})
        self.collections.forget(collection)

    def _require_no_swap(self, collection: str) -> None:
        try:
            self.collections.handle(successor_of(collection), fresh=True)
        except NotFound:
            return
        raise Conflict(
            f"Collection {collection!r} is moving to another pack.",
            hint=f"End the swap, or give it up: boxlens collections swap {collection} --discard",
        )
