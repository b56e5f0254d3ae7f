"""``boxlens following``: which folders are followed, pause, resume, forget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output
from boxlens.cli.following.options import print_problem
from boxlens.domain.errors import NotFound
from boxlens.domain.local_files import local_path, shown, stored_path

if TYPE_CHECKING:
    from boxlens.library.following.folders import FollowedFolder
    from boxlens.library.following.ledger import Ledger

app = typer.Typer(help="Show, pause and forget followed folders.", no_args_is_help=True)
FolderName = Annotated[str, typer.Argument(metavar="FOLDER", help="The folder, in all its collections.")]


@app.command(name="list")
def list_folders(json: output.Json = False) -> None:
    """Followed folders and how they are getting on. Example: boxlens following list"""
    with _ledger() as ledger:
        folders = ledger.folders()
    now = time.time()
    if json:
        output.print_json([_as_dict(folder, now) for folder in folders])
        return
    for folder in folders:
        synced = datetime.fromtimestamp(folder.synced_at).strftime("%Y-%m-%d %H:%M") if folder.synced_at else "never"
        pending = f", {folder.pending:,} waiting" if folder.pending else ""
        state = "paused" if folder.paused else folder.standing(now)
        output.line(f"{local_path(folder.path)} -> {folder.collection}: {state}{pending}; last synced {synced}")
        print_problem(folder)
    if not folders:
        output.line("No folder is followed: boxlens sync FOLDER, boxlens watch FOLDER.")


@app.command()
def pause(folder: FolderName) -> None:
    """Let a watched folder rest; what happens meanwhile is done later. Example: boxlens following pause ~/Pictures"""
    _set(folder, paused=True)


@app.command()
def resume(folder: FolderName) -> None:
    """Go on with a paused folder. Example: boxlens following resume ~/Pictures"""
    _set(folder, paused=False)


@app.command()
def forget(folder: FolderName) -> None:
    """Follow a folder no more; what was taken in from it stays. Example: boxlens following forget ~/Pictures"""
    with _ledger() as ledger:
        for entry in _entries(ledger, folder):
            ledger.forget(entry.id)
            output.line(f"{local_path(entry.path)} -> {entry.collection} is forgotten.")


def _set(folder: str, *, paused: bool) -> None:
    with _ledger() as ledger:
        for entry in _entries(ledger, folder):
            ledger.update(entry.id, paused=paused)
            output.line(f"{local_path(entry.path)} -> {entry.collection} {'is paused' if paused else 'goes on'}.")


@contextmanager
def _ledger() -> Iterator[Ledger]:
    from boxlens.library.following.ledger import LEDGER, Ledger

    ledger = Ledger(output.settings().data_dir / LEDGER)
    try:
        yield ledger
    finally:
        ledger.close()


def _entries(ledger: Ledger, folder: str) -> list[FollowedFolder]:
    path = stored_path(str(Path(folder).absolute()))
    entries = [entry for entry in ledger.folders() if entry.path == path]
    if not entries:
        raise NotFound(f"{shown(path)} is not followed.", hint="See `boxlens following list`.")
    return entries


def _as_dict(folder: FollowedFolder, now: float) -> dict[str, object]:
    return {
        "id": folder.id,
        "folder": shown(local_path(folder.path)),
        "collection": folder.collection,
        "gone": folder.gone,
        "state": folder.standing(now),
        "paused": folder.paused,
        "polling": folder.polling,
        "quiet": folder.quiet,
        "pending": folder.pending,
        "problem": folder.problem,
        "synced_at": folder.synced_at or None,
        "last_sync": dict(folder.report) or None,
    }
