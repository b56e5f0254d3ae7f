"""``boxlens sync``, ``boxlens watch`` and ``boxlens following``: folders whose pictures follow by themselves."""

from __future__ import annotations

import typer

from boxlens.cli.following import folders, sync, watch


def add_to(app: typer.Typer) -> None:
    app.command()(sync.sync)
    app.command()(watch.watch)
    app.add_typer(folders.app, name="following")
