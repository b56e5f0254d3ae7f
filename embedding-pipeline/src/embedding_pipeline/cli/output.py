"""How commands speak: people on the console, machines through ``--json``, errors on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from embedding_pipeline.errors import BadInput, BoxlensError
from embedding_pipeline.servers import Downloaded
from embedding_pipeline.settings import Settings

console = Console(highlight=False)
aside = Console(stderr=True, highlight=False)  # what is not the result: progress, hints, errors

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")]
Collection = Annotated[str | None, typer.Option("-c", "--collection", help="Which collection; else the set one.")]


def settings(**changes: Any) -> Settings:
    """Settings of this process. Raises BadInput naming the variable that cannot be used."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"Settings: {problems}", hint="Correct the BOXLENS_… variable or boxlens.toml.") from error


def say(text: str) -> None:
    """A remark beside the result."""
    aside.print(text, style="dim", markup=False)


def complain(error: BoxlensError) -> None:
    """One line, and what to do."""
    aside.print(f"boxlens: {error.detail}", style="red", markup=False)
    if error.hint:
        aside.print(f"  {error.hint}", markup=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain table; numbers to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)


def print_mapping(values: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        console.print(f"{name:<{width}}  {value}", markup=False)


@contextmanager
def download_bar() -> Iterator[Downloaded]:
    """A progress bar for the jars of Elasticsearch; it shows itself at the first byte only."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
        console=aside, transient=True,
    )  # fmt: skip
    task = bar.add_task("Downloading Elasticsearch", total=None, start=False)
    started = False

    def report(done: int, total: int, name: str) -> None:
        nonlocal started
        if not started:
            started = True
            bar.start()
            bar.start_task(task)
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        bar.stop()
