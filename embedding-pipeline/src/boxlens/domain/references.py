"""References to pictures that are to be taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boxlens.domain.errors import BoxlensError
from boxlens.domain.local_files import manifest_path, stored_path, unicode_name
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint

REMOTE = ("http://", "https://", "bucket://")
"""What the URI of a picture begins with that is no local file."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceProblem:
    """Why an entry of a source gives no picture: a pipe, a manifest line or a sidecar that cannot be understood.

    ``file`` and ``line`` (counted from 1) say where it stands, when not in the entry itself. ``row`` is what is
    written to a failures file, so that it can be corrected there and given as a source again.
    """

    error: BoxlensError
    file: str = ""
    line: int | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture to take in: where it is, and what its owner says of it.

    ``uri`` is a file path, ``http(s)://…`` or ``bucket://name/key``; ``data`` holds bytes already at hand (an upload).
    ``reference``: the bytes stay where they are and only the address is stored. ``before``: what is stored of it with
    another pack, frame first; its record and all words about it are kept. ``undelete``: it is taken in although it was
    deleted from the collection. With a ``problem`` there is no picture to take in: the entry is counted as failed, and
    the others go on.
    """

    uri: str
    data: bytes | None = field(default=None, repr=False)
    file_name: str = ""
    caption: str | None = None
    tags: tuple[str, ...] = ()
    taken_at: datetime | None = None
    location: GeoPoint | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    reference: bool = False
    before: tuple[IndexedObject, ...] = field(default=(), repr=False)
    undelete: bool = False
    problem: SourceProblem | None = None

    @property
    def source(self) -> str:
        """Where it lies, as stored: an address, or the absolute path of a file."""
        away = self.data is not None or self.uri.startswith(REMOTE)
        return stored_path(self.uri) if away else manifest_path(self.uri)

    @property
    def name(self) -> str:
        """The name of its file, as stored."""
        return unicode_name(self.file_name or self.uri.rsplit("/", 1)[-1])
