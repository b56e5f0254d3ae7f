"""A further index for a collection that has outgrown the one that takes its new images.

Each step may be done twice and by anybody, so that any process goes on where another ended:

1. the further index is made, under a name that follows from that of the full one;
2. one request takes the alias away by which new images go into the full index, and puts the further one behind the
   aliases of the collection: from now on reads and searches know it, and nothing new goes in anywhere;
3. bulk requests that were under way are awaited, and made visible; meanwhile every process has looked again at which
   indices there are;
4. one request opens the further index and says of the other that it is full.

Both requests fail where what they take away is not there any more: another process, a swap or a freeze was first.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Lock
from typing import Any

from elasticsearch import (
    AuthenticationException,
    AuthorizationException,
    BadRequestError,
    Elasticsearch,
    NotFoundError,
)

from boxlens.domain.collections import base
from boxlens.index.elasticsearch.admin.collections import REMEMBERED_S, Collections, further, settings_meta
from boxlens.index.elasticsearch.backing import IndexHandle, own_alias, state_alias
from boxlens.index.elasticsearch.errors import contended_collection, translate_errors, unavailable
from boxlens.index.elasticsearch.routing import State, Target
from boxlens.index.mapping import index_body, mode_settings, without_graphs
from boxlens.settings import IndexSettings

GRACE_S = REMEMBERED_S + 1.0
"""How long every process may go on with the indices that it knows."""

WRITES_S = 120.0
"""How long bulk requests that are under way may take to end."""
_POLL_S = 0.05
_BULK = "indices:data/write/bulk*"
_ATTEMPTS = 20
"""How often a collection is looked at again that others change meanwhile."""


class Rollover:
    """Carries collections over into further indices, and keeps them from it."""

    def __init__(self, client: Elasticsearch, settings: IndexSettings, collections: Collections) -> None:
        self._client = client
        self._settings = settings
        self._collections = collections
        self._lock = Lock()

    def allowed(self, collection: str) -> bool:
        """Whether the key may see what is under way (privilege ``monitor``), without which nothing is carried over."""
        with translate_errors(collection):
            try:
                self._under_way()
            except (AuthenticationException, AuthorizationException):
                return False
        return True

    def begin(self, collection: str, full: Target) -> None:
        """From here on new images wait for a further index. Nothing happens where the index is not open any more."""
        handle = self._collections.handle(collection, fresh=True)
        if full not in handle.targets:
            return
        with translate_errors(collection):
            self._make_further(handle, full.index)
            self._join(handle, full.index)
        self._collections.forget(collection)

    def settled(self, collection: str) -> IndexHandle:
        """The collection as it is now and not amid a rollover: one that was begun is ended here. Raises NotFound,
        ElasticsearchAway."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                handle = self._collections.with_states(self._collections.handle(collection, fresh=True))
                closing = handle.in_state("closing")
                if closing is None:
                    return handle
                self._end(handle, closing.index)
        raise contended_collection(collection)

    def hold(self, collection: str) -> IndexHandle:
        """The collection, into which no new images go until ``release``, and which is not carried over."""
        for _ in range(_ATTEMPTS):
            handle = self.settled(collection)
            opened = handle.in_state("open")
            if opened is None:
                return handle
            self._move(handle, opened.index, "open", "held")
        raise contended_collection(collection)

    def release(self, collection: str) -> None:
        """New images go in again."""
        handle = self._collections.handle(collection, fresh=True)
        held = handle.in_state("held")
        if held is not None:
            self._move(handle, held.index, "held", "open")

    def _make_further(self, handle: IndexHandle, full: str) -> None:
        body = index_body(
            handle.pack,
            handle.index_type,
            self._settings.model_copy(update={"shards": handle.shards, "replicas": handle.replicas}),
        )
        body["mappings"]["_meta"]["settings"] = settings_meta(handle.settings)
        if handle.loading:
            body = without_graphs(body)
            body["settings"]["index"] |= mode_settings(loading=True)["index"]
        name, index = self._name(handle), further(full)
        aliases: dict[str, dict[str, Any]] = {own_alias(name, index): {}, state_alias(name, index, "new"): {}}
        try:
            self._client.indices.create(index=index, aliases=aliases, **body)
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
            # whoever made it may have done so in a load that has ended since
            self._client.indices.put_settings(index=index, settings=mode_settings(loading=handle.loading))

    def _join(self, handle: IndexHandle, full: str) -> None:
        name, index, public = self._name(handle), further(full), self._collections.alias(handle.collection)
        try:
            self._client.indices.update_aliases(
                actions=[
                    *_moved(name, full, "open", "closing"),
                    # a swap may just have moved it to another alias
                    {"remove": {"index": full, "alias": public, "must_exist": True}},
                    {"add": {"index": full, "alias": public, "is_write_index": True}},
                    {"add": {"index": index, "alias": public, "is_write_index": False}},
                    {"add": {"index": index, "alias": handle.alias}},
                ]
            )
        except NotFoundError:
            if not self._client.indices.exists(index=full):  # the collection was dropped meanwhile
                self._client.indices.delete(index=index, ignore_unavailable=True)

    def _end(self, handle: IndexHandle, closing: str) -> None:
        name, public = self._name(handle), self._collections.alias(handle.collection)
        index = further(closing)
        time.sleep(GRACE_S)
        with translate_errors(handle.collection):
            self._await_writes()
            with suppress(NotFoundError):
                self._client.indices.refresh(index=handle.alias)
                self._client.indices.update_aliases(
                    actions=[
                        *_moved(name, closing, "closing", "full"),
                        *_moved(name, index, "new", "open"),
                        {"add": {"index": closing, "alias": public, "is_write_index": False}},
                        {"add": {"index": index, "alias": public, "is_write_index": True}},
                    ]
                )
        self._collections.forget(handle.collection)

    def _await_writes(self) -> None:
        """Until every bulk request that is under way now has ended. Raises ElasticsearchAway."""
        give_up = time.monotonic() + WRITES_S
        waiting = self._under_way()
        while waiting is None or waiting:
            if time.monotonic() > give_up:
                raise unavailable(f"Elasticsearch has had bulk requests under way for {WRITES_S:.0f} seconds.")
            time.sleep(_POLL_S)
            under_way = self._under_way()
            if under_way is not None:
                waiting = under_way if waiting is None else waiting & under_way

    def _under_way(self) -> set[str] | None:
        """The bulk requests that the nodes work on; None where not every node tells."""
        # asked by its path: the client warns that 8.x calls the way to tasks a preview
        answer = self._client.perform_request("GET", f"/_tasks?actions={_BULK}", headers={"accept": "application/json"})
        if answer.get("node_failures"):
            return None
        return {task for node in answer.get("nodes", {}).values() for task in node["tasks"]}

    def _move(self, handle: IndexHandle, index: str, before: State, after: State) -> None:
        """One state of an index for another, unless it is in a third by now."""
        with translate_errors(handle.collection), suppress(NotFoundError):
            self._client.indices.update_aliases(actions=_moved(self._name(handle), index, before, after))
        self._collections.forget(handle.collection)

    def _name(self, handle: IndexHandle) -> str:
        return self._collections.alias(base(handle.collection))


def _moved(name: str, index: str, before: State, after: State) -> list[dict[str, Any]]:
    return [
        {"remove": {"index": index, "alias": state_alias(name, index, before), "must_exist": True}},
        {"add": {"index": index, "alias": state_alias(name, index, after)}},
    ]
