"""``boxlens ingest``: pictures into a collection, with rates, an ETA, and every skipped file named."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from boxlens.cli import output
from boxlens.cli.progress import ingest_progress
from boxlens.domain.errors import BadSource, DiskFull, Unavailable
from boxlens.domain.local_files import NO_ROOM, reason, shown
from boxlens.ingest.findings import MEANINGS, Findings

if TYPE_CHECKING:
    from boxlens.domain.references import ImageRef
    from boxlens.domain.reports import Failure, IngestReport
    from boxlens.ingest.indexer import Indexer
    from boxlens.on_ray.ingest import RayIngest
    from boxlens.wiring import Boxlens

_SHOWN_FAILURES = 10
_SHOWN_LEFT_OUT = 3
SystemFolders = Annotated[
    bool, typer.Option("--system-folders", help="Take hidden files, recycle bins and folders of the system as well.")
]
TakeDeleted = Annotated[
    bool, typer.Option("--take-deleted", help="Take in again what was deleted from the collection.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(ingest)


def ingest(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders, files, bucket://name/prefix, addresses, manifests."),
    ],
    collection: output.Collection = None,
    reference: Annotated[
        bool, typer.Option("--reference/--copy", help="Leave the bytes where they are, or copy them (the default).")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads per model (default: all cores).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be taken in.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip, unread, files that an earlier run finished.")] = False,
    shard: Annotated[str | None, typer.Option(help="I/N: take the I-th of N parts, for N machines.")] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="ray[://HOST:PORT]", help="Work on a Ray cluster, or on a Ray of its own."),
    ] = None,
    failures: Annotated[Path, typer.Option(help="Where to list what failed; feed it back as a SOURCE.")] = Path(
        "failures.jsonl"
    ),
    system_folders: SystemFolders = False,
    take_deleted: TakeDeleted = False,
    json: output.Json = False,
) -> None:
    """Take pictures into a collection. What is stored already is left alone; a killed run is simply run again.

    Example: boxlens ingest ~/Pictures holiday.jsonl -c family
    """
    from boxlens.ingest.folders import FolderRules
    from boxlens.ingest.journal import IngestJournal
    from boxlens.ingest.sources import Shard, references, require
    from boxlens.wiring import open_boxlens

    part = Shard.parse(shard) if shard else None
    if on is not None:
        from boxlens.on_ray.cluster import require_ray

        require_ray(on)
    require(sources)
    settings = output.settings(**({"threads": workers} if workers else {}))
    taking = partial(
        references,
        sources,
        reference=reference,
        undelete=take_deleted,
        shard=part,
        rules=FolderRules(system_folders, frozenset({settings.data_dir, failures, part_of(failures)})),
    )
    findings = Findings()
    if dry_run:
        _dry_run(taking(findings=findings, videos=False), findings, json)
        return
    name = collection or settings.collection
    with (
        Failures(failures) as failed,
        output.download_bar() as bar,
        open_boxlens(settings, output.report, bar) as boxlens,
    ):
        scoped = boxlens.for_pictures_or_new(name)
        info = boxlens.writer.create(name, scoped.pack)
        output.report(scoped.loaded.about)
        journal = IngestJournal(settings.data_dir / "ingest.sqlite", info.index)
        counted = partial(taking, boxlens.store, videos=False)
        with (
            closing(journal),
            _engine(on, boxlens, scoped) as engine,
            interruptible() as stop,
            ingest_progress(counted, quiet=json) as progress,
        ):
            report = engine.ingest(
                taking(boxlens.store, findings=findings, videos=on is None),
                collection=name,
                on_progress=progress,
                on_failure=failed.add,
                stop=stop,
                journal=journal if resume else _WriteOnly(journal),
                on_merge=lambda documents: output.report(f"Merging {documents:,} documents for fast searches …"),
            )
    _summary(report, failed, findings, name, json)
    warn_of_misfit(report, name, scoped.pack.name)
    if report.interrupted:
        raise typer.Exit(130)
    require_something(findings)
    if report.failed == report.images > 0:
        raise typer.Exit(3)


@contextmanager
def _engine(on: str | None, boxlens: Boxlens, scoped: Boxlens) -> Iterator[Indexer | RayIngest]:
    """What takes the pictures in: this process, or actors of Ray."""
    if on is None:
        yield scoped.indexer
        return
    from boxlens.on_ray.ingest import ray_ingest

    with ray_ingest(on, boxlens, output.report) as engine:
        yield engine


def warn_of_misfit(report: IngestReport, collection: str, pack: str) -> None:
    """Says so when most pictures are far from all that their pack knows, and names what helps."""
    if not report.fits:
        output.report(
            f"In {report.unsure:,} of {report.stored:,} new pictures the pack {pack} is sure of nothing: they are not "
            f"what it knows. For photographs: boxlens models pull photo, then boxlens collections swap {collection} "
            f"--pack photo. For drawings: boxlens collections swap {collection} --pack demo"
        )


def require_something(findings: Findings) -> None:
    """Raises BadSource naming the sources in which there was nothing to take in."""
    if findings.empty:
        names = ", ".join(findings.empty)
        hint = "Is it the right folder, and is its drive there?"
        if findings.counts:
            hint = "All that is in it was left out, as told above."
        raise BadSource(f"There is nothing to take in in {names}.", hint=hint)


class _WriteOnly:
    """Without ``--resume`` the journal is kept, but everything is read and compared again."""

    def __init__(self, journal: Any) -> None:
        self.add = journal.add

    def done(self, ref: ImageRef) -> bool:
        return False


class Failures:
    """Failures as they come, to a file that takes its name at the end: the old one may be the source being read."""

    def __init__(self, path: Path) -> None:
        self.path, self._part = path, part_of(path)
        self.count = 0
        self.first: list[Failure] = []

    def __enter__(self) -> Failures:
        """Raises Unavailable when the file cannot be written there, and DiskFull."""
        with self._speaking():
            self._file = self._part.open("wb", buffering=0)  # what was refused must not come again at the close
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        if self.count:
            self._part.replace(self.path)
        else:
            self._part.unlink()

    def add(self, ref: ImageRef, failure: Failure) -> None:
        from boxlens.ingest.manifests import manifest_line

        self.count += 1
        if len(self.first) < _SHOWN_FAILURES:
            self.first.append(failure)
        entry: dict[str, Any] = {"stage": failure.stage, "code": failure.code, "reason": failure.reason}
        entry |= {"hint": failure.hint, "name": shown(failure.uri)}
        if failure.file:
            entry["file"] = failure.file
        if failure.line is not None:
            entry["line"] = failure.line
        line: bytes = orjson.dumps(manifest_line(ref) | {"failure": entry}, option=orjson.OPT_APPEND_NEWLINE)
        with self._speaking():
            while line:
                line = line[self._file.write(line) :]

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull(f"There is no room for {self.path}.", hint="Free some disk space.") from error
            hint = "Go to a folder that you may write to, or give --failures another path."
            raise Unavailable(f"{self.path} cannot be written: {reason(error)}.", hint=hint) from error


def part_of(failures: Path) -> Path:
    """Where failures stand until the run is over."""
    return failures.with_name(failures.name + ".part")


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) ends after the batches under way, the second at once."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        output.report("Ending after the current batch; once more to end at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _dry_run(refs: Iterable[ImageRef], findings: Findings, json: bool) -> None:
    from boxlens.domain.references import REMOTE

    kinds: Counter[str] = Counter()
    size = problems = 0
    for ref in refs:
        if ref.problem is not None:
            problems += 1
            if not json:
                output.line(f"  {ref.problem.error.detail}")
        elif ref.uri.startswith(REMOTE):
            kinds["remote"] += 1
        else:
            path = Path(ref.uri)
            kinds[path.suffix.lower() or "(no suffix)"] += 1
            size += path.stat().st_size if path.is_file() else 0
    if json:
        counts = {"files": sum(kinds.values()), "bytes": size, "by_suffix": {shown(k): n for k, n in kinds.items()}}
        output.print_json(counts | {"problems": problems, "left_out": findings.as_dict(), "empty": findings.empty})
    else:
        output.print_table(("suffix", "files"), kinds.most_common())
        problem = f", {problems:,} entries that cannot be used" if problems else ""
        output.line(f"{sum(kinds.values()):,} files, {size / 2**20:,.1f} MiB{problem}; nothing was taken in.")
        print_left_out(findings)
    require_something(findings)


def _summary(report: IngestReport, failed: Failures, findings: Findings, collection: str, json: bool) -> None:
    if json:
        place = {"collection": collection, "failures": str(failed.path) if failed.count else None}
        output.print_json(report.as_dict() | place | {"left_out": findings.as_dict(), "empty": findings.empty})
        return
    output.line(
        f"{report.stored:,} new, {report.updated:,} updated, {report.unchanged:,} unchanged, {report.failed:,} failed; "
        f"{report.objects:,} objects written to {collection} in {report.seconds:.1f} s"
        + (f"; {report.repaired:,} whose stored bytes were lost" if report.repaired else "")
        + (f"; {report.deleted:,} deleted before and left so (--take-deleted)" if report.deleted else "")
        + (" (interrupted: run the same command to go on)" if report.interrupted else "")
    )
    for failure in failed.first:
        output.line(f"  {failure.uri}: {failure.reason} {failure.hint}")
    if failed.count > len(failed.first):
        output.line(f"  … and {failed.count - len(failed.first):,} more")
    if failed.count:
        output.line(f"All of them with their reasons: {failed.path} (can be given as a SOURCE again)")
    print_left_out(findings)


def print_left_out(findings: Findings) -> None:
    """What was left out, by kind, with the first names."""
    for kind, what in MEANINGS.items():
        if count := findings.counts[kind]:
            names = ", ".join(findings.named[kind][:_SHOWN_LEFT_OUT])
            more = ", …" if count > _SHOWN_LEFT_OUT else ""
            output.line(f"Left out: {count:,} {what}: {names}{more}")
