"""What was once fetched stays the same: the revision of each repository, and the hash of each of its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boxlens.fetch.download import FileIdentity


@dataclass(frozen=True, slots=True)
class Pin:
    """``revision``: a commit of the hub, empty when none is known; ``files``: what each file must be."""

    revision: str = ""
    files: dict[str, FileIdentity] = field(default_factory=dict)


class Pins:
    """A JSON file of pins by repository, written whole at each change. ``newest`` begins without what stands in it."""

    def __init__(self, path: Path, *, newest: bool = False) -> None:
        self._path = path
        self._pins = {} if newest else _read(path)

    def of(self, repo: str) -> Pin:
        """What is pinned of a repository."""
        return self._pins.get(repo, Pin())

    def remember(self, repo: str, revision: str, file: str, identity: FileIdentity) -> None:
        """Pin a file that was found right. Another revision than the pinned one begins the repository anew."""
        pin = self.of(repo)
        files = pin.files if pin.revision == revision else {}
        self._pins[repo] = Pin(revision, {**files, file: identity})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".part")
        unfinished.write_text(json.dumps(self._rows(), indent=1) + "\n", "utf-8")
        unfinished.replace(self._path)

    def _rows(self) -> dict[str, Any]:
        return {
            repo: {
                "revision": pin.revision,
                "files": {name: {"size": w.size, "digest": w.digest} for name, w in pin.files.items()},
            }
            for repo, pin in self._pins.items()
        }


def _read(path: Path) -> dict[str, Pin]:
    """The pins of the file by repository; an empty dictionary when it cannot be read."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        return {
            repo: Pin(str(row["revision"]), {name: FileIdentity(**identity) for name, identity in row["files"].items()})
            for repo, row in rows.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
