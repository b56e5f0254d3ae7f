"""Writes whole images so that a frame is never stored before all the other objects of its image.

Objects of one slab travel with the frames of the slab before it: those are due as soon as their objects are in, and
one request a slab is enough. An image that is stored already loses its frame first, so that a write killed half-way
leaves an image that counts as not stored, and the same write again repairs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from embedding_pipeline.domain import IndexedObject, ItemResult, PackInfo, object_id
from embedding_pipeline.stores import elastic_reads
from embedding_pipeline.stores.elastic_bulk import Action, Outcome, Patience, action, send
from embedding_pipeline.stores.elastic_documents import document, now
from embedding_pipeline.stores.object_checks import images, incomplete, require_dims
from embedding_pipeline.stores.object_geometry import label_counts

ROUGH_BYTES_PER_OBJECT = 3000
ROUGH_BYTES_PER_FLOAT = 6


@dataclass(frozen=True, slots=True)
class _Image:
    """One image ready to be written."""

    image_id: str
    frame: Action
    others: tuple[Action, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one collection, behind its alias."""

    client: Elasticsearch
    alias: str
    collection: str
    pack: PackInfo
    patience: Patience

    def write(self, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        """One result for each object. Raises ElasticsearchAway, DiskFull, PackMismatch, NotFound."""
        due: list[_Image] = []
        for slab in self._slabs(objects):
            whole = []
            for image in slab:
                if reason := incomplete(image):
                    yield from (ItemResult(obj.object_id, False, reason) for obj in image)
                else:
                    whole.append(image)
            if {one.image_id for one in due} & {image[0].image.image_id for image in whole}:
                due = yield from self._step(due, [])
            due = yield from self._step(due, self._prepared(whole))
        yield from self._step(due, [])

    def _slabs(self, objects: Iterable[IndexedObject]) -> Iterator[list[list[IndexedObject]]]:
        """Images that make up about one request, no image twice among them."""
        slab: dict[str, list[IndexedObject]] = {}
        size = 0
        for image in images(objects):
            image_id = image[0].image.image_id
            rough = sum(_rough_size(obj) for obj in image)
            if slab and (image_id in slab or size + rough > self.patience.most_bytes):
                yield list(slab.values())
                slab, size = {}, 0
            slab[image_id] = image
            size += rough
        if slab:
            yield list(slab.values())

    def _prepared(self, slab: Sequence[list[IndexedObject]]) -> list[_Image]:
        """Encodes a slab, finds what it replaces, and takes away the frames of images that stand already."""
        if not slab:
            return []
        for image in slab:
            for obj in image:
                require_dims(obj, self.pack)
        image_ids = [image[0].image.image_id for image in slab]
        facts = elastic_reads.frame_facts(self.client, self.alias, self.collection, image_ids)
        before: dict[str, set[str]] = {i: set(elastic_reads.numbered(i, facts.get(i))) for i in image_ids}
        for key in elastic_reads.visible_ids(self.client, self.alias, self.collection, image_ids):
            before[key.rpartition("-")[0]].add(key)
        if facts:
            self._send([action("delete", object_id(image_id, 0)) for image_id in facts])
        moment = now()
        firsts = {image_id: str(fact["ingested_at"]) for image_id, fact in facts.items()}
        return [self._image(image, firsts.get(image[0].image.image_id, moment), moment, before) for image in slab]

    def _image(self, image: list[IndexedObject], first: str, moment: str, before: dict[str, set[str]]) -> _Image:
        numbers, counts = [obj.number for obj in image], label_counts(image)
        actions = {
            obj.object_id: action(
                "index",
                obj.object_id,
                document(
                    obj,
                    collection=self.collection,
                    pack=self.pack,
                    ingested_at=first,
                    changed_at=moment,
                    numbers=numbers,
                    counts=counts,
                ),
            )
            for obj in image
        }
        image_id = image[0].image.image_id
        frame = actions.pop(object_id(image_id, 0))
        stale = sorted(before[image_id] - actions.keys() - {frame.id})
        return _Image(image_id, frame, tuple(actions.values()), tuple(stale))

    def _step(self, due: list[_Image], coming: list[_Image]) -> Generator[ItemResult, None, list[_Image]]:
        """Sends frames that are due and the objects of coming images; returns the images whose frames are due next."""
        actions = [one.frame for one in due]
        for one in coming:
            actions += [*one.others, *(action("delete", key) for key in one.stale)]
        outcomes = self._send(actions)
        yield from (_result(outcomes[one.frame.id]) for one in due)
        next_due = []
        for one in coming:
            results = [_result(outcomes[other.id]) for other in one.others]
            yield from results
            # a stale document that is gone already answers 404 and not an error
            failed = sum(not result.ok for result in results) + sum(not outcomes[key].ok for key in one.stale)
            if failed:
                yield ItemResult(one.frame.id, False, f"not written: {failed} objects of the image failed")
            else:
                next_due.append(one)
        return next_due

    def _send(self, actions: Sequence[Action]) -> dict[str, Outcome]:
        return send(self.client, self.alias, self.collection, actions, self.patience)


def _rough_size(obj: IndexedObject) -> int:
    floats = sum(vector.size for vector in (obj.vit_vector, obj.clip_vector) if vector is not None)
    return ROUGH_BYTES_PER_OBJECT + ROUGH_BYTES_PER_FLOAT * floats


def _result(outcome: Outcome) -> ItemResult:
    return ItemResult(outcome.id, outcome.ok, outcome.reason)
