"""``boxlens watch``: folders followed as it happens."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output
from boxlens.cli.following.options import Folders, GoneOption, absolute_folders, follow, gone_of, summary
from boxlens.cli.ingest import SystemFolders
from boxlens.domain.local_files import shown

if TYPE_CHECKING:
    from boxlens.domain.references import ImageRef
    from boxlens.domain.reports import Failure
    from boxlens.library.following.folders import SyncReport


def watch(
    folders: Folders,
    collection: output.Collection = None,
    gone: GoneOption = "keep",
    quiet: Annotated[str, typer.Option(help="Times of the day to rest in, such as 22:00-06:00,12:00-13:00.")] = "",
    poll: Annotated[bool, typer.Option("--poll", help="Look every while, as on network drives.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between looks at network drives.")] = 30,
    system_folders: SystemFolders = False,
) -> None:
    """Follow folders until Ctrl-C: what is put into them is found some seconds later. Pause it with `following pause`.

    Example: boxlens watch ~/Pictures --gone trash --quiet 01:00-06:00
    """
    from boxlens.ingest.folders import FolderRules
    from boxlens.library.following.quiet import QuietTimes
    from boxlens.library.following.sync import FolderSync, SyncOptions, Tellers
    from boxlens.library.following.watch import Watcher, WatchOptions
    from boxlens.wiring import open_boxlens

    paths = absolute_folders(folders)
    settings = output.settings()
    name = collection or settings.collection
    options = WatchOptions(
        SyncOptions(gone=gone_of(gone), rules=FolderRules(system_folders, frozenset({settings.data_dir}))),  # type: ignore[arg-type]
        QuietTimes.parse(quiet),
        every,
        poll,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _end(stop))
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        scoped = boxlens.for_collection_or_new(name)
        watcher = Watcher(
            FolderSync(scoped, scoped.indexer, boxlens.following),
            boxlens.following,
            follow(boxlens.following, name, paths),
            options,
            tellers=Tellers(failure=_print_failure),
            on_sync=_print_report,
            report=output.report,
        )
        output.line(f"Following {', '.join(map(shown, paths))} into {name}  (Ctrl-C ends it)")
        watcher.run(stop)


def _end(stop: threading.Event) -> None:
    """The first signal ends after the pictures under way, the second at once."""
    if stop.is_set():
        os._exit(130)
    stop.set()


def _print_failure(ref: ImageRef, failure: Failure) -> None:
    output.line(f"  {failure.uri}: {failure.reason} {failure.hint}")


def _print_report(path: Path, report: SyncReport) -> None:
    if any(report.changes.values()) or report.updated or report.failed:
        output.line(f"{path}: {summary(report)}")
