"""``boxlens sync``: what changed in folders since last time, said and done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from boxlens.cli import output
from boxlens.cli.following.options import EvenEmpty, Folders, GoneOption, absolute_folders, follow, gone_of, summary
from boxlens.cli.ingest import Failures, SystemFolders, TakeDeleted, interruptible, part_of, print_left_out
from boxlens.domain.local_files import local_path, shown

if TYPE_CHECKING:
    from boxlens.domain.references import ImageRef
    from boxlens.domain.reports import Failure
    from boxlens.library.following.folders import Change

_NAMED = 20


def sync(
    folders: Folders,
    collection: output.Collection = None,
    gone: GoneOption = "keep",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what changed; nothing is stored.")] = False,
    even_empty: EvenEmpty = False,
    system_folders: SystemFolders = False,
    take_deleted: TakeDeleted = False,
    failures: Annotated[Path, typer.Option(help="Where to list what failed.")] = Path("failures.jsonl"),
    json: output.Json = False,
) -> None:
    """Bring a collection up to date with folders: new, changed, renamed, moved and gone files. Try --dry-run first.

    Example: boxlens sync ~/Pictures --gone mark --dry-run
    """
    from boxlens.ingest.findings import Findings
    from boxlens.ingest.folders import FolderRules
    from boxlens.library.following.sync import FolderSync, SyncOptions, Tellers
    from boxlens.wiring import open_boxlens

    paths = absolute_folders(folders)
    settings = output.settings()
    name = collection or settings.collection
    options = SyncOptions(
        gone=gone_of(gone),  # type: ignore[arg-type]
        dry=dry_run,
        even_empty=even_empty,
        take_deleted=take_deleted,
        rules=FolderRules(system_folders, frozenset({settings.data_dir, failures, part_of(failures)})),
    )
    findings, lines = Findings(), ChangeLines(quiet=json, every=dry_run)
    reports: dict[str, dict[str, Any]] = {}
    interrupted = False
    with (
        Failures(failures) as failed,
        output.download_bar() as bar,
        open_boxlens(settings, output.report, bar) as boxlens,
        interruptible() as stop,
    ):
        scoped = boxlens.for_collection_or_new(name)
        syncing = FolderSync(scoped, scoped.indexer, boxlens.following)
        on_failure = lines.failure if dry_run else failed.add
        tellers = Tellers(lines.change, on_failure, findings=findings)
        for folder in follow(boxlens.following, name, paths):
            report = syncing.run(folder, options, tellers, stop=stop)
            shown_path = shown(local_path(folder.path))
            reports[shown_path] = report.as_dict()
            if not json:
                output.line(f"{shown_path}: {summary(report)}")
            interrupted = interrupted or report.interrupted
    if json:
        output.print_json(
            {
                "collection": name,
                "dry_run": dry_run,
                "folders": reports,
                "changes": lines.rows,
                "left_out": findings.as_dict(),
                "failures": str(failed.path) if failed.count else None,
            }
        )
    else:
        print_left_out(findings)
        if failed.count:
            output.line(f"What failed, with the reasons: {failed.path}")
        if dry_run:
            output.line("Nothing was stored (--dry-run).")
    if interrupted:
        raise typer.Exit(130)


class ChangeLines:
    """Changes as they are found: a line each, the first of each kind, or with ``every`` all of them; ``quiet`` only
    keeps them."""

    def __init__(self, *, quiet: bool, every: bool) -> None:
        self._quiet, self._every = quiet, every
        self._counts: Counter[str] = Counter()
        self.rows: list[dict[str, str]] = []

    def failure(self, ref: ImageRef, failure: Failure) -> None:
        if not self._quiet:
            output.line(f"failed    {failure.uri}: {failure.reason}")

    def change(self, change: Change) -> None:
        self._counts[change.kind] += 1
        if not (self._every or self._counts[change.kind] <= _NAMED):
            return
        if self._quiet:
            before = {"before": shown(change.before)} if change.before else {}
            self.rows.append({"kind": change.kind, "path": shown(change.path)} | before)
            return
        source = f"{change.before} -> " if change.before else ""
        output.line(f"{change.kind.replace('_', ' '):<10}{source}{change.path}")
