"""``boxlens ingest``: pictures into a collection, with rates, an ETA, and every skipped file named."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from embedding_pipeline.cli import output
from embedding_pipeline.cli.progress import ingest_progress
from embedding_pipeline.domain import Failure, ImageRef, IngestReport
from embedding_pipeline.ingest.sources import Shard, manifest_line, references

_SHOWN_FAILURES = 10


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
    failures: Annotated[Path, typer.Option(help="Where to list what failed; feed it back as a SOURCE.")] = Path(
        "failures.jsonl"
    ),
    json: output.Json = False,
) -> None:
    """Take pictures into a collection. What is stored already is left alone; a killed run is simply run again.

    Example: boxlens ingest ~/Pictures holiday.jsonl -c family
    """
    from embedding_pipeline.ingest.journal import IngestJournal
    from embedding_pipeline.wiring import open_boxlens

    part = Shard.parse(shard) if shard else None
    settings = output.settings(**({"threads": workers} if workers else {}))
    if dry_run:
        _dry_run(sources, reference, part, json)
        return
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        name = collection or settings.collection
        room = boxlens.at_or_new(name)
        info = boxlens.index.create(name, room.pack)
        journal = IngestJournal(settings.data_dir / "ingest.sqlite", info.index)

        def refs() -> Iterator[ImageRef]:
            return references(sources, boxlens.store, reference=reference, shard=part)

        with Failures(failures) as failed, interruptible() as stop, ingest_progress(refs, quiet=json) as progress:
            report = room.indexer.ingest(
                refs(),
                collection=name,
                on_progress=progress,
                on_failure=failed.add,
                stop=stop,
                journal=journal if resume else _WriteOnly(journal),
            )
        journal.close()
    _summary(report, failed, name, json)
    if report.failed and not (report.stored or report.updated or report.unchanged):
        raise typer.Exit(3)
    if report.interrupted:
        raise typer.Exit(130)


class _WriteOnly:
    """Without ``--resume`` the journal is kept, but everything is read and compared again."""

    def __init__(self, journal: Any) -> None:
        self.add = journal.add

    def done(self, ref: ImageRef) -> bool:
        return False


class Failures:
    """Failures as they come, to a file that takes its name at the end: the old one may be the source being read."""

    def __init__(self, path: Path) -> None:
        self.path, self._part = path, path.with_name(path.name + ".part")
        self.count = 0
        self.first: list[Failure] = []

    def __enter__(self) -> Failures:
        self._file = self._part.open("wb")
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        if self.count:
            self._part.replace(self.path)
        else:
            self._part.unlink()

    def add(self, ref: ImageRef, failure: Failure) -> None:
        self.count += 1
        if len(self.first) < _SHOWN_FAILURES:
            self.first.append(failure)
        told = {"stage": failure.stage, "code": failure.code, "reason": failure.reason, "hint": failure.hint}
        self._file.write(orjson.dumps(manifest_line(ref) | {"failure": told}) + b"\n")
        self._file.flush()


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) ends after the batches under way, the second at once."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        output.say("Ending after the current batch; once more to end at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _dry_run(sources: list[str], reference: bool, part: Shard | None, json: bool) -> None:
    kinds: Counter[str] = Counter()
    size = 0
    for ref in references(sources, None, reference=reference, shard=part):
        if "://" in ref.uri:
            kinds["remote"] += 1
        else:
            path = Path(ref.uri)
            kinds[path.suffix.lower() or "(no suffix)"] += 1
            size += path.stat().st_size if path.is_file() else 0
    if json:
        output.print_json({"files": sum(kinds.values()), "bytes": size, "by_suffix": dict(kinds)})
        return
    output.print_table(("suffix", "files"), kinds.most_common())
    output.console.print(f"{sum(kinds.values()):,} files, {size / 2**20:,.1f} MiB; nothing was taken in.")


def _summary(report: IngestReport, failed: Failures, collection: str, json: bool) -> None:
    if json:
        output.print_json(
            report.as_dict() | {"collection": collection, "failures": str(failed.path) if failed.count else None}
        )
        return
    output.console.print(
        f"{report.stored:,} new, {report.updated:,} updated, {report.unchanged:,} unchanged, {report.failed:,} failed; "
        f"{report.objects:,} objects written to {collection} in {report.seconds:.1f} s"
        + (" (interrupted: run the same command to go on)" if report.interrupted else "")
    )
    for failure in failed.first:
        output.console.print(f"  {failure.uri}: {failure.reason} {failure.hint}", markup=False)
    if failed.count > len(failed.first):
        output.console.print(f"  … and {failed.count - len(failed.first):,} more")
    if failed.count:
        output.console.print(f"All of them with their reasons: {failed.path} (can be given as a SOURCE again)")
