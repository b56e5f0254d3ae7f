"""ObjectIndex over Elasticsearch 8.19: any distribution, the embedded one included. Core APIs only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Literal

from elasticsearch import Elasticsearch

from embedding_pipeline.domain import (
    CollectionInfo,
    CollectionSettings,
    CollectionSetup,
    IndexedObject,
    IndexType,
    ItemResult,
    PackInfo,
    Vector,
    object_id,
)
from embedding_pipeline.errors import BoxlensError
from embedding_pipeline.queries import BY_RELEVANCE, Filter, RankedObject, Sort, VectorQuery, WordQuery
from embedding_pipeline.settings import IndexSettings
from embedding_pipeline.stores import elastic_bodies as bodies
from embedding_pipeline.stores import elastic_reads as reads
from embedding_pipeline.stores.collection_names import base, require_same_pack, staged
from embedding_pipeline.stores.elastic_answers import listed, ranked
from embedding_pipeline.stores.elastic_bulk import Action, Outcome, Patience, action, send
from embedding_pipeline.stores.elastic_collections import Collections, Standing
from embedding_pipeline.stores.elastic_documents import annotation, from_source, now
from embedding_pipeline.stores.elastic_errors import away, disk_full, speaking, understood_answer
from embedding_pipeline.stores.elastic_renewal import AT_ONCE, LACKING, additions
from embedding_pipeline.stores.elastic_swap import Swaps
from embedding_pipeline.stores.elastic_writer import Writer
from embedding_pipeline.stores.mapping import mode_settings
from embedding_pipeline.stores.object_checks import annotated, no_image, require_query


class ElasticIndex:
    """Stored objects in Elasticsearch; see ports.ObjectIndex for what each call promises.

    Reads by id are real-time. Searches see what was refreshed; ``annotate`` and ``delete_image`` refresh by
    themselves, because a person is waiting to see them done.
    """

    def __init__(
        self,
        client: Elasticsearch,
        settings: IndexSettings | None = None,
        *,
        prefix: str = "boxlens",
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._patience = patience or Patience()
        self._collections = Collections(client, settings or IndexSettings(), prefix)
        self._swaps = Swaps(client, settings or IndexSettings(), self._collections)
        self._all_visible: set[str] = set()
        self._lock = Lock()

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None = None) -> CollectionInfo:
        self._collections.create(collection, pack, index_type)
        return self.info(collection)

    def collections(self) -> list[CollectionInfo]:
        return [self._collections.info(name) for name in self._collections.names()]

    def info(self, collection: str) -> CollectionInfo:
        return self._collections.info(collection)

    def drop(self, collection: str) -> None:
        self._collections.drop(collection)

    def check_pack(self, collection: str, pack: PackInfo) -> None:
        require_same_pack(collection, self._collections.standing(collection, fresh=True).pack, pack)

    def setup(self, collection: str, *, fresh: bool = False) -> CollectionSetup:
        standing = self._collections.standing(collection, fresh=fresh)
        return CollectionSetup(standing.pack, standing.settings)

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        self._collections.configure(collection, settings)

    def stage(self, collection: str, pack: PackInfo) -> str:
        return self._swaps.stage(collection, pack)

    def unstage(self, collection: str) -> None:
        self._collections.drop(staged(collection))

    def seal(self, collection: str, *, sealed: bool) -> None:
        self._swaps.seal(collection, sealed=sealed)

    def promote(self, collection: str) -> None:
        self._swaps.promote(collection)

    def write(self, collection: str, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        standing = self._collections.brought_up(collection)
        self._make_visible(standing)
        whole = False
        try:
            name = base(collection)
            yield from Writer(self._client, standing.alias, name, standing.pack, self._patience).write(objects)
            whole = True
        finally:
            if not whole:  # documents may lie there that no frame tells of: the next write must see them
                with self._lock:
                    self._all_visible.discard(standing.index)

    def _make_visible(self, standing: Standing) -> None:
        """Once per index: what a killed writer left behind without a frame can only be found by a search."""
        with self._lock:
            if standing.index in self._all_visible:
                return
        self.refresh(standing.collection)
        with self._lock:
            self._all_visible.add(standing.index)

    def refresh(self, collection: str) -> None:
        standing = self._collections.standing(collection)
        with speaking(collection):
            self._client.indices.refresh(index=standing.alias)

    def serving(self, collection: str, *, loading: bool) -> None:
        standing = self._collections.standing(collection)
        with speaking(collection):
            self._client.indices.put_settings(index=standing.index, settings=mode_settings(loading=loading))
            if not loading:
                self._client.indices.refresh(index=standing.index)

    def stored(self, collection: str, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        frames = self.objects(collection, [object_id(image_id, 0) for image_id in image_ids])
        return {frame.image.image_id: frame for frame in frames}

    def image(self, collection: str, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        standing = self._collections.standing(collection)
        facts = reads.frame_facts(self._client, standing.alias, collection, [image_id])
        if image_id not in facts:
            raise no_image(image_id)
        return self.objects(collection, reads.numbered(image_id, facts[image_id]), vectors=vectors)

    def objects(self, collection: str, object_ids: Sequence[str], *, vectors: bool = False) -> list[IndexedObject]:
        standing = self._collections.standing(collection)
        found = reads.sources(self._client, standing.alias, collection, object_ids, vectors=vectors)
        return [from_source(found[key]) for key in object_ids if key in found]

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        changed = annotated(self.image(collection, image_id), number=number, caption=caption, tags=tags)
        moment = now()
        self._do(collection, [action("update", obj.object_id, annotation(obj, moment)) for obj in changed])

    def delete_image(self, collection: str, image_id: str) -> int:
        standing = self._collections.standing(collection)
        facts = reads.frame_facts(self._client, standing.alias, collection, [image_id])
        self.refresh(collection)
        ids = set(reads.numbered(image_id, facts.get(image_id)))
        ids.update(reads.visible_ids(self._client, standing.alias, collection, [image_id]))
        if not ids:
            raise no_image(image_id)
        # the frame first: an image that is half deleted must not count as stored
        frame = object_id(image_id, 0)
        outcomes = self._do(collection, [action("delete", frame)])
        outcomes |= self._do(collection, [action("delete", key) for key in sorted(ids - {frame})])
        return sum(outcome.result == "deleted" for outcome in outcomes.values())

    def renew(self, collection: str) -> int:
        self._collections.brought_up(collection)
        self.refresh(collection)
        renewed = 0
        while lacking := self.matching(collection, LACKING, AT_ONCE):
            moment = now()
            images = [additions(self.image(collection, frame.image_id), moment) for frame in lacking]
            self._do(collection, [part for image in images for part in image[:-1]])
            self._do(collection, [image[-1] for image in images])
            renewed += len(images)
        return renewed

    def _do(self, collection: str, actions: Sequence[Action]) -> dict[str, Outcome]:
        """A few actions, visible at once. Raises ElasticsearchAway when one of them fails."""
        alias = self._collections.standing(collection).alias
        outcomes = send(self._client, alias, collection, actions, self._patience, refresh=True)
        for outcome in outcomes.values():
            if not outcome.ok:
                raise away(f"Elasticsearch could not change {outcome.id}: {outcome.reason}")
        return outcomes

    def search(self, collection: str, queries: Sequence[VectorQuery | WordQuery]) -> list[list[RankedObject]]:
        standing = self._collections.standing(collection)
        lines: list[dict[str, Any]] = []
        for query in queries:
            if isinstance(query, VectorQuery):
                require_query(query, collection, standing.pack)
                lines += [{}, bodies.vector_body(query, standing.index_type)]
            else:
                lines += [{}, bodies.word_body(query)]
        if not lines:
            return []
        with speaking(collection):
            answers = self._client.msearch(index=standing.alias, searches=lines)["responses"]
        for answer in answers:
            if "error" in answer:
                self._collections.forget(collection)
                raise understood_answer(answer, collection)
        return [ranked(answer, query) for answer, query in zip(answers, queries, strict=True)]

    def sample(self, collection: str, signal: Literal["vit", "clip"], size: int) -> Vector:
        return reads.sample(self._client, self._collections.standing(collection).alias, collection, signal, size)

    def matching(
        self,
        collection: str,
        filter: Filter,
        size: int,
        after: str | None = None,
        *,
        sort: Sort = BY_RELEVANCE,
        after_value: float | None = None,
    ) -> list[RankedObject]:
        standing = self._collections.standing(collection)
        found: list[RankedObject] = []
        while len(found) < size:
            body = bodies.matching_body(filter, size - len(found), sort, after, after_value)
            with speaking(collection):
                hits = self._client.search(index=standing.alias, body=body)["hits"]["hits"]
            found += [listed(hit, sort) for hit in hits]
            if len(hits) < body["size"]:
                break
            after, after_value = found[-1].object_id, found[-1].value
        return found

    def facets(
        self, collection: str, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        standing = self._collections.standing(collection)
        with speaking(collection):
            answer = self._client.search(index=standing.alias, body=bodies.facets_body(filter, object_ids))
        return {
            name: {bucket.get("key_as_string", bucket["key"]): bucket["images"]["value"] for bucket in told["buckets"]}
            for name, told in answer["aggregations"].items()
        }

    def ready(self) -> str:
        try:
            with speaking("*"):
                health = self._client.cluster.health(timeout="2s")
                blocked = self._client.indices.get_settings(
                    index=self._collections.alias("*"), name="index.blocks.read_only_allow_delete"
                )
        except BoxlensError as error:
            return f"{error.detail} {error.hint}".strip()
        if health["status"] == "red":
            return away("Elasticsearch is red: some of its data is not available.").detail
        if blocked:
            full = disk_full("its indices are read-only-allow-delete")
            return f"{full.detail} {full.hint}"
        return ""
