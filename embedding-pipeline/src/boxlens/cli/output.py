"""How commands print: for people on the console, for programs as JSON (``--json``), errors on standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from boxlens.domain.errors import BadInput, BoxlensError
from boxlens.domain.local_files import shown

if TYPE_CHECKING:
    from boxlens.servers import DownloadProgress
    from boxlens.settings import Settings

console = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)  # what is not the result: progress, hints, errors

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")]
Collection = Annotated[str | None, typer.Option("-c", "--collection", help="Which collection; else the set one.")]


def settings(**changes: Any) -> Settings:
    """Settings of this process. Raises BadInput naming the variable that cannot be used."""

    from tomllib import TOMLDecodeError

    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from boxlens.settings import Settings

    try:
        return Settings(**changes)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"Settings: {problems}", hint="Correct the BOXLENS_… variable or boxlens.toml.") from error
    except SettingsError as error:
        field = re.search(r'"(\w+)"', str(error))
        names = f"BOXLENS_{field[1].upper()} or BOXLENS_{field[1].upper()}__…" if field else "BOXLENS_…"
        raise BadInput(f"Settings: {names} is no JSON.", hint='A list is written as JSON: \'["a", "b"]\'.') from error
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"Settings: boxlens.toml cannot be read ({error}).", hint="Correct it, or take it away."
        ) from error


def report(text: str) -> None:
    """A remark beside the result."""
    stderr.print(shown(text), style="dim", markup=False)


def print_error(error: BoxlensError) -> None:
    """One line, and what to do."""
    stderr.print(f"boxlens: {shown(error.detail)}", style="red", markup=False, soft_wrap=True)
    if error.hint:
        stderr.print(f"  {shown(error.hint)}", markup=False, soft_wrap=True)


def line(text: str) -> None:
    """One line of the result that holds names or words from outside: no markup, no control character acts."""
    console.print(shown(text), markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    )
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain table; numbers to the right."""

    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else escape(shown(str(cell))) for cell in row))
    console.print(table)


def print_mapping(values: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        line(f"{name:<{width}}  {value}")


@contextmanager
def download_bar() -> Iterator[DownloadProgress]:
    """A progress bar for the jars of Elasticsearch; it shows itself at the first byte only."""

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
        console=stderr, transient=True,
    )  # fmt: skip
    task = bar.add_task("Downloading Elasticsearch", total=None, start=False)
    started = False

    def advance(done: int, total: int, name: str) -> None:
        nonlocal started
        if not started:
            started = True
            bar.start()
            bar.start_task(task)
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()
