"""Changes of single stored images: words, and deletion. Each is made anew where somebody else was faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from elasticsearch import Elasticsearch

from boxlens.domain.objects import IndexedObject, object_id
from boxlens.index.checks import no_image, require_corrections, with_annotations
from boxlens.index.elasticsearch import reads
from boxlens.index.elasticsearch.documents import annotation, from_source, now
from boxlens.index.elasticsearch.errors import contended, translate_errors, unavailable
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.elasticsearch.writing.bulk import Action, Outcome, RetryPolicy, action, send


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """Changes images of one collection; see ``ports.IndexWriter`` for what each call promises."""

    client: Elasticsearch
    target: Target
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
        targets = [self.target]
        touched: dict[str, reads.Version] = {}
        for attempt in range(self.retry.contests):
            facts = reads.frame_facts(self.client, targets, self.collection, [image_id])
            ids = reads.numbered(image_id, facts.get(image_id))
            self._try([self._deletion(key, touched[key]) for key in touched.keys() - set(ids)])
            if image_id not in facts:
                raise no_image(image_id)
            sources = reads.versioned_sources(self.client, targets, self.collection, ids)
            whole = [] if sources is None else [from_source(sources[key][0]) for key in ids if key in sources]
            if sources is not None and whole and whole[0].kind == "frame":
                changed = with_annotations(whole, number=number, caption=caption, tags=tags, albums=albums)
                moment = now()
                actions = []
                for obj in sorted(changed, key=lambda obj: obj.kind == "frame"):
                    version = sources[obj.object_id][1]
                    actions.append(
                        action(self.target, "update", obj.object_id, annotation(obj, moment), version=version)
                    )
                outcomes = self._try(actions, visible=visible)
                touched |= {outcome.id: outcome.version for outcome in outcomes if outcome.ok and outcome.version}
                if all(outcome.ok for outcome in outcomes):
                    by_id = {obj.object_id: obj for obj in changed}
                    return [by_id.get(obj.object_id, obj) for obj in whole]
            self.retry.wait(attempt)
        raise contended(image_id)

    def delete(self, image_id: str, *, strays: bool, visible: bool) -> int:
        """See ``ports.IndexWriter.delete_image``."""
        targets = [self.target]
        frame = object_id(image_id, 0)
        for attempt in range(self.retry.contests):
            facts = reads.frame_facts(self.client, targets, self.collection, [image_id])
            if image_id not in facts and not strays:
                raise no_image(image_id)
            if visible or attempt:
                self._refresh()
            ids = {*reads.numbered(image_id, facts.get(image_id))}
            ids.update(reads.visible_ids(self.client, self.target.alias, self.collection, [image_id]))
            if not ids:
                raise no_image(image_id)
            there = reads.versions(self.client, targets, self.collection, sorted(ids))
            # the frame first: an image that is half deleted must not count as stored
            frames = [self._deletion(frame, facts[image_id].version)] if image_id in facts else []
            gone = self._try(frames, visible=visible)
            if all(outcome.result == "deleted" for outcome in gone):
                # what another has written since then belongs to an image that is just becoming whole again
                others = [self._deletion(key, version) for key, version in there.items() if key != frame]
                gone += self._try(others, visible=visible)
                return sum(outcome.result == "deleted" for outcome in gone)
            self.retry.wait(attempt)
        raise contended(image_id)

    def make_way(self, image_id: str, over: Sequence[str]) -> datetime:
        """Take the frame away from an image whose corrections are still ``over``, so that it can be written anew; when
        it was first taken in. Raises Conflict when it has others or is gone."""
        targets = [self.target]
        facts = reads.frame_facts(self.client, targets, self.collection, [image_id])
        frame = object_id(image_id, 0)
        sources = reads.sources(self.client, targets, self.collection, [frame])
        stored = from_source(sources[frame]) if frame in sources and image_id in facts else None
        require_corrections(image_id, stored, over)
        (outcome,) = self._try([self._deletion(frame, facts[image_id].version)])
        if outcome.result != "deleted":
            require_corrections(image_id, None, over)
        self._refresh()  # what the image no longer has must be seen, to go
        return datetime.fromisoformat(facts[image_id].ingested_at)

    def _deletion(self, id: str, version: reads.Version) -> Action:
        return action(self.target, "delete", id, version=version)

    def _refresh(self) -> None:
        with translate_errors(self.collection):
            self.client.indices.refresh(index=self.target.alias)

    def _try(self, actions: Sequence[Action], *, visible: bool = True) -> list[Outcome]:
        """A few actions, visible to searches at once or later; those that met a change of somebody else, or nothing,
        say so. Raises ElasticsearchAway when one fails for another reason."""
        outcomes = list(
            send(self.client, self.target.alias, self.collection, actions, self.retry, refresh=visible).values()
        )
        for outcome in outcomes:
            if not (outcome.ok or outcome.conflict or outcome.status == 404):
                raise unavailable(f"Elasticsearch could not change {outcome.id}: {outcome.reason}")
        return outcomes
