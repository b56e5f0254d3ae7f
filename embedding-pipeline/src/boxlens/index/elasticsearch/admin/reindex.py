"""A collection over to another pack in Elasticsearch: a successor beside it, a pause for writes, one move of the alias.

All in ``_meta`` and aliases, so that any process can go on where another ended.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from boxlens.domain.collections import PackInfo, successor_of
from boxlens.domain.errors import Conflict, NotFound
from boxlens.index.elasticsearch.admin.collections import REMEMBERED_S, Collections, settings_meta
from boxlens.index.elasticsearch.errors import translate_errors
from boxlens.index.mapping import index_body
from boxlens.settings import IndexSettings

GRACE_S = REMEMBERED_S + 1.0
"""How long the old index stays after the move: other processes may take it for the collection's until then."""


@dataclass(frozen=True, slots=True)
class Successors:
    """Makes successors and puts them in place."""

    client: Elasticsearch
    settings: IndexSettings
    collections: Collections

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        """See ports.ObjectIndex."""
        handle = self.collections.changeable(collection)
        name = successor_of(collection)
        self._sweep(collection)
        try:
            there = self.collections.handle(name, fresh=True)
        except NotFound:
            layout = {"shards": handle.shards, "replicas": handle.replicas}
            body = index_body(pack, handle.index_type, self.settings.model_copy(update=layout))
            body["mappings"]["_meta"]["settings"] = settings_meta(handle.settings)
            with translate_errors(collection):
                self.collections.make_index(name, body)
            return name
        if there.pack != pack:
            raise Conflict(
                f"A swap of {collection!r} to pack {there.pack.name} {there.pack.revision} was begun and not ended.",
                hint=f"End it: boxlens collections swap {collection} --pack {there.pack.name}; or give it up: "
                f"boxlens collections swap {collection} --discard",
            )
        return name

    def _sweep(self, collection: str) -> None:
        """Delete what a swap that was killed after its move left: an index without the alias of any collection."""
        alias = self.collections.alias(collection)
        with translate_errors(collection):
            indices = self.client.indices.get_alias(index=f"{alias}-*")
            for index, description in indices.items():
                ours = re.fullmatch(re.escape(alias) + r"-([0-9a-f]{12})", index)
                if ours and set(description["aliases"]) == {f"{alias}.{ours[1]}"}:
                    self.client.indices.delete(index=index)

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        """See ports.ObjectIndex."""
        index = self.collections.changeable(collection).index
        with translate_errors(collection):
            if blocked:  # answers once every write under way is done
                self.client.indices.add_block(index=index, block="write")
            else:
                self.client.indices.put_settings(index=index, settings={"index.blocks.write": None})

    def switch_alias(self, collection: str) -> None:
        """See ports.ObjectIndex."""
        old = self.collections.changeable(collection)
        new = self.collections.handle(successor_of(collection), fresh=True)
        public = self.collections.alias(collection)
        with translate_errors(collection):
            self.client.indices.update_aliases(
                actions=[
                    {"remove": {"index": old.index, "alias": public}},
                    {"add": {"index": new.index, "alias": public, "is_write_index": True}},
                    {"remove": {"index": new.index, "alias": self.collections.alias(successor_of(collection))}},
                ]
            )
        self.collections.forget(collection)
        self.collections.forget(successor_of(collection))
        time.sleep(GRACE_S)
        with translate_errors(collection):
            self.client.indices.delete(index=old.index, ignore_unavailable=True)
