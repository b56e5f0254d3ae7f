"""Collections in Elasticsearch: an alias each, over one concrete index whose ``_meta`` names its pack.

Every index also has an alias of its own, ``{prefix}-{collection}.{its mark}``, by which all work with it is done: a
process that still holds an index for the collection's when the collection's alias has moved on reads and writes there,
or nowhere, and never meets vectors of another pack.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from embedding_pipeline.domain import CollectionInfo, CollectionSettings, IndexType, PackInfo
from embedding_pipeline.errors import Conflict, ElasticsearchAway
from embedding_pipeline.queries import apart, together
from embedding_pipeline.settings import IndexSettings
from embedding_pipeline.stores.collection_names import (
    base,
    no_collection,
    require_name,
    require_one_pack,
    require_same_pack,
)
from embedding_pipeline.stores.elastic_bodies import counts_body
from embedding_pipeline.stores.elastic_errors import speaking
from embedding_pipeline.stores.mapping import added_fields, index_body, schema_version

SHARDS_S = 30.0
"""How long a new index may take to answer."""
READ = "*.aliases,*.mappings._meta,*.settings.index.creation_date"
REMEMBERED_S = 5.0
"""How long it is taken as known where an alias leads; another process may move it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A collection that stands: its concrete index, the alias to work with it, when that was made (seconds since 1970,
    by the server's clock), and what ``_meta`` says of it."""

    collection: str
    alias: str
    index: str
    made_s: float
    pack: PackInfo
    index_type: IndexType
    schema: int
    settings: CollectionSettings


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
        require_name(base(collection))
        if self._look_up(collection) is None:
            require_name(collection)  # a successor is made by stage alone
            body = index_body(pack, index_type or self._settings.type, self._settings)
            with speaking(collection):
                try:
                    self.make_index(collection, body)
                except ApiError:  # another may have been first: "more than one write index"
                    if self._look_up(collection) is None:
                        raise
        require_same_pack(collection, self.standing(collection, fresh=True).pack, pack)

    def make_index(self, collection: str, body: dict[str, Any]) -> None:
        """A new index behind the alias of a collection. Raises ApiError when one has it already."""
        mark = uuid.uuid4().hex[:12]
        name = self.alias(base(collection))
        aliases: dict[str, dict[str, Any]] = {self.alias(collection): {"is_write_index": True}, f"{name}.{mark}": {}}
        self._client.indices.create(index=f"{name}-{mark}", aliases=aliases, **body)

    def _await_shards(self, collection: str) -> None:
        """An index that is just being made, by this process or another, may not have its shards yet: until then
        searches are answered 503. Raises ElasticsearchAway when they take longer than SHARDS_S."""
        deadline = time.monotonic() + SHARDS_S
        while True:
            try:
                with speaking(collection):
                    self._client.search(index=self.alias(collection), size=0)
                return
            except ElasticsearchAway as error:
                told = error.__cause__
                late = isinstance(told, ApiError) and told.status_code == 503  # not a refused key, not a lost server
                if not late or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def standing(self, collection: str, *, fresh: bool = False) -> Standing:
        """Of several at once too. Raises NotFound, PackMismatch when several have different packs, or Conflict when the
        index was made by a newer program."""
        if len(names := apart(collection)) > 1:
            return _joined([self.standing(name, fresh=fresh) for name in names])
        with self._lock:
            known = self._known.get(collection)
        now = time.monotonic()  # before it is looked up: what is remembered must not outlast a swap's grace
        if fresh or known is None or known[0] < now:
            found = self._look_up(collection)
            if found is None:
                self.forget(collection)
                raise no_collection(collection)
            if time.time() - found.made_s < SHARDS_S:
                self._await_shards(collection)
            known = (now + REMEMBERED_S, found)
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

    def brought_up(self, collection: str) -> Standing:
        """The collection, ready for documents as this program writes them: an index that an older one made gets the
        fields it lacks. Raises as ``standing``."""
        standing = self.standing(collection, fresh=True)
        if standing.schema < schema_version():
            fields = added_fields(standing.pack, standing.index_type, self._settings)
            self._change(standing, {"schema": schema_version()}, properties=fields)
        return standing

    def forget(self, collection: str) -> None:
        with self._lock:
            for name in apart(collection):
                self._known.pop(name, None)

    def _look_up(self, collection: str) -> Standing | None:
        require_name(base(collection))
        alias = self.alias(collection)
        with speaking(collection):
            try:
                answer = self._client.indices.get(index=alias, filter_path=READ)
            except NotFoundError:
                return None
        for index, told in answer.items():
            if index != alias:
                own = f"{self.alias(base(collection))}.{index.rpartition('-')[2]}"
                way = own if own in told["aliases"] else alias  # an index of an earlier version has none of its own
                made_s = int(told["settings"]["index"]["creation_date"]) / 1000
                return _standing(collection, way, index, made_s, told["mappings"]["_meta"])
        return None

    def names(self) -> list[str]:
        with speaking("*"):
            answer = self._client.indices.get_alias(name=self.alias("*"))
        start = len(self.alias(""))
        found = {alias[start:] for told in answer.values() for alias in told["aliases"]}
        return sorted(name for name in found if "." not in name)

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
            settings=standing.settings,
        )

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        standing = self.standing(collection, fresh=True)
        self._change(standing, {"settings": settings_meta(settings)})
        self.forget(collection)

    def _change(self, standing: Standing, meta: dict[str, Any], **mapping: Any) -> None:
        """Put something on the mapping of an index; what else its ``_meta`` says stays."""
        with speaking(standing.collection):
            told = self._client.indices.get_mapping(index=standing.index)
            whole = told[standing.index]["mappings"]["_meta"] | meta
            self._client.indices.put_mapping(index=standing.index, meta=whole, **mapping)

    def drop(self, collection: str) -> None:
        standing = self.standing(collection, fresh=True)
        self.forget(collection)
        with speaking(collection):
            self._client.indices.delete(index=standing.index)


def _standing(collection: str, alias: str, index: str, made_s: float, meta: dict[str, Any]) -> Standing:
    pack = PackInfo(meta["pack"], meta["pack_revision"], meta.get("vit_dims"), meta.get("clip_dims"))
    settings = CollectionSettings(**meta.get("settings", {}))
    return Standing(collection, alias, index, made_s, pack, meta["index_type"], meta["schema"], settings)


def _joined(standings: Sequence[Standing]) -> Standing:
    """Several collections as one to search; rescoring is left out where not all of them are of one index type."""
    first = standings[0]
    for other in standings[1:]:
        require_one_pack(first.collection, first.pack, other.collection, other.pack)
    return replace(
        first,
        collection=together(s.collection for s in standings),
        alias=",".join(s.alias for s in standings),
        index=",".join(s.index for s in standings),
        index_type=first.index_type if len({s.index_type for s in standings}) == 1 else "hnsw",
    )


def settings_meta(settings: CollectionSettings) -> dict[str, float]:
    """Settings as ``_meta`` holds them: what is left to the server is left out."""
    return {name: value for name, value in asdict(settings).items() if value is not None}


def _moment(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
