"""A collection that takes no more changes: its indices refuse writes, their ``_meta`` says why, segments are merged.

First the index that is open is held, so that no rollover makes another that is not frozen; then comes the block, and
the word after it. It is thawed in the order of block, word and hold: so whoever is killed in between leaves a
collection that the same call repairs.
"""

from __future__ import annotations

from dataclasses import dataclass

from elasticsearch import Elasticsearch

from boxlens.domain.collections import successor_of
from boxlens.domain.errors import Conflict, NotFound
from boxlens.index.elasticsearch.admin.collections import Collections
from boxlens.index.elasticsearch.admin.rollover import Rollover
from boxlens.index.elasticsearch.errors import translate_errors
from boxlens.index.elasticsearch.writing.segments import merge_segments
from boxlens.index.mapping import mode_settings


@dataclass(frozen=True, slots=True)
class Freezing:
    """Freezes and thaws collections; see ``ports.IndexAdmin``."""

    client: Elasticsearch
    collections: Collections
    rollover: Rollover

    def freeze(self, collection: str, *, wait: bool) -> None:
        self._require_no_swap(collection)
        handle = self.rollover.hold(collection)
        with translate_errors(collection):
            self.client.indices.put_settings(index=handle.indices, settings=mode_settings(loading=False))
            block = ",".join(handle.indices)
            self.client.indices.add_block(index=block, block="write")  # answers when no write is under way
            self.client.indices.refresh(index=handle.alias)
        if not handle.graphs:  # the load that was to give them was killed
            self.collections.give_graphs(handle)
        self.collections.change(handle, {"frozen": True})
        self.collections.forget(collection)
        with translate_errors(collection):
            for index in handle.indices:
                merge_segments(self.client, index, wait=wait)

    def thaw(self, collection: str) -> None:
        handle = self.collections.handle(collection, fresh=True)
        with translate_errors(collection):
            self.client.indices.put_settings(index=handle.indices, settings={"index.blocks.write": None})
        self.collections.change(handle, {"frozen": False})
        self.collections.forget(collection)
        self.rollover.release(collection)

    def _require_no_swap(self, collection: str) -> None:
        try:
            self.collections.handle(successor_of(collection), fresh=True)
        except NotFound:
            return
        raise Conflict(
            f"Collection {collection!r} is moving to another pack.",
            hint=f"End the swap, or give it up: boxlens collections swap {collection} --discard",
        )
