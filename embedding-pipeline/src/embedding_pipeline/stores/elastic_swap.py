"""A collection over to another pack in Elasticsearch: a successor beside it, a pause for writes, one move of the alias.

All in ``_meta`` and aliases, so that any process can go on where another ended.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from embedding_pipeline.domain import PackInfo
from embedding_pipeline.errors import Conflict, NotFound
from embedding_pipeline.settings import IndexSettings
from embedding_pipeline.stores.collection_names import staged
from embedding_pipeline.stores.elastic_collections import REMEMBERED_S, Collections, settings_meta
from embedding_pipeline.stores.elastic_errors import speaking
from embedding_pipeline.stores.mapping import index_body

GRACE_S = REMEMBERED_S + 1.0
"""How long the old index stays after the move: other processes may take it for the collection's until then."""


@dataclass(frozen=True, slots=True)
class Swaps:
    """Makes successors and puts them in place."""

    client: Elasticsearch
    settings: IndexSettings
    collections: Collections

    def stage(self, collection: str, pack: PackInfo) -> str:
        """See ports.ObjectIndex."""
        standing = self.collections.standing(collection, fresh=True)
        name = staged(collection)
        self._sweep(collection)
        try:
            there = self.collections.standing(name, fresh=True)
        except NotFound:
            body = index_body(pack, standing.index_type, self.settings)
            body["mappings"]["_meta"]["settings"] = settings_meta(standing.settings)
            with speaking(collection):
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
        with speaking(collection):
            found = self.client.indices.get_alias(index=f"{alias}-*")
            for index, told in found.items():
                ours = re.fullmatch(re.escape(alias) + r"-([0-9a-f]{12})", index)
                if ours and set(told["aliases"]) == {f"{alias}.{ours[1]}"}:
                    self.client.indices.delete(index=index)

    def seal(self, collection: str, *, sealed: bool) -> None:
        """See ports.ObjectIndex."""
        index = self.collections.standing(collection, fresh=True).index
        with speaking(collection):
            if sealed:  # answers once every write under way is done
                self.client.indices.add_block(index=index, block="write")
            else:
                self.client.indices.put_settings(index=index, settings={"index.blocks.write": None})

    def promote(self, collection: str) -> None:
        """See ports.ObjectIndex."""
        old = self.collections.standing(collection, fresh=True)
        new = self.collections.standing(staged(collection), fresh=True)
        public = self.collections.alias(collection)
        with speaking(collection):
            self.client.indices.update_aliases(
                actions=[
                    {"remove": {"index": old.index, "alias": public}},
                    {"add": {"index": new.index, "alias": public, "is_write_index": True}},
                    {"remove": {"index": new.index, "alias": self.collections.alias(staged(collection))}},
                ]
            )
        self.collections.forget(collection)
        self.collections.forget(staged(collection))
        time.sleep(GRACE_S)
        with speaking(collection):
            self.client.indices.delete(index=old.index, ignore_unavailable=True)
