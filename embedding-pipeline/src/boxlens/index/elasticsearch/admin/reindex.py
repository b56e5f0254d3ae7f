"""A collection over to another pack in Elasticsearch: a successor beside it, a pause for writes, one move of the alias.

All in ``_meta`` and aliases, so that any process can go on where another ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from boxlens.domain.collections import PackInfo, successor_of
from boxlens.domain.errors import Conflict, NotFound
from boxlens.index.elasticsearch.admin.collections import REMEMBERED_S, Collections, settings_meta
from boxlens.index.elasticsearch.admin.leftovers import sweep
from boxlens.index.elasticsearch.admin.rollover import Rollover
from boxlens.index.elasticsearch.backing import state_alias
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
    rollover: Rollover

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        """See ports.ObjectIndex."""
        handle = self.collections.changeable(collection)
        name = successor_of(collection)
        sweep(self.client, self.collections, collection)
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

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        """See ports.ObjectIndex."""
        self.collections.changeable(collection)
        if blocked:
            handle = self.rollover.hold(collection)
            with translate_errors(collection):  # answers once every write under way is done
                self.client.indices.add_block(index=",".join(handle.indices), block="write")
        else:
            handle = self.rollover.settled(collection)
            with translate_errors(collection):
                self.client.indices.put_settings(index=handle.indices, settings={"index.blocks.write": None})
            self.rollover.release(collection)

    def switch_alias(self, collection: str) -> None:
        """See ports.ObjectIndex."""
        self.collections.changeable(collection)
        new = self.rollover.hold(successor_of(collection))
        old = self.rollover.hold(collection)
        public, name = self.collections.alias(collection), self.collections.alias(collection)
        takes_new = new.in_state("held")
        assert takes_new is not None
        actions = [{"remove": {"index": index, "alias": public, "must_exist": True}} for index in old.indices]
        for index in new.indices:
            write = {"is_write_index": index == takes_new.index}
            actions.append({"add": {"index": index, "alias": public, **write}})
            actions.append({"remove": {"index": index, "alias": self.collections.alias(successor_of(collection))}})
        actions.append({"remove": {"index": takes_new.index, "alias": state_alias(name, takes_new.index, "held")}})
        actions.append({"add": {"index": takes_new.index, "alias": state_alias(name, takes_new.index, "open")}})
        with translate_errors(collection):
            self.client.indices.update_aliases(actions=actions)
        self.collections.forget(collection)
        self.collections.forget(successor_of(collection))
        time.sleep(GRACE_S)
        with translate_errors(collection):
            self.client.indices.delete(index=old.indices, ignore_unavailable=True)
