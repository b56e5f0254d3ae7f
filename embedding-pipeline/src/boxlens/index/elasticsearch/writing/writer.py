"""Writes whole images so that a frame is never stored before all the other objects of its image.

Objects of one chunk travel with the frames of chunks before it: those are due as soon as their objects are in, and
one request a chunk is enough. Several requests are under way at once, as many as the policy says, so that the server
builds graphs on all its cores; their size and number bound what lies in memory. An image that is stored already loses
its frame first, so that a write killed half-way leaves an image that counts as not stored, and the same write again
repairs it.

Others may change the same image at the same time, from any process. So the frame is taken away only in the state in
which it was read, and put only where none is: who comes second begins anew, and the image ends as one of the two
wanted it. An image that stands is written where it stands, a new one into the index that is open (``placement.py``); it
begins anew where that was closed meanwhile.
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
from boxlens.index.elasticsearch.reads import Place
from boxlens.index.elasticsearch.writing.bulk import Action, Outcome, RetryPolicy, action, send
from boxlens.index.elasticsearch.writing.frames import Home, homes, putting, taken_away, taking_away
from boxlens.index.elasticsearch.writing.placement import Placement

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
    outcomes: Future[dict[Place, Outcome]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one collection; ``alias``: that of all its indices."""

    client: Elasticsearch
    placement: Placement
    alias: str
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
                again = _image_ids(due, under_way) & {image[0].image.image_id for image in whole}
                if again or self.placement.changing:
                    yield from self._finished(threads, due, under_way, contended)
                    due = []
                coming = self._prepared(whole, contended)
                while len(under_way) >= self.retry.requests:
                    due += yield from self._settled(under_way.popleft(), contended)
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
        handle, opened = self.placement.ready(sum(map(len, chunk)))
        facts, placeholders = reads.frames(self.client, handle.targets, self.collection, image_ids)
        places = homes(handle, opened, image_ids, facts, placeholders)
        there = {(fact.index, key) for image_id, fact in facts.items() for key in reads.numbered(image_id, fact)}
        there.update(reads.visible_places(self.client, self.alias, self.collection, image_ids))
        if not {index for index, _ in there} <= {*handle.indices}:  # one more has come since the collection was read
            self.placement.look_again()
            return self._prepared(chunk, contended)
        kept = {(places[obj.image.image_id].target.index, obj.object_id) for image in chunk for obj in image}
        frames = {object_id(image_id, 0) for image_id in image_ids}
        gone = {place for place in there - kept if place[1] not in frames}
        versions = reads.versions(self.client, handle.targets, self.collection, sorted({id for _, id in gone}))
        stale: dict[str, list[Action]] = {image_id: [] for image_id in image_ids}
        for index, key in sorted(gone & versions.keys()):
            deletion = action(handle.of(index), "delete", key, version=versions[index, key])
            stale[key.rpartition("-")[0]].append(deletion)
        removals = [taking_away(places[image_id], image_id) for image_id in facts]
        outcomes = self._send(removals) if removals else {}
        for removal, image_id in zip(removals, facts, strict=True):
            outcome = outcomes[removal.place]
            places[image_id] = replace(places[image_id], over=outcome.version)
            if outcome.moved:
                self.placement.look_again()
        lost = {outcome.id.rpartition("-")[0] for outcome in outcomes.values() if not taken_away(outcome)}
        moment = now()
        firsts = dict(self.ingested) | {image_id: fact.ingested_at for image_id, fact in facts.items()}
        ready: list[_Image] = []
        for image in chunk:
            image_id = image[0].image.image_id
            made = self._image(image, places[image_id], firsts.get(image_id, moment), moment, stale[image_id])
            (contended if image_id in lost else ready).append(made)
        return ready

    def _image(
        self, image: list[IndexedObject], home: Home, first: str, moment: str, stale: Sequence[Action]
    ) -> _Image:
        counts = ImageCounts.of(image)
        image_id = image[0].image.image_id
        others: list[Action] = []
        for obj in image:
            stored = document(
                obj,
                collection=self.collection,
                pack=self.pack,
                ingested_at=first,
                changed_at=moment,
                counts=counts,
            )
            if obj.number:
                others.append(action(home.target, "index", obj.object_id, stored, while_open=home.while_open))
            else:
                frame = putting(home, image_id, stored)
        unreported = frozenset({frame.id, *(other.id for other in others)})
        return _Image(image_id, image, unreported, frame, tuple(others), tuple(stale))

    def _finished(
        self, threads: ThreadPoolExecutor, due: list[_Image], under_way: deque[_Request], contended: list[_Image]
    ) -> Generator[ItemResult, None, None]:
        """Waits for what is under way, and stores every frame."""
        while under_way:
            due += yield from self._settled(under_way.popleft(), contended)
        if due:
            yield from self._settled(self._request(threads, due, []), contended)

    def _request(self, threads: ThreadPoolExecutor, due: list[_Image], coming: list[_Image]) -> _Request:
        """Sends frames that are due and the objects of coming images, in a thread."""
        actions = [image.frame for image in due]
        for image in coming:
            actions += [*image.others, *image.stale]
        return _Request(due, coming, threads.submit(self._send, actions))

    def _send(self, actions: Sequence[Action]) -> dict[Place, Outcome]:
        return send(self.client, self.alias, self.collection, actions, self.retry)

    def _settled(self, request: _Request, contended: list[_Image]) -> Generator[ItemResult, None, list[_Image]]:
        """The results of a request; returns the images whose frames are due now."""
        outcomes = request.outcomes.result()
        if any(outcome.moved for outcome in outcomes.values()):
            self.placement.look_again()
        for image in request.due:
            if outcomes[image.frame.place].overtaken:
                contended.append(replace(image, unreported=frozenset({image.frame.id})))
            else:
                yield _result(outcomes[image.frame.place])
        due = []
        for image in request.coming:
            if any(outcomes[other.place].moved for other in image.others):
                contended.append(image)
                continue
            results = [_result(outcomes[other.place]) for other in image.others]
            yield from results
            # a stale document that is gone already answers 404 and not an error; one that was written anew is not ours
            failed = sum(not result.ok for result in results)
            failed += sum(not (outcomes[old.place].ok or outcomes[old.place].conflict) for old in image.stale)
            if failed:
                yield ItemResult(image.frame.id, False, f"not written: {failed} objects of the image failed")
            else:
                due.append(image)
        return due


def _image_ids(due: Iterable[_Image], under_way: Iterable[_Request]) -> set[str]:
    """The images that are not stored whole yet, or are just being so."""
    sent = (image for request in under_way for image in (*request.due, *request.coming))
    return {image.image_id for image in (*due, *sent)}


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
