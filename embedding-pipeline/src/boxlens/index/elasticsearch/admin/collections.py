"""Collections in Elasticsearch: an alias each, over the indices that it stands in (``backing.py``), whose ``_meta``
names its pack."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from boxlens.domain.answers.partial import partial_answers
from boxlens.domain.collections import (
    CollectionInfo,
    CollectionSet,
    CollectionSettings,
    IndexType,
    PackInfo,
    base,
)
from boxlens.domain.errors import Conflict, ElasticsearchAway
from boxlens.domain.share_out import Layout, share_out
from boxlens.index.elasticsearch.admin.machines import machines
from boxlens.index.elasticsearch.asking import ask
from boxlens.index.elasticsearch.backing import (
    READ,
    IndexHandle,
    common_alias,
    handle_of,
    joined,
    own_alias,
    state_alias,
)
from boxlens.index.elasticsearch.errors import translate_errors
from boxlens.index.elasticsearch.queries import counts_body
from boxlens.index.mapping import VECTOR_FIELDS, added_fields, index_body, schema_version, without_graphs
from boxlens.index.names import no_collection, require_name, require_same_pack
from boxlens.settings import IndexSettings

SHARDS_S = 30.0
"""How long a new index may take to answer."""
REMEMBERED_S = 5.0
"""How long it is taken as known where an alias leads; another process may move it."""


class Collections:
    """Makes, finds and drops collections."""

    def __init__(self, client: Elasticsearch, settings: IndexSettings, prefix: str) -> None:
        self._client = client
        self._settings = settings
        self._prefix = prefix
        self._cache: dict[str, tuple[float, IndexHandle]] = {}
        self._lock = Lock()

    def alias(self, collection: str) -> str:
        return f"{self._prefix}-{collection}"

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None, layout: Layout) -> None:
        """Of several that create at once one makes the index: an alias may have one write index only, and the
        server checks that together with the creation."""
        require_name(base(collection))
        if (standing := self._look_up(collection)) is not None:
            require_same_pack(collection, standing.pack, pack)
            self._lay_out(standing, layout)
        else:
            require_name(collection)  # a successor is made by stage alone
            kind = index_type or self._settings.type
            body = index_body(pack, kind, self._laid_out(pack, kind, layout))
            with translate_errors(collection):
                try:
                    self.make_index(collection, body)
                except ApiError:  # another may have been first: "more than one write index"
                    if self._look_up(collection) is None:
                        raise
        require_same_pack(collection, self.handle(collection, fresh=True).pack, pack)

    def _laid_out(self, pack: PackInfo, index_type: IndexType, layout: Layout) -> IndexSettings:
        """The settings with shards and copies: as they are given, else as set, else by the rule."""
        shards = layout.shards or self._settings.shards
        replicas = self._settings.replicas if layout.replicas is None else layout.replicas
        if shards is None or replicas is None:
            with translate_errors("*"):
                there = machines(self._client)
            dims = pack.vit_dims or 0, pack.clip_dims or 0
            rule = share_out(layout.expected or 0, *dims, index_type, self._settings.m, there)
            shards = shards or rule.shards
            replicas = rule.replicas if replicas is None else replicas
        return self._settings.model_copy(update={"shards": shards, "replicas": replicas})

    def _lay_out(self, handle: IndexHandle, layout: Layout) -> None:
        """Copies can be made and dropped at any time, shards stay as they are. Raises Conflict for other shards."""
        if layout.shards not in (None, handle.shards):
            raise Conflict(
                f"Collection {handle.collection!r} was made with {handle.shards} shards, which cannot be changed.",
                hint="Make another with as many as are needed, and take the pictures in there.",
                place="shards",
            )
        if layout.replicas not in (None, handle.replicas):
            with translate_errors(handle.collection):
                self._client.indices.put_settings(
                    index=handle.indices, settings={"index.number_of_replicas": layout.replicas}
                )

    def make_index(self, collection: str, body: dict[str, Any]) -> None:
        """A new index behind the alias of a collection. Raises ApiError when one has it already."""
        mark = uuid.uuid4().hex[:12]
        name = self.alias(base(collection))
        index = f"{name}-{mark}"
        aliases: dict[str, dict[str, Any]] = {self.alias(collection): {"is_write_index": True}}
        aliases |= {alias: {} for alias in _aliases(name, index)}
        self._client.indices.create(index=index, aliases=aliases, **without_graphs(body))

    def _await_shards(self, handle: IndexHandle) -> None:
        """An index that is just being made, by this process or another, may not have its shards yet: until then
        searches are answered 503. When they have not come SHARDS_S after it was made, it is for the requests that
        follow to say so."""
        while time.time() - handle.made_s < SHARDS_S:
            try:
                with translate_errors(handle.collection):
                    self._client.search(index=handle.alias, size=0, allow_partial_search_results=False)
                return
            except ElasticsearchAway as error:
                cause = error.__cause__
                if not (isinstance(cause, ApiError) and cause.status_code == 503):  # a refused key, a lost server
                    raise
                time.sleep(0.1)

    def handle(self, collection: str | CollectionSet, *, fresh: bool = False) -> IndexHandle:
        """Of several at once too. Raises NotFound, PackMismatch when several have different packs, or Conflict when the
        index was made by a newer program."""
        names = CollectionSet.of(collection).names
        if len(names) > 1:
            return joined([self.handle(name, fresh=fresh) for name in names])
        return self._handle_of(names[0], fresh=fresh)

    def _handle_of(self, collection: str, *, fresh: bool) -> IndexHandle:
        with self._lock:
            cached = self._cache.get(collection)
        now = time.monotonic()  # before it is looked up: what is remembered must not outlast a swap's grace
        if fresh or cached is None or cached[0] < now:
            current = self._look_up(collection)
            if current is None:
                self.forget(collection)
                raise no_collection(collection)
            self._await_shards(current)
            cached = (now + REMEMBERED_S, current)
            with self._lock:
                self._cache[collection] = cached
        handle = cached[1]
        if handle.schema > schema_version():
            raise Conflict(
                f"Collection {collection!r} was made by a newer Boxlens (schema {handle.schema}, this program knows "
                f"{schema_version()}).",
                hint="Update Boxlens, or make a new collection.",
            )
        return handle

    def changeable(self, collection: str) -> IndexHandle:
        """The collection as it is now, where it may be changed. Raises as ``handle``, and Frozen."""
        handle = self.handle(collection, fresh=True)
        handle.setup.require_thawed(collection)
        return handle

    def migrated(self, collection: str) -> IndexHandle:
        """The collection, ready for documents as this program writes them: an index that an older one made gets the
        aliases and the fields it lacks. Raises as ``changeable``."""
        handle = self.with_states(self.changeable(collection))
        if handle.schema < schema_version():
            fields = added_fields(handle.pack, handle.index_type, self._settings)
            self.change(handle, {"schema": schema_version()}, properties=fields)
        return handle

    def with_states(self, handle: IndexHandle) -> IndexHandle:
        """The same collection, whose index says by an alias what it is for."""
        if handle.in_state(None) is None:
            return handle
        name, index = self.alias(base(handle.collection)), handle.index
        with translate_errors(handle.collection):
            self._client.indices.update_aliases(
                actions=[{"add": {"index": index, "alias": alias}} for alias in _aliases(name, index)]
            )
        return self.handle(handle.collection, fresh=True)

    def forget(self, collection: str | CollectionSet) -> None:
        with self._lock:
            for name in CollectionSet.of(collection).names:
                self._cache.pop(name, None)

    def _look_up(self, collection: str) -> IndexHandle | None:
        require_name(base(collection))
        alias = self.alias(collection)
        with translate_errors(collection):
            try:
                answer = self._client.indices.get(index=alias, filter_path=READ)
            except NotFoundError:
                return None
        described = {index: description for index, description in answer.items() if index != alias}
        return handle_of(collection, alias, self.alias(base(collection)), described) if described else None

    def names(self) -> list[str]:
        with translate_errors("*"):
            answer = self._client.indices.get_alias(name=self.alias("*"))
        start = len(self.alias(""))
        aliases = {alias[start:] for description in answer.values() for alias in description["aliases"]}
        return sorted(name for name in aliases if "." not in name)

    def info(self, collection: str | CollectionSet) -> CollectionInfo:
        handle = self.handle(collection, fresh=True)
        with partial_answers():  # a collection that lost a shard is listed with what is left of it
            answer = ask(self._client, handle.alias, collection, counts_body())
        with translate_errors(collection):
            stats = self._client.indices.stats(index=handle.alias, metric="store")
        kinds = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["kinds"]["buckets"]}
        return CollectionInfo(
            name=str(collection),
            pack=handle.pack.name,
            pack_revision=handle.pack.revision,
            index=handle.index,
            index_type=handle.index_type,
            images=kinds.get("frame", 0),
            objects=kinds.get("object", 0),
            size_bytes=stats["_all"]["total"]["store"]["size_in_bytes"],
            last_change=_moment(answer["aggregations"]["last_change"].get("value")),
            settings=handle.settings,
            shards=handle.shards,
            replicas=handle.replicas,
            frozen=handle.frozen,
            indices=len(handle.targets),
        )

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        handle = self.handle(collection, fresh=True)
        self.change(handle, {"settings": settings_meta(settings)})
        self.forget(collection)

    def change(self, handle: IndexHandle, meta: dict[str, Any], **mapping: Any) -> None:
        """Put something on those mappings of a collection that do not say so yet; what else ``_meta`` says stays."""
        with translate_errors(handle.collection):
            mappings = self._client.indices.get_mapping(index=handle.indices)
            for index in handle.indices:
                before = mappings[index]["mappings"]["_meta"]
                if not meta.items() <= ({"graphs": True} | before).items():
                    self._client.indices.put_mapping(index=index, meta=before | meta, **mapping)

    def give_graphs(self, handle: IndexHandle) -> None:
        """From now on each new segment gets graphs, those that stand when they are merged."""
        fields = index_body(handle.pack, handle.index_type, self._settings)["mappings"]["properties"]
        vectors = {name: fields[name] for name in VECTOR_FIELDS if name in fields}
        self.change(handle, {"graphs": True}, properties=vectors)
        self.forget(handle.collection)

    def drop(self, collection: str) -> None:
        """Raises NotFound, Frozen. An index that a rollover is just making goes with the others."""
        handle = self.changeable(collection)
        left: IndexHandle | None = handle
        while left is not None and left.index == handle.index:
            self.forget(collection)
            indices = [*left.indices, *map(further, left.indices)]
            with translate_errors(collection):
                self._client.indices.delete(index=indices, ignore_unavailable=True)
            left = self._look_up(collection)


def further(index: str) -> str:
    """The name of the index that follows one: whoever makes it makes the same."""
    stem, _, _ = index.rpartition("-")
    return f"{stem}-{uuid.uuid5(uuid.NAMESPACE_URL, index).hex[:12]}"


def _aliases(name: str, index: str) -> list[str]:
    """Those that the first index of a collection has beside the collection's."""
    return [common_alias(name, index), own_alias(name, index), state_alias(name, index, "open")]


def settings_meta(settings: CollectionSettings) -> dict[str, float | bool]:
    """Settings as ``_meta`` holds them: what is left to the server is left out."""
    return {name: value for name, value in asdict(settings).items() if value is not None}


def _moment(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
