"""What the commands share that print the tables of docs/: Markdown, and the line that says what was measured where."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from boxlens.domain.collections import PackInfo


def head(command: str, what: str, pack: PackInfo | None = None) -> str:
    """The line above the tables of one command: the command, what was measured, pack, hardware and date."""
    of = f", pack {pack.name} of revision {pack.revision}" if pack else ""
    machine = f"{os.cpu_count()} shared cores, {platform.system()} {platform.machine()}"
    return f"`{command}` prints this: {what}{of}; {machine}, {datetime.now(UTC).date().isoformat()}."


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (columns, *rows)]
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]])


def percent(*shares: float) -> str:
    """Shares 0..1 of one cell."""
    return " / ".join(f"{100 * share:.0f}" for share in shares)
