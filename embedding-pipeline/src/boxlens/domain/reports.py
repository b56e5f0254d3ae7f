"""What an ingest, a bulk write or a check reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One picture that could not be taken in, with the stage, a stable code, the reason and what to do.

    ``file`` and ``line`` (counted from 1) are set when it is an entry of a manifest, or a sidecar.
    """

    uri: str
    stage: str
    code: str
    reason: str
    hint: str = ""
    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one document of a bulk write; ``reason`` is set when it failed."""

    object_id: str
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Work done by one stage so far: items through it and seconds spent in it."""

    name: str
    items: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is needed and not there, and what repairs it."""

    name: str
    detail: str
    repair: str


SURE_THING = 0.6
"""Score of the detector from which it is sure of a thing in a picture."""

MIN_JUDGED = 20
"""With fewer new pictures nothing is said of how they fit their pack."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How an ingest stands or ended: every picture is counted in exactly one of stored, updated, unchanged, failed,
    deleted (from the collection by a person before, and left so) and repaired (its stored bytes were lost or cut, and
    put again).

    ``reasons`` counts failures by their code; ``objects`` counts documents written, frames included. ``unsure``: of the
    stored ones those in which the detector is sure of nothing.
    """

    stored: int
    updated: int
    unchanged: int
    failed: int
    objects: int
    seconds: float
    stages: tuple[Stage, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    deleted: int = 0
    repaired: int = 0
    unsure: int = 0

    @property
    def fits(self) -> bool:
        """Whether the pictures look like what their pack knows. Most photographs have something that its detector is
        sure of, most drawings have not: docs/models.md has the table."""
        return self.stored < MIN_JUDGED or 2 * self.unsure <= self.stored

    @property
    def images(self) -> int:
        return self.stored + self.updated + self.unchanged + self.failed + self.deleted + self.repaired

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "stored": self.stored,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "unsure": self.unsure,
            "deleted": self.deleted,
            "repaired": self.repaired,
            "objects": self.objects,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images / self.seconds, 2) if self.seconds else 0.0,
            "stages": {s.name: {"items": s.items, "seconds": round(s.seconds, 3)} for s in self.stages},
            "reasons": dict(self.reasons),
            "interrupted": self.interrupted,
        }
