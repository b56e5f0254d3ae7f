"""The results of several benchmarks as one page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from boxlens.benchmarks.machine import Machine

Row = Mapping[str, Any]


def one_page(machine: Machine, sections: Mapping[str, Mapping[str, Any]]) -> str:
    """A page with a section for each benchmark, under the command that was run: its lists of rows as tables, all else
    as names and values."""
    parts = [
        "# Measurements",
        f"{machine.hardware}; others took {machine.busy:.0%} of it before anything was measured; {machine.date}.",
    ]
    for command, result in sections.items():
        parts.append(f"## `{command}`")
        tables = {name: value for name, value in result.items() if _is_table(value)}
        facts = [{"what": name, "value": value} for name, value in result.items() if name not in tables]
        parts += [*map(_table, tables.values()), _table(facts)]
    return "\n\n".join(parts) + "\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _table(rows: Sequence[Row]) -> str:
    columns = [name for name, value in rows[0].items() if not _is_table(value)] if rows else []
    cells = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    lines = ["| " + " | ".join(line) + " |" for line in cells]
    inner = [_table(value) for row in rows for value in row.values() if _is_table(value)]
    return "\n\n".join(["\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]]), *inner])


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
