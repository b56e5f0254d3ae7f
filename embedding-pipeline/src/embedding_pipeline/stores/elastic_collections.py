"""Collections in Elasticsearch: an alias each, over one concrete index whose ``_meta`` names its pack."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from embedding_pipeline.domain import CollectionInfo, IndexType, PackInfo
from embedding_pipeline.errors import Conflict, ElasticsearchAway
from embedding_pipeline.settings import IndexSettings
from embedding_pipeline.stores.collection_names import no_collection, require_name, require_same_pack
from embedding_pipeline.stores.elastic_bodies import counts_body
from embedding_pipeline.stores.elastic_errors import speaking
from embedding_pipeline.stores.mapping import index_body, schema_version

SHARDS_S = 30.0
REMEMBERED_S = 5.0
"""How long it is taken as known where an alias leads; another process may move it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A collection that stands: its concrete index and what ``_meta`` says of it."""

    collection: str
    alias: str
    index: str
    pack: PackInfo
    index_type: IndexType
    schema: int


class Collections:
    """Makes, finds and drops collections."""

    def __init__(self, client: Elasticsearch, settings: IndexSettings, prefix: str) -> None:
        self._client = client
        self._settings = settings
        self._prefix = prefix
        self._known: dict[str, tuple[float, Standing]] = {}
        self._lock = Lock()

    def alias(self, collection: str) -> str:
        return f"{self._prefix}-{collection}"

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None) -> None:
        """Of several that create at once one makes the index: an alias may have one write index only, and the
        server checks that together with the creation."""
        require_name(collection)
        if self._look_up(collection) is None:
            body = index_body(pack, index_type or self._settings.type, self._settings)
            index = f"{self.alias(collection)}-{uuid.uuid4().hex[:12]}"
            with speaking(collection):
                try:
                    aliases = {self.alias(collection): {"is_write_index": True}}
                    self._client.indices.create(index=index, aliases=aliases, **body)
                except ApiError:  # another may have been first: "more than one write index"
                    if self._look_up(collection) is None:
                        raise
        self._await_shards(collection)
        require_same_pack(collection, self.standing(collection, fresh=True).pack, pack)

    def _await_shards(self, collection: str) -> None:
        """The index of another maker may not have its shards yet: until then searches are answered 503."""
        deadline = time.monotonic() + SHARDS_S
        while True:
            try:
                with speaking(collection):
                    self._client.search(index=self.alias(collection), size=0)
                return
            except ElasticsearchAway:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def standing(self, collection: str, *, fresh: bool = False) -> Standing:
        """Raises NotFound, or Conflict when the index was made by a newer program."""
        with self._lock:
            known = self._known.get(collection)
        if fresh or known is None or known[0] < time.monotonic():
            found = self._look_up(collection)
            if found is None:
                self.forget(collection)
                raise no_collection(collection)
            known = (time.monotonic() + REMEMBERED_S, found)
            with self._lock:
                self._known[collection] = known
        standing = known[1]
        if standing.schema > schema_version():
            raise Conflict(
                f"Collection {collection!r} was made by a newer Boxlens (schema {standing.schema}, this program knows "
                f"{schema_version()}).",
                hint="Update Boxlens, or make a new collection.",
            )
        return standing

    def forget(self, collection: str) -> None:
        with self._lock:
            self._known.pop(collection, None)

    def _look_up(self, collection: str) -> Standing | None:
        require_name(collection)
        alias = self.alias(collection)
        with speaking(collection):
            try:
                answer = self._client.indices.get_mapping(index=alias, filter_path="*.mappings._meta")
            except NotFoundError:
                return None
        for index, told in answer.items():
            if index != alias:
                return _standing(collection, alias, index, told["mappings"]["_meta"])
        return None

    def names(self) -> list[str]:
        with speaking("*"):
            answer = self._client.indices.get_alias(name=self.alias("*"))
        start = len(self.alias(""))
        found = {alias[start:] for told in answer.values() for alias in told["aliases"]}
        return sorted(found)

    def info(self, collection: str) -> CollectionInfo:
        standing = self.standing(collection, fresh=True)
        with speaking(collection):
            answer = self._client.search(index=standing.alias, body=counts_body())
            stats = self._client.indices.stats(index=standing.alias, metric="store")
        kinds = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["kinds"]["buckets"]}
        return CollectionInfo(
            name=collection,
            pack=standing.pack.name,
            pack_revision=standing.pack.revision,
            index=standing.index,
            index_type=standing.index_type,
            images=kinds.get("frame", 0),
            objects=kinds.get("object", 0),
            size_bytes=stats["_all"]["total"]["store"]["size_in_bytes"],
            last_change=_moment(answer["aggregations"]["last_change"].get("value")),
        )

    def drop(self, collection: str) -> None:
        standing = self.standing(collection, fresh=True)
        self.forget(collection)
        with speaking(collection):
            self._client.indices.delete(index=standing.index)


def _standing(collection: str, alias: str, index: str, meta: dict[str, Any]) -> Standing:
    pack = PackInfo(meta["pack"], meta["pack_revision"], meta.get("vit_dims"), meta.get("clip_dims"))
    return Standing(collection, alias, index, pack, meta["index_type"], meta["schema"])


def _moment(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
