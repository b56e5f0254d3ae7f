"""``boxlens saved``: saved searches that watch for new pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from boxlens.cli import output

if TYPE_CHECKING:
    from boxlens.library.saved.ledger import SavedSearches

app = typer.Typer(help="List and delete saved searches; they are saved on the page.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All saved searches and how many new pictures match. Example: boxlens saved list"""
    searches = _saved().searches()
    facts = [
        {
            "id": search.id,
            "name": search.name,
            "collection": search.collection,
            "unseen": search.unseen,
            "matches": search.matches,
            "problem": search.problem,
        }
        for search in searches
    ]
    if json:
        output.print_json(facts)
    elif facts:
        output.print_table(
            ("id", "name", "collection", "new", "matches", "problem"), [tuple(entry.values()) for entry in facts]
        )
    else:
        output.console.print("Nothing is saved.")


@app.command()
def delete(name: str) -> None:
    """Delete the saved search of that name or id. Example: boxlens saved delete holiday"""
    from boxlens.domain.errors import NotFound

    saved = _saved()
    search = next((search for search in saved.searches() if name in (search.name, search.id)), None)
    if search is None:
        raise NotFound(f"There is no saved search {name!r}.", hint="See them: boxlens saved list")
    saved.delete(search.id)
    output.line(f"{search.name} is deleted.")


def _saved() -> SavedSearches:
    from boxlens.library.saved.ledger import LEDGER, SavedSearches

    return SavedSearches(output.settings().data_dir / LEDGER)
