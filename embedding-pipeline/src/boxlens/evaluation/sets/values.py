"""What a data set says, whatever its layout: pictures, texts with the pictures they speak of, and boxes where known."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.layouts import Layout


@dataclass(frozen=True, slots=True)
class EvalImage:
    """One picture: a file of its own, or ``size`` bytes of base64 from ``start`` on in a table at line ``line``."""

    id: int
    path: Path
    start: int = 0
    size: int | None = None
    line: int = 0

    def read(self) -> bytes:
        """The bytes of the picture. Raises BadSource with file and line."""
        try:
            if self.size is None:
                return self.path.read_bytes()
            with self.path.open("rb") as file:
                file.seek(self.start)
                return base64.b64decode(file.read(self.size), validate=True)
        except OSError as error:
            raise BadSource(
                f"{self.path}: {error.strerror or error}", hint="Check the path of the pictures."
            ) from error
        except binascii.Error as error:
            raise broken(self.path, self.line, f"picture {self.id} is no base64") from error


@dataclass(frozen=True, slots=True)
class EvalText:
    """One text and the ids of all pictures it is right for; ``boxes`` holds, by picture, where what it names is.

    ``group`` sets kinds of texts of one data set apart, such as captions and names of things.
    """

    id: int
    text: str
    image_ids: frozenset[int]
    boxes: Mapping[int, tuple[Box, ...]] = field(default_factory=dict)
    group: str = "captions"


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A data set. ``absent`` are texts of things that no picture of it shows."""

    name: str
    layout: Layout
    images: tuple[EvalImage, ...]
    texts: tuple[EvalText, ...]
    absent: tuple[str, ...] = ()


def broken(path: Path, line: int, what: str, hint: str = "Fetch the file again, or correct the line.") -> BadSource:
    """The error of one line of a file."""
    return BadSource(f"{path}:{line}: {what}.", hint=hint)


def require_pictures(path: Path, lines: Mapping[int, int], images: Mapping[int, EvalImage]) -> None:
    """Raises BadSource for the first picture that a text names (``lines``: id to line) and nothing holds."""
    for image_id, line in lines.items():
        if image_id not in images:
            raise broken(path, line, f"picture {image_id} is not in the set", hint="Fetch the pictures of this split.")
