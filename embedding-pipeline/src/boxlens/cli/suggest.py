"""``boxlens suggest``: words of a collection by what was typed so far."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from boxlens.cli import output
from boxlens.cli.stored import check_anything_stored, explaining_absence


def add_to(app: typer.Typer) -> None:
    app.command()(suggest)


def suggest(
    typed: Annotated[str, typer.Argument(help="What was typed so far: a prefix, pinyin, or with a typo.")],
    limit: Annotated[int, typer.Option("-k", min=1, max=50, help="How many.")] = 10,
    collection: output.Collection = None,
    json: output.Json = False,
) -> None:
    """Words that find something. Example: boxlens suggest zixing"""

    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    check_anything_stored(settings, name)
    with open_boxlens(settings, output.report) as boxlens, explaining_absence(settings):
        terms = boxlens.for_collection(name).suggester.suggest(name, typed, limit)
    if json:
        output.print_json([asdict(suggestion) for suggestion in terms])
    elif terms:
        output.print_table(("text", "kind", "images"), [(s.text, s.kind, s.count) for s in terms])
    else:
        output.console.print("Nothing begins so.")
