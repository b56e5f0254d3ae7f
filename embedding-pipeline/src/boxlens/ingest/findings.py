"""What a source holds that is not taken in, counted by kind, with the first few of each by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from boxlens.domain.local_files import shown

NAMED = 20
"""How many of each kind are kept by name, so that a million of them take no memory."""

UNREADABLE, SEEN, SYSTEM, HIDDEN, UNMATCHED, COMPANION, OWN, VIDEO = (
    "unreadable_folder", "folder_seen", "system", "hidden", "unmatched_sidecar", "companion", "own_file", "video",
)  # fmt: skip

MEANINGS: Mapping[str, str] = {
    UNREADABLE: "folders that cannot be read",
    SEEN: "linked folders that are part of the source already",
    SYSTEM: "files and folders of the system (--system-folders takes them)",
    HIDDEN: "hidden files and folders (--system-folders takes them)",
    UNMATCHED: "sidecars that belong to no picture",
    COMPANION: "files of cameras beside pictures, without words",
    OWN: "files and folders of Boxlens itself",
    VIDEO: "videos (boxlens ingest takes them in)",
}


class Findings:
    """Filled while references are read; complete when the last has been."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.named: dict[str, list[str]] = {}
        self.empty: list[str] = []
        """Sources in which there was nothing to take in."""

    def skip(self, kind: str, path: str) -> None:
        """``kind`` is one of ``MEANINGS``."""
        self.counts[kind] += 1
        names = self.named.setdefault(kind, [])
        if len(names) < NAMED:
            names.append(shown(path))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {kind: {"count": self.counts[kind], "first": self.named[kind]} for kind in MEANINGS if self.counts[kind]}
