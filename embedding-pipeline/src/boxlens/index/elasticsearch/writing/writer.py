"""Writes whole images so that a frame is never stored before all the other objects of its image.

Objects of one chunk travel with the frames of chunks before it: those are due as soon as their objects are in, and
one request a chunk is enough. Several requests are under way at once, as many as the policy says, so that the server
builds graphs on all its cores; their size and number bound what lies in memory. An image that is stored already loses
its frame first, so that a write killed half-way leaves an image that counts as not stored, and the same write again
repairs it.

Others may change the same image at the same time, from any process. So the frame is taken away only in the state in
which it was read, and put only where none is: who comes second begins anew, and the image ends as one of the two
wanted it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from elasticsearch import Elasticsearch

from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import IndexedObject, images, incomplete, object_id
from boxlens.domain.reports import ItemResult
from boxlens.index.checks import require_dims
from boxlens.index.derived import ImageCounts
from boxlens.index.elasticsearch import reads
from boxlens.index.elasticsearch.documents import document, now
from boxlens.index.elasticsearch.reads import Version
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.elasticsearch.writing.bulk import Action, Outcome, RetryPolicy, action, send

ROUGH_BYTES_PER_OBJECT = 3000
ROUGH_BYTES_PER_FLOAT = 6


@dataclass(frozen=True, slots=True)
class _Image:
    """One image ready to be written. ``unreported``: ids of the objects of which no result was given yet."""

    image_id: str
    objects: list[IndexedObject]
    unreported: frozenset[str]
    frame: Action
    others: tuple[Action, ...]
    stale: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """A request under way with the frames of some images and all else of others."""

    due: list[_Image]
    coming: list[_Image]
    outcomes: Future[dict[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one collection, behind its alias."""

    client: Elasticsearch
    target: Target
    collection: str
    pack: PackInfo
    retry: RetryPolicy
    ingested: Mapping[str, str] = field(default_factory=dict)
    """When images that are not stored were first taken in, by id; now, for the others."""

    def write(self, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        """One result for each object. Raises ElasticsearchAway, DiskFull, PackMismatch, NotFound."""
        contended = yield from self._once(objects)
        for attempt in range(self.retry.contests):
            if not contended:
                return
            self.retry.wait(attempt)
            waiting, contended = contended, []
            for image in waiting:
                lost = yield from _reported(image.unreported, self._once(image.objects))
                contended += [replace(again, unreported=again.unreported & image.unreported) for again in lost]
        for image in contended:
            reason = "others changed the image again and again"
            yield from (ItemResult(key, False, reason) for key in sorted(image.unreported))

    def _once(self, objects: Iterable[IndexedObject]) -> Generator[ItemResult, None, list[_Image]]:
        """Results of all images but those that somebody else changed at the same time, which are returned."""
        contended: list[_Image] = []
        due: list[_Image] = []
        under_way: deque[_Request] = deque()
        with ThreadPoolExecutor(self.retry.requests, thread_name_prefix="bulk") as threads:
            for chunk in self._chunks(objects):
                whole = []
                for image in chunk:
                    if reason := incomplete(image):
                        yield from (ItemResult(obj.object_id, False, reason) for obj in image)
                    else:
                        whole.append(image)
                if _image_ids(due, under_way) & {image[0].image.image_id for image in whole}:
                    yield from self._finished(threads, due, under_way, contended)
                    due = []
                coming = self._prepared(whole, contended)
                while len(under_way) >= self.retry.requests:
                    due += yield from _settled(under_way.popleft(), contended)
                under_way.append(self._request(threads, due, coming))
                due = []
            yield from self._finished(threads, due, under_way, contended)
        return contended

    def _chunks(self, objects: Iterable[IndexedObject]) -> Iterator[list[list[IndexedObject]]]:
        """Images that make up about one request, no image twice among them."""
        chunk: dict[str, list[IndexedObject]] = {}
        size = 0
        for image in images(objects):
            image_id = image[0].image.image_id
            rough = sum(_rough_size(obj) for obj in image)
            if chunk and (image_id in chunk or size + rough > self.retry.most_bytes):
                yield list(chunk.values())
                chunk, size = {}, 0
            chunk[image_id] = image
            size += rough
        if chunk:
            yield list(chunk.values())

    def _prepared(self, chunk: Sequence[list[IndexedObject]], contended: list[_Image]) -> list[_Image]:
        """Encodes a chunk, finds what it replaces, and takes away the frames of images that stand already."""
        if not chunk:
            return []
        for image in chunk:
            for obj in image:
                require_dims(obj, self.pack)
        image_ids = [image[0].image.image_id for image in chunk]
        facts = reads.frame_facts(self.client, [self.target], self.collection, image_ids)
        before: dict[str, set[str]] = {i: set(reads.numbered(i, facts.get(i))) for i in image_ids}
        for key in reads.visible_ids(self.client, self.target.alias, self.collection, image_ids):
            before[key.rpartition("-")[0]].add(key)
        ids = {obj.object_id for image in chunk for obj in image}
        frames = {object_id(image_id, 0) for image_id in image_ids}
        stale = reads.versions(
            self.client, [self.target], self.collection, sorted(set().union(*before.values()) - ids - frames)
        )
        moment = now()
        firsts = dict(self.ingested) | {image_id: fact.ingested_at for image_id, fact in facts.items()}
        ready = [self._image(image, firsts.get(image[0].image.image_id, moment), moment, stale) for image in chunk]
        if not facts:
            return ready
        outcomes = self._send(
            [
                action(self.target, "delete", object_id(image_id, 0), version=fact.version)
                for image_id, fact in facts.items()
            ]
        )
        lost = {image_id for image_id in facts if outcomes[object_id(image_id, 0)].conflict}
        contended += [image for image in ready if image.image_id in lost]
        return [image for image in ready if image.image_id not in lost]

    def _image(self, image: list[IndexedObject], first: str, moment: str, stale: Mapping[str, Version]) -> _Image:
        counts = ImageCounts.of(image)
        actions = {
            obj.object_id: action(
                self.target,
                "index" if obj.number else "create",
                obj.object_id,
                document(
                    obj,
                    collection=self.collection,
                    pack=self.pack,
                    ingested_at=first,
                    changed_at=moment,
                    counts=counts,
                ),
            )
            for obj in image
        }
        image_id = image[0].image.image_id
        frame = actions.pop(object_id(image_id, 0))
        gone = tuple(
            action(self.target, "delete", key, version=version)
            for key, version in sorted(stale.items())
            if key.rpartition("-")[0] == image_id
        )
        unreported = frozenset({frame.id, *actions})
        return _Image(image_id, image, unreported, frame, tuple(actions.values()), gone)

    def _finished(
        self, threads: ThreadPoolExecutor, due: list[_Image], under_way: deque[_Request], contended: list[_Image]
    ) -> Generator[ItemResult, None, None]:
        """Waits for what is under way, and stores every frame."""
        while under_way:
            due += yield from _settled(under_way.popleft(), contended)
        if due:
            yield from _settled(self._request(threads, due, []), contended)

    def _request(self, threads: ThreadPoolExecutor, due: list[_Image], coming: list[_Image]) -> _Request:
        """Sends frames that are due and the objects of coming images, in a thread."""
        actions = [image.frame for image in due]
        for image in coming:
            actions += [*image.others, *image.stale]
        return _Request(due, coming, threads.submit(self._send, actions))

    def _send(self, actions: Sequence[Action]) -> dict[str, Outcome]:
        return send(self.client, self.target.alias, self.collection, actions, self.retry)


def _image_ids(due: Iterable[_Image], under_way: Iterable[_Request]) -> set[str]:
    """The images that are not stored whole yet, or are just being so."""
    sent = (image for request in under_way for image in (*request.due, *request.coming))
    return {image.image_id for image in (*due, *sent)}


def _settled(request: _Request, contended: list[_Image]) -> Generator[ItemResult, None, list[_Image]]:
    """The results of a request; returns the images whose frames are due now."""
    outcomes = request.outcomes.result()
    for image in request.due:
        if outcomes[image.frame.id].conflict:
            contended.append(replace(image, unreported=frozenset({image.frame.id})))
        else:
            yield _result(outcomes[image.frame.id])
    due = []
    for image in request.coming:
        results = [_result(outcomes[other.id]) for other in image.others]
        yield from results
        # a stale document that is gone already answers 404 and not an error; one that was written anew is not ours
        failed = sum(not result.ok for result in results)
        failed += sum(not (outcomes[old.id].ok or outcomes[old.id].conflict) for old in image.stale)
        if failed:
            yield ItemResult(image.frame.id, False, f"not written: {failed} objects of the image failed")
        else:
            due.append(image)
    return due


def _rough_size(obj: IndexedObject) -> int:
    floats = sum(vector.size for vector in (obj.vit_vector, obj.clip_vector) if vector is not None)
    return ROUGH_BYTES_PER_OBJECT + ROUGH_BYTES_PER_FLOAT * floats


def _reported(
    ids: frozenset[str], results: Generator[ItemResult, None, list[_Image]]
) -> Generator[ItemResult, None, list[_Image]]:
    """The results of objects in ``ids``; gives at its end the images that were lost, as ``results`` does."""
    while True:
        try:
            result = next(results)
        except StopIteration as ended:
            lost: list[_Image] = ended.value
            return lost
        if result.object_id in ids:
            yield result


def _result(outcome: Outcome) -> ItemResult:
    return ItemResult(outcome.id, outcome.ok, outcome.reason)
