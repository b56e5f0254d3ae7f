"""Followed folders and what was found changed in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Gone = Literal["keep", "mark", "trash"]
"""What becomes of an image whose file lies nowhere any more: nothing; ``gone_at`` is set; it is deleted, and can be
restored for an hour."""

ChangeKind = Literal["new", "changed", "moved", "copied", "name_gone", "gone"]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

FolderState = Literal["stopped", "waiting", "working", "paused", "quiet", "away"]
"""``stopped``: no process follows it now; ``waiting``: for something to happen; ``quiet``: the hours are quiet ones;
``away``: the folder, or a server, cannot be reached just now."""

ALIVE_S = 15.0
"""A process that was not heard of for so long is not there any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a folder. ``path`` is the file; ``before`` the path it was moved from.

    new: bytes that the folder did not hold; changed: other bytes under the same name; moved: the same bytes under
    another name or in another folder; copied: the same bytes once more; name_gone: one of several names of the same
    bytes is gone; gone: the bytes lie nowhere any more.
    """

    kind: ChangeKind
    path: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync found and did. ``changes`` counts by kind; ``updated`` counts images of which words or places were
    written anew, ``deleted`` files whose image a person deleted before, and ``unsettled`` files left for next time
    because they were still being written."""

    changes: Mapping[ChangeKind, int] = field(default_factory=dict)
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    deleted: int = 0
    unsettled: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        counts = {kind: self.changes.get(kind, 0) for kind in CHANGE_KINDS}
        return counts | {
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "deleted": self.deleted,
            "unsettled": self.unsettled,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
        }


@dataclass(frozen=True, slots=True)
class FollowedFolder:
    """A folder that is or was followed into a collection, as the ledger has it.

    ``complete``: the last sync came to its end, so that the ledger knows all that the index holds of the folder.
    ``seen_at`` is when the process that watches it was last alive, in seconds since 1970; ``pending`` how many changed
    files wait to be taken in; ``report`` and ``synced_at`` tell of the last sync.
    """

    id: int
    collection: str
    path: str
    gone: Gone = "keep"
    index: str = ""
    complete: bool = False
    paused: bool = False
    polling: bool = False
    quiet: str = ""
    state: FolderState = "stopped"
    seen_at: float = 0.0
    pending: int = 0
    problem: str = ""
    synced_at: float = 0.0
    report: Mapping[str, Any] = field(default_factory=dict)

    def standing(self, now: float) -> FolderState:
        """Its state, unless the process that told of it is not alive any more; ``now`` in seconds since 1970."""
        return self.state if now - self.seen_at < ALIVE_S else "stopped"
