"""What travels through the ingest graph: a picture on its way, or how it ended early."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from boxlens.domain.errors import Unavailable
from boxlens.domain.objects import Detection, IndexedObject, TextLine
from boxlens.domain.pictures import ImageRecord, Pixels
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure
from boxlens.imaging.decoding import Picture
from boxlens.pipeline.model_set import Shrunk
from picture_decoding import Reservation


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes at hand. ``image_id`` is their SHA-256 in hex."""

    ref: ImageRef
    data: bytes = field(repr=False)
    image_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A picture that is not stored yet, of which the header was read: it tells the memory that decoding takes.
    ``memory``: what its group has reserved, once it may be decoded."""

    ref: ImageRef
    picture: Picture = field(repr=False)
    data: bytes = field(repr=False)
    image_id: str
    memory: Reservation | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A decoded picture and its record; ``objects`` and ``lines`` fill in as it goes on."""

    ref: ImageRef
    image: ImageRecord
    pixels: Pixels = field(repr=False)
    data: bytes = field(default=b"", repr=False)
    objects: tuple[Detection, ...] = ()
    lines: tuple[TextLine, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One object on its way: what the encoders see of it, and its vectors as they come."""

    ref: ImageRef
    object: IndexedObject
    shrunk: Shrunk = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Unchanged:
    """Stored whole already, with the same words. ``standing``: "repaired" where its stored bytes were lost or cut and
    were put again; "deleted" for one that a person deleted from the collection, and that is left so."""

    ref: ImageRef
    image_id: str
    standing: Literal["unchanged", "repaired", "deleted"] = "unchanged"


@dataclass(frozen=True, slots=True, eq=False)
class Rewritten:
    """Stored already, but its owner now says something else of it: the known vectors with the new words. ``before`` is
    the record as it is stored; None where the words are those of another pack's image."""

    ref: ImageRef
    objects: tuple[IndexedObject, ...]
    before: ImageRecord | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """This picture cannot be taken in; ``error`` is what was raised."""

    ref: ImageRef
    failure: Failure
    error: Exception


@dataclass(frozen=True, slots=True)
class Outage:
    """A server, a model or the disk is away: no picture's fault, so the run must stop."""

    ref: ImageRef
    error: Unavailable


Ended = Unchanged | Rewritten | Failed | Outage
Row = Fetched | Measured | Opened | Crop | Ended
