"""What ``sync`` and ``watch`` share: options, the folders of a call, and how a sync is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output
from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import shown, stored_path

if TYPE_CHECKING:
    from boxlens.library.following.folders import ChangeKind, FollowedFolder, SyncReport
    from boxlens.library.following.ledger import Ledger

Folders = Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Folders to follow.")]
GoneOption = Annotated[
    str,
    typer.Option(
        "--gone",
        help="Images whose files are gone: keep them, mark them (filter gone>2000), or trash them.",
        metavar="keep|mark|trash",
    ),
]
EvenEmpty = Annotated[bool, typer.Option("--even-empty", help="Believe a folder that holds nothing any more.")]

_WORDS: Mapping[ChangeKind, str] = {
    "new": "new",
    "changed": "changed",
    "moved": "renamed or moved",
    "copied": "further copies",
    "name_gone": "copies gone",
    "gone": "gone",
}


def absolute_folders(names: Sequence[str]) -> list[str]:
    """Folders as the ledger names them. Raises BadSource for what is no folder."""
    paths = [Path(name).absolute() for name in names]
    for path in paths:
        if not path.is_dir():
            hint = "Is its drive there? A file or manifest is taken in by `boxlens ingest`."
            raise BadSource(f"{shown(str(path))} is no folder.", hint=hint)
    for path in paths:
        if outer := next((other for other in paths if other != path and path.is_relative_to(other)), None):
            raise BadSource(f"{shown(str(path))} lies in {shown(str(outer))}.", hint="Give the outer one alone.")
    return list(dict.fromkeys(stored_path(str(path)) for path in paths))


def follow(ledger: Ledger, collection: str, paths: Sequence[str]) -> list[FollowedFolder]:
    """Their entries in the ledger, made where they are not there."""
    return [ledger.follow(collection, path) for path in paths]


def gone_of(text: str) -> str:
    """One of ``Gone``. Raises BadSource."""
    from typing import get_args

    from boxlens.library.following.folders import Gone

    if text not in get_args(Gone):
        raise BadSource(f"--gone {text!r} is none of {', '.join(get_args(Gone))}.", hint="Write --gone mark.")
    return text


def summary(report: SyncReport) -> str:
    """A sync in one line; what did not happen is left out."""
    parts = [f"{report.changes[kind]:,} {words}" for kind, words in _WORDS.items() if report.changes.get(kind)]
    parts += [f"{report.unchanged:,} unchanged"]
    parts += [f"{report.failed:,} failed"] if report.failed else []
    parts += [f"{report.deleted:,} deleted before and left so (--take-deleted)"] if report.deleted else []
    parts += [f"{report.unsettled:,} still being written"] if report.unsettled else []
    return ", ".join(parts) + (" (interrupted: run the same command to go on)" if report.interrupted else "")


def print_problem(folder: FollowedFolder) -> None:
    if folder.problem:
        output.line(f"  {folder.problem}")
