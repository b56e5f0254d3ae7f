"""A folder into its collection: what is new, changed, moved and gone since last time, said and done.

The index is written first and the ledger after it. So a sync that is killed at any moment leaves a ledger that knows
too little, is not ``complete``, and is filled up from the index by the next one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

from boxlens.domain.errors import BadSource, BoxlensError, Conflict, NotFound, Unavailable
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.local_files import local_path, shown, stored_path
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.domain.references import REMOTE, ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.domain.videos import video_moment
from boxlens.ingest.findings import VIDEO, Findings
from boxlens.ingest.folders import FolderRules, FolderWalk, Part
from boxlens.ingest.indexer import Indexer
from boxlens.ingest.videos import is_video
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.deletion import Library, delete_image
from boxlens.library.following.folders import Change, FollowedFolder, Gone, SyncReport
from boxlens.library.following.ledger import Ledger
from boxlens.library.following.round import Round, look
from boxlens.library.following.settling import LONGEST_OPEN_S, being_written
from boxlens.pipeline.annotations import without_places
from boxlens.pipeline.picture_files import read_picture_file

_BATCH = 500
_FRAMES = Filter((Condition("kind", any_of=("frame",)),))


@dataclass(frozen=True)
class SyncOptions:
    """``gone``: what becomes of images whose files are gone; ``dry``: only find out. ``even_empty`` believes a folder
    that holds nothing any more; ``take_deleted`` takes in what a person deleted. Files changed within the last
    ``settle_s`` seconds are left for the next time."""

    gone: Gone = "keep"
    dry: bool = False
    even_empty: bool = False
    take_deleted: bool = False
    settle_s: float = 0.0
    rules: FolderRules = field(default_factory=FolderRules)


@dataclass
class Tellers:
    """Functions that a sync calls as it goes: with each change, each failure, the report so far, and findings."""

    change: Callable[[Change], None] = lambda change: None
    failure: Callable[[ImageRef, Failure], None] = lambda ref, failure: None
    progress: Callable[[IngestReport], None] = lambda report: None
    findings: Findings = field(default_factory=Findings)


class FolderSync:
    """Syncs folders of one collection. ``library`` holds the index and the pictures, ``indexer`` takes them in."""

    def __init__(
        self, library: Library, indexer: Indexer, ledger: Ledger, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._library, self._indexer, self._ledger, self._clock_ns = library, indexer, ledger, clock_ns

    def run(
        self,
        folder: FollowedFolder,
        options: SyncOptions,
        tellers: Tellers | None = None,
        *,
        parts: Sequence[Part] | None = None,
        stop: threading.Event | None = None,
    ) -> SyncReport:
        """Sync a folder, or only ``parts`` of it when the last sync was complete.

        ``stop`` ends it after the pictures under way. Raises BadSource when the folder cannot be read, or holds nothing
        though it did; Conflict while another process syncs it; Unavailable when a server is away. What was stored until
        then stays.
        """
        lock = FileLock(self._ledger.path.with_name(f"following-{folder.id}.lock"), timeout=0)
        try:
            with lock:
                return self._run(folder, options, tellers or Tellers(), parts, stop or threading.Event())
        except Timeout as error:
            detail = f"Another process is at work on {shown(folder.path)} just now."
            raise Conflict(detail, hint="Wait for it; see `boxlens following list`.") from error

    def _run(
        self,
        folder: FollowedFolder,
        options: SyncOptions,
        tellers: Tellers,
        parts: Sequence[Part] | None,
        stop: threading.Event,
    ) -> SyncReport:
        ledger = self._ledger.in_memory() if options.dry else self._ledger
        index = _index_of(self._library, folder.collection)
        whole = not (folder.complete and folder.index == index)
        round = Round(ledger, folder, None if whole else parts)
        run = _Run(self._library, self._indexer, round, options, tellers, stop, self._clock_ns)
        if not options.dry:
            ledger.update(folder.id, complete=False)
        if whole and index:
            round.remember(_pairs(self._library, folder))
        report = run.through()
        if not options.dry:
            index = _index_of(self._library, folder.collection)
            ended = {"synced_at": self._clock_ns() / 1e9, "report": report.as_dict(), "gone": options.gone}
            ledger.update(folder.id, complete=not report.interrupted, index=index, **ended)
        return report


class _Run:
    """One sync under way."""

    def __init__(
        self,
        library: Library,
        indexer: Indexer,
        round: Round,
        options: SyncOptions,
        tellers: Tellers,
        stop: threading.Event,
        clock_ns: Callable[[], int],
    ) -> None:
        self._clock_ns = clock_ns
        self._library, self._indexer, self._round = library, indexer, round
        self._options, self._tellers, self._stop = options, tellers, stop
        self._collection = round.folder.collection
        self._unchanged = self._failed = self._unsettled = 0

    def through(self) -> SyncReport:
        started = time.perf_counter()
        taken = self._read() if self._options.dry else self._take_in()
        if not taken.interrupted:
            self._require_something()
            for batch in self._round.stale():
                self._settle(batch)
        for change in self._round.arrivals():
            self._tellers.change(change)
        return SyncReport(
            changes=dict(self._round.changes),
            updated=taken.updated,
            unchanged=self._unchanged,
            failed=self._failed,
            deleted=taken.deleted,
            unsettled=self._unsettled,
            seconds=time.perf_counter() - started,
            interrupted=taken.interrupted,
        )

    # --- what is there -----------------------------------------------------------------------------------------------

    def _take_in(self) -> IngestReport:
        return self._indexer.ingest(
            self._unknown(),
            collection=self._collection,
            on_progress=self._tellers.progress,
            on_failure=self._fail,
            stop=self._stop,
            journal=self._round,
        )

    def _read(self) -> IngestReport:
        """The same without taking anything in: bytes are read, pictures are not decoded."""
        for ref in self._unknown():
            if ref.problem is not None:
                error = ref.problem.error
                self._fail(ref, Failure(ref.uri, "source", error.code, error.detail, error.hint))
                continue
            try:
                self._round.add([(ref, image_id_of(read_picture_file(ref.uri)))])
            except BoxlensError as error:
                self._fail(ref, Failure(ref.uri, "fetch", error.code, error.detail, error.hint))
        return IngestReport(0, 0, 0, 0, 0, 0.0, ())

    def _unknown(self) -> Iterator[ImageRef]:
        """References of the files that must be read: new ones, and those that are not as they were."""
        options, round = self._options, self._round
        retaken: Collection[str] = ()
        if options.take_deleted:
            retaken = DeletedIds(self._library.store).ids(self._collection)
        folder = Path(local_path(round.folder.path))
        walk = FolderWalk(folder, options.rules, self._tellers.findings, round.parts)
        for _, ref in walk:
            if self._stop.is_set():
                break
            if ref.problem is not None:
                yield ref
                continue
            if is_video(ref):
                self._tellers.findings.skip(VIDEO, ref.uri)
                continue
            seen = look(ref, self._clock_ns())
            if seen is None:
                continue  # it went away meanwhile
            if abs(seen.age_s) < options.settle_s:
                self._unsettled += 1
                round.protect(ref.uri)
                continue
            unchanged = round.unchanged_file(ref, seen, retaken)
            if unchanged is None and 0 <= seen.age_s < LONGEST_OPEN_S and being_written(Path(ref.uri)):
                self._unsettled += 1
                round.protect(ref.uri)
            elif unchanged is None:
                yield replace(ref, undelete=options.take_deleted)
            elif unchanged.failure is not None:
                round.protect(ref.uri)
                self._failed += 1
                self._tellers.failure(ref, unchanged.failure)
            else:
                self._unchanged += 1
        for path in walk.unreadable:
            round.protect(str(path))

    def _fail(self, ref: ImageRef, failure: Failure) -> None:
        self._round.fail(ref, failure)
        self._failed += 1
        self._tellers.failure(ref, failure)

    def _require_something(self) -> None:
        """Raises BadSource where a whole folder holds nothing any more: its drive is likelier to be away."""
        whole = self._round.parts is None
        if whole and self._options.gone != "keep" and not self._options.even_empty and not self._round.anything_met():
            raise BadSource(
                f"{shown(self._round.folder.path)} holds no picture any more.",
                hint="Is its drive there? If it is really empty, say --even-empty.",
            )

    # --- what is gone ------------------------------------------------------------------------------------------------

    def _settle(self, batch: dict[str, list[str]]) -> None:
        """Images of which paths are gone: they lose these places, and what lies nowhere is treated as was asked."""
        frames = self._frames(list(batch))
        written: list[tuple[str, ImageRecord]] = []
        settled: list[tuple[str, list[str], bool]] = []
        for image_id, paths in batch.items():
            frame, keep = frames.get(image_id), False
            if frame is not None:
                gone = {stored_path(path) for path in paths}
                left = [place for place in self._round.left(image_id) if place not in gone]
                record = without_places(frame.image, gone, left)
                if record is None:
                    keep = self._options.gone != "trash"
                    record = self._nowhere(frame.image)
                if record is not None and record != frame.image:
                    written.append((image_id, record))
            settled.append((image_id, paths, keep))
        if not self._options.dry:
            self._write(written)
        for image_id, paths, keep in settled:
            for change in self._round.settle(image_id, paths, keep=keep):
                self._tellers.change(change)

    def _nowhere(self, image: ImageRecord) -> ImageRecord | None:
        """The record of an image that lies nowhere; None when it was deleted."""
        if self._options.gone == "mark":
            now = datetime.now(UTC).replace(microsecond=0)
            return image if image.gone_at else replace(image, gone_at=now)
        if self._options.gone == "trash":
            if not self._options.dry:
                delete_image(self._library, self._collection, image.image_id, remember=False)
            return None
        return image

    def _frames(self, image_ids: list[str]) -> dict[str, IndexedObject]:
        try:
            return self._library.index.stored(self._collection, image_ids)
        except NotFound:  # a dry run of a collection that is not made yet
            return {}

    def _write(self, records: Sequence[tuple[str, ImageRecord]]) -> None:
        """Images with new records; their vectors stay."""
        index, writer = self._library.index, self._library.writer
        wholes = (
            [replace(obj, image=record) for obj in index.image(self._collection, image_id, vectors=True)]
            for image_id, record in records
        )
        failed = [result for result in writer.write(self._collection, chain.from_iterable(wholes)) if not result.ok]
        if records:
            writer.refresh(self._collection)
        if failed:
            reason = f"{failed[0].object_id} was not written: {failed[0].reason}"
            raise Unavailable(reason, hint="Run the same command again.")


def _index_of(library: Library, collection: str) -> str:
    """The concrete index of a collection; "" where there is none."""
    try:
        return library.index.info(collection).index
    except NotFound:
        return ""


def _pairs(library: Library, folder: FollowedFolder) -> Iterator[tuple[str, str]]:
    """Every path within a folder that an image of the collection is said to lie at, with the image; a frame of a video
    lies nowhere by itself."""
    index, inside = library.index, local_path(folder.path).rstrip("/") + "/"
    after: str | None = None
    while batch := index.matching(folder.collection, _FRAMES, _BATCH, after):
        after = batch[-1].object_id
        frames = index.objects(folder.collection, [match.object_id for match in batch])
        for frame in (frame for frame in frames if video_moment(frame.image.attributes) is None):
            for source in (frame.image.source_uri, *frame.image.other_sources):
                path = "" if source.startswith(REMOTE) else local_path(source)
                if path.startswith(inside):
                    yield path, frame.image.image_id
