"""What was deleted and edited, by whom, and which keys were used or refused: lines of JSON in the data folder."""

from __future__ import annotations

import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import orjson

log = logging.getLogger(__name__)
FILE = "audit.jsonl"
_MAX_BYTES = 16 * 1024 * 1024
_KEPT = 4


class AuditLog:
    """Appends lines, each in one write, so that several processes may share the file; the owner alone may read it.

    A file that is full moves to ``audit.jsonl.1``, and so on; the last of four goes. What cannot be written is told
    in the program's log, and stops nobody's work.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._lock = threading.Lock()

    def add(self, event: str, *, by: str, **facts: object) -> None:
        """One line: when, what, by whom (the name of a key, or "command line"), and facts about it."""
        entry = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, "by": by, **facts}
        line = orjson.dumps(entry, default=str, option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self._lock:
                self._make_room(len(line))
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    os.write(descriptor, line)
                finally:
                    os.close(descriptor)
        except OSError as error:
            log.error("the audit log cannot be written: %s: %s", error, line.decode())

    def _make_room(self, size: int) -> None:
        try:
            full = self.path.stat().st_size + size > _MAX_BYTES
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return
        if full:
            for number in range(_KEPT - 1, 0, -1):
                older = self.path.with_name(f"{FILE}.{number}")
                if older.exists():
                    older.replace(self.path.with_name(f"{FILE}.{number + 1}"))
            self.path.replace(self.path.with_name(f"{FILE}.1"))
