"""Changes of single stored images: words, and deletion. Each is made anew where somebody else was faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from elasticsearch import Elasticsearch

from boxlens.domain.objects import IndexedObject, object_id
from boxlens.index.checks import no_image, require_corrections, with_annotations
from boxlens.index.elasticsearch import reads
from boxlens.index.elasticsearch.admin.collections import Collections
from boxlens.index.elasticsearch.backing import IndexHandle
from boxlens.index.elasticsearch.documents import annotation, from_source, now
from boxlens.index.elasticsearch.errors import contended, translate_errors, unavailable
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.elasticsearch.writing.bulk import Action, Outcome, RetryPolicy, action, send
from boxlens.index.elasticsearch.writing.frames import standing, taken_away, taking_away


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """Changes images of one collection; see ``ports.IndexWriter`` for what each call promises."""

    client: Elasticsearch
    collections: Collections
    collection: str
    retry: RetryPolicy

    def annotate(
        self,
        image_id: str,
        *,
        number: int | None,
        caption: str | None,
        tags: Sequence[str] | None,
        albums: Sequence[str] | None,
        visible: bool,
    ) -> list[IndexedObject]:
        """See ``ports.IndexWriter.annotate``.

        The frame goes last: who takes it away meanwhile takes the objects that were just changed for those of an image
        that is becoming whole, and leaves them. Those go here.
        """
        touched: dict[reads.Place, reads.Version] = {}
        for attempt in range(self.retry.contests):
            handle = self._handle()
            fact = reads.frame_facts(self.client, handle.targets, self.collection, [image_id]).get(image_id)
            ids = reads.numbered(image_id, fact)
            left = touched.keys() - {(fact.index, key) for key in ids if fact}
            gone = [(index, key) for index, key in left if index in handle.indices]
            self._try(handle, [_deletion(handle.of(index), key, touched[index, key]) for index, key in gone])
            if fact is None:
                raise no_image(image_id)
            target = handle.of(fact.index)
            sources = reads.versioned_sources(self.client, [target], self.collection, ids)
            whole = [] if sources is None else [from_source(sources[key][0]) for key in ids if key in sources]
            if sources is not None and whole and whole[0].kind == "frame":
                changed = with_annotations(whole, number=number, caption=caption, tags=tags, albums=albums)
                moment = now()
                actions = []
                for obj in sorted(changed, key=lambda obj: obj.kind == "frame"):
                    version = sources[obj.object_id][1]
                    actions.append(action(target, "update", obj.object_id, annotation(obj, moment), version=version))
                outcomes = self._try(handle, actions, visible=visible)
                touched |= {outcome.place: outcome.version for outcome in outcomes if outcome.ok and outcome.version}
                if all(outcome.ok for outcome in outcomes):
                    by_id = {obj.object_id: obj for obj in changed}
                    return [by_id.get(obj.object_id, obj) for obj in whole]
            self.retry.wait(attempt)
        raise contended(image_id)

    def delete(self, image_id: str, *, strays: bool, visible: bool) -> int:
        """See ``ports.IndexWriter.delete_image``."""
        frame = object_id(image_id, 0)
        for attempt in range(self.retry.contests):
            handle = self._handle()
            fact = reads.frame_facts(self.client, handle.targets, self.collection, [image_id]).get(image_id)
            if fact is None and not strays:
                raise no_image(image_id)
            if visible or attempt:
                self._refresh(handle)
            ids = {*reads.numbered(image_id, fact)}
            ids.update(id for _, id in reads.visible_places(self.client, handle.alias, self.collection, [image_id]))
            if not ids:
                raise no_image(image_id)
            there = reads.versions(self.client, handle.targets, self.collection, sorted(ids))
            # the frame first: an image that is half deleted must not count as stored
            frames = [taking_away(standing(handle, fact), image_id)] if fact else []
            gone = self._try(handle, frames, visible=visible)
            if all(taken_away(outcome) for outcome in gone):
                # what another has written since then belongs to an image that is just becoming whole again
                others = [
                    _deletion(handle.of(index), key, version) for (index, key), version in there.items() if key != frame
                ]
                removed = self._try(handle, others, visible=visible)
                return len(gone) + sum(outcome.result == "deleted" for outcome in removed)
            self.retry.wait(attempt)
        raise contended(image_id)

    def make_way(self, image_id: str, over: Sequence[str]) -> datetime:
        """Take the frame away from an image whose corrections are still ``over``, so that it can be written anew; when
        it was first taken in. Raises Conflict when it has others or is gone."""
        frame = object_id(image_id, 0)
        for attempt in range(self.retry.contests):
            handle = self._handle()
            fact = reads.frame_facts(self.client, handle.targets, self.collection, [image_id]).get(image_id)
            sources = reads.sources(self.client, handle.targets, self.collection, [frame])
            stored = from_source(sources[frame]) if fact and frame in sources else None
            require_corrections(image_id, stored, over)
            assert fact is not None
            (outcome,) = self._try(handle, [taking_away(standing(handle, fact), image_id)])
            if taken_away(outcome):
                self._refresh(handle)  # what the image no longer has must be seen, to go
                return datetime.fromisoformat(fact.ingested_at)
            if not outcome.moved:
                require_corrections(image_id, None, over)
            self.retry.wait(attempt)
        raise contended(image_id)

    def _handle(self) -> IndexHandle:
        return self.collections.handle(self.collection)

    def _refresh(self, handle: IndexHandle) -> None:
        with translate_errors(self.collection):
            self.client.indices.refresh(index=handle.alias)

    def _try(self, handle: IndexHandle, actions: Sequence[Action], *, visible: bool = True) -> list[Outcome]:
        """A few actions, visible to searches at once or later; those that met a change of somebody else, or nothing,
        say so. Raises ElasticsearchAway when one fails for another reason."""
        outcomes = list(send(self.client, handle.alias, self.collection, actions, self.retry, refresh=visible).values())
        for outcome in outcomes:
            if not (outcome.ok or outcome.overtaken or outcome.status == 404):
                raise unavailable(f"Elasticsearch could not change {outcome.id}: {outcome.reason}")
        if any(outcome.moved for outcome in outcomes):
            self.collections.forget(self.collection)
        return outcomes


def _deletion(target: Target, id: str, version: reads.Version) -> Action:
    return action(target, "delete", id, version=version)
