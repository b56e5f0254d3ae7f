"""ObjectIndex over Elasticsearch 8.19: any distribution, the embedded one included. Core APIs only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from threading import Lock
from typing import Any, Literal

from elasticsearch import Elasticsearch

from boxlens.domain.answers.spread import Spread
from boxlens.domain.collections import (
    CollectionInfo,
    CollectionSet,
    CollectionSettings,
    CollectionSetup,
    IndexType,
    PackInfo,
    base,
    successor_of,
)
from boxlens.domain.errors import BoxlensError, NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject, Vector, object_id
from boxlens.domain.queries import BY_RELEVANCE, RankedObject, Sort, VectorQuery, WordQuery
from boxlens.domain.reports import ItemResult
from boxlens.domain.share_out import Layout
from boxlens.index.checks import no_image, require_query, require_written
from boxlens.index.elasticsearch import queries as bodies
from boxlens.index.elasticsearch import reads
from boxlens.index.elasticsearch.admin.collections import Collections
from boxlens.index.elasticsearch.admin.freezing import Freezing
from boxlens.index.elasticsearch.admin.migrations import AT_ONCE, UNMIGRATED, additions
from boxlens.index.elasticsearch.admin.reindex import Successors
from boxlens.index.elasticsearch.admin.rollover import Rollover
from boxlens.index.elasticsearch.asking import ask, ask_all
from boxlens.index.elasticsearch.backing import IndexHandle
from boxlens.index.elasticsearch.documents import from_source, now, stored_moment
from boxlens.index.elasticsearch.errors import (
    disk_full,
    to_domain_error_of_answer,
    translate_errors,
    unavailable,
)
from boxlens.index.elasticsearch.responses import all_facets, facets, listed, placeholder, ranked
from boxlens.index.elasticsearch.spread import spread_body, spread_of
from boxlens.index.elasticsearch.writing.bulk import Action, RetryPolicy, send
from boxlens.index.elasticsearch.writing.changes import ImageChanges
from boxlens.index.elasticsearch.writing.placement import Placement, Rooms
from boxlens.index.elasticsearch.writing.segments import merge_segments
from boxlens.index.elasticsearch.writing.writer import Writer
from boxlens.index.image_locks import ImageLocks
from boxlens.index.mapping import mode_settings
from boxlens.index.names import require_same_pack
from boxlens.settings import IndexSettings


class ElasticsearchIndex:
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
        retry: RetryPolicy | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._retry = retry or RetryPolicy()
        settings = settings or IndexSettings()
        self._collections = Collections(client, settings, prefix)
        self._rollover = Rollover(client, settings, self._collections)
        self._rooms = Rooms(client, settings.shard_documents)
        self._freezing = Freezing(client, self._collections, self._rollover)
        self._successors = Successors(client, settings, self._collections, self._rollover)
        self._all_visible: set[str] = set()
        self._lock = Lock()
        self._image_locks = ImageLocks()

    def exclusive(self, collection: str, image_ids: Iterable[str]) -> AbstractContextManager[None]:
        return self._image_locks.exclusive(collection, image_ids)

    def create(
        self, collection: str, pack: PackInfo, index_type: IndexType | None = None, layout: Layout = Layout()
    ) -> CollectionInfo:
        self._collections.create(collection, pack, index_type, layout)
        return self.info(collection)

    def collections(self) -> list[CollectionInfo]:
        standing = []
        for name in self._collections.names():
            with suppress(NotFound):  # it went away since it was named
                standing.append(self._collections.info(name))
        return standing

    def info(self, collection: str | CollectionSet) -> CollectionInfo:
        return self._collections.info(collection)

    def drop(self, collection: str) -> None:
        self._collections.drop(collection)

    def check_pack(self, collection: str | CollectionSet, pack: PackInfo) -> None:
        require_same_pack(str(collection), self._collections.handle(collection, fresh=True).pack, pack)

    def setup(self, collection: str | CollectionSet, *, fresh: bool = False) -> CollectionSetup:
        handle = self._collections.handle(collection, fresh=fresh)
        return handle.setup

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        self._collections.configure(collection, settings)

    def freeze(self, collection: str, *, wait: bool = True) -> None:
        self._freezing.freeze(collection, wait=wait)

    def thaw(self, collection: str) -> None:
        self._freezing.thaw(collection)

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        return self._successors.create_successor(collection, pack)

    def drop_successor(self, collection: str) -> None:
        self._collections.drop(successor_of(collection))

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        self._successors.block_writes(collection, blocked=blocked)

    def switch_alias(self, collection: str) -> None:
        self._successors.switch_alias(collection)

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        handle = self._collections.migrated(collection)
        if not (handle.graphs or handle.loading):
            self._collections.give_graphs(handle)
        self._make_visible(handle)
        whole = False
        try:
            name = base(collection)
            moments = {image_id: stored_moment(moment) for image_id, moment in (ingested or {}).items()}
            placement = Placement(self._collections, self._rollover, self._rooms, handle)
            writer = Writer(self._client, placement, handle.alias, name, handle.pack, self._retry, moments)
            yield from writer.write(objects)
            whole = True
        finally:
            if not whole:  # documents may lie there that no frame tells of: the next write must see them
                with self._lock:
                    self._all_visible.discard(handle.index)

    def correct(self, collection: str, image: Sequence[IndexedObject], over: Sequence[str]) -> None:
        image_id = image[0].image.image_id
        first = self._changes(collection).make_way(image_id, over)
        require_written(self.write(collection, image, ingested={image_id: first}))

    def _make_visible(self, handle: IndexHandle) -> None:
        """Once per index: what a killed writer left behind without a frame can only be found by a search."""
        with self._lock:
            if handle.index in self._all_visible:
                return
        self.refresh(handle.collection)
        with self._lock:
            self._all_visible.add(handle.index)

    def refresh(self, collection: str) -> None:
        handle = self._collections.handle(collection)
        with translate_errors(collection):
            self._client.indices.refresh(index=handle.alias)

    def serving(self, collection: str, *, loading: bool) -> None:
        handle = (
            self._collections.changeable(collection) if loading else self._collections.handle(collection, fresh=True)
        )
        with translate_errors(collection):
            self._client.indices.put_settings(index=handle.indices, settings=mode_settings(loading=loading))
            if not loading:
                self._client.indices.refresh(index=handle.alias)
                if not handle.graphs and self._client.count(index=handle.alias)["count"]:
                    self._collections.give_graphs(handle)

    def merge(self, collection: str) -> int:
        handle = self._collections.handle(collection)
        with translate_errors(collection):
            return sum(merge_segments(self._client, index) for index in handle.indices)

    def stored(self, collection: str | CollectionSet, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        frames = self.objects(collection, [object_id(image_id, 0) for image_id in image_ids])
        return {frame.image.image_id: frame for frame in frames}

    def numbers(self, collection: str, image_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        targets = self._collections.handle(collection).targets
        facts = reads.frame_facts(self._client, targets, collection, image_ids)
        return {image_id: fact.numbers for image_id, fact in facts.items()}

    def image(self, collection: str | CollectionSet, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        handle = self._collections.handle(collection)
        fact = reads.frame_facts(self._client, handle.targets, collection, [image_id]).get(image_id)
        if fact is None:
            raise no_image(image_id)
        ids = reads.numbered(image_id, fact)
        sources = reads.sources(self._client, [handle.of(fact.index)], collection, ids, vectors=vectors)
        return [from_source(sources[key]) for key in ids if key in sources]

    def objects(
        self, collection: str | CollectionSet, object_ids: Sequence[str], *, vectors: bool = False
    ) -> list[IndexedObject]:
        handle = self._collections.handle(collection)
        seen: dict[str, dict[str, Any]] = {}
        if vectors and len(CollectionSet.of(collection).names) == 1:
            # of several collections only a read by id knows which has an object first
            indices = len(handle.targets)
            seen = reads.visible_sources(self._client, handle.alias, collection, object_ids, indices)
        left = [key for key in object_ids if key not in seen]
        sources = seen | reads.sources(self._client, handle.targets, collection, left, vectors=vectors)
        return [from_source(sources[key]) for key in object_ids if key in sources]

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
        albums: Sequence[str] | None = None,
        visible: bool = True,
    ) -> list[IndexedObject]:
        return self._changes(collection).annotate(
            image_id, number=number, caption=caption, tags=tags, albums=albums, visible=visible
        )

    def delete_image(self, collection: str, image_id: str, *, strays: bool = False, visible: bool = True) -> int:
        return self._changes(collection).delete(image_id, strays=strays, visible=visible)

    def _changes(self, collection: str) -> ImageChanges:
        self._collections.migrated(collection)
        return ImageChanges(self._client, self._collections, collection, self._retry)

    def migrate(self, collection: str) -> int:
        self._collections.migrated(collection)
        self.refresh(collection)
        renewed = 0
        while lacking := self.matching(collection, UNMIGRATED, AT_ONCE):
            handle, moment = self._collections.handle(collection), now()
            image_ids = [match.image_id for match in lacking]
            facts = reads.frame_facts(self._client, handle.targets, collection, image_ids)
            images = [
                additions(handle.of(fact.index), self.image(collection, image_id), moment)
                for image_id, fact in facts.items()
            ]
            self._do(collection, [part for image in images for part in image[:-1]])
            self._do(collection, [image[-1] for image in images])
            renewed += len(images)
        return renewed

    def _do(self, collection: str, actions: Sequence[Action]) -> None:
        """A few actions, visible at once. Raises ElasticsearchAway when one of them fails."""
        alias = self._collections.handle(collection).alias
        for outcome in send(self._client, alias, collection, actions, self._retry, refresh=True).values():
            if not outcome.ok:
                raise unavailable(f"Elasticsearch could not change {outcome.id}: {outcome.reason}")

    def search(
        self, collection: str | CollectionSet, queries: Sequence[VectorQuery | WordQuery]
    ) -> list[list[RankedObject]]:
        handle = self._collections.handle(collection)
        requests: list[bodies.Body] = []
        for query in queries:
            if isinstance(query, VectorQuery):
                require_query(query, handle.collection, handle.pack)
                requests.append(bodies.vector_body(query, handle.index_type))
            else:
                requests.append(bodies.word_body(query))
        if not requests:
            return []
        answers = ask_all(self._client, handle.alias, collection, requests)
        for answer in answers:
            if "error" in answer:
                self._collections.forget(collection)
                raise to_domain_error_of_answer(answer, str(collection))
        return [ranked(answer, query) for answer, query in zip(answers, queries, strict=True)]

    def sample(self, collection: str | CollectionSet, signal: Literal["vit", "clip"], size: int) -> Vector:
        return reads.sample(self._client, self._collections.handle(collection).alias, collection, signal, size)

    def matching(
        self,
        collection: str | CollectionSet,
        filter: Filter,
        size: int,
        after: str | None = None,
        *,
        sort: Sort = BY_RELEVANCE,
        after_value: float | None = None,
    ) -> list[RankedObject]:
        handle = self._collections.handle(collection)
        matches: list[RankedObject] = []
        while len(matches) < size:
            body = bodies.matching_body(filter, size - len(matches), sort, after, after_value)
            hits = ask(self._client, handle.alias, collection, body)["hits"]["hits"]
            if hits and placeholder(hits[0]):  # they are last, in any order
                break
            matches += [listed(hit, sort) for hit in hits if not placeholder(hit)]
            if len(hits) < body["size"]:
                break
            after, after_value = matches[-1].object_id, matches[-1].value
        return matches

    def facets(
        self, collection: str | CollectionSet, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        handle = self._collections.handle(collection)
        if filter.empty and object_ids is None and len(CollectionSet.of(collection).names) == 1:
            answer = ask(self._client, handle.alias, collection, bodies.all_facets_body())
            if (counts := all_facets(answer)) is not None:
                return counts
        return facets(ask(self._client, handle.alias, collection, bodies.facets_body(filter, object_ids)))

    def spread(
        self,
        collection: str | CollectionSet,
        filter: Filter,
        image_ids: Collection[str] | None = None,
        halvings: int = 6,
    ) -> Spread:
        handle = self._collections.handle(collection)
        return spread_of(ask(self._client, handle.alias, collection, spread_body(filter, image_ids, halvings)))

    def ready(self) -> str:
        try:
            with translate_errors("*"):
                health = self._client.cluster.health(timeout="2s")
                blocked = self._client.indices.get_settings(
                    index=self._collections.alias("*"), name="index.blocks.read_only_allow_delete"
                )
        except BoxlensError as error:
            return f"{error.detail} {error.hint}".strip()
        if health["status"] == "red":
            return unavailable("Elasticsearch is red: some of its data is not available.").detail
        if blocked:
            full = disk_full("its indices are read-only-allow-delete")
            return f"{full.detail} {full.hint}"
        return ""
