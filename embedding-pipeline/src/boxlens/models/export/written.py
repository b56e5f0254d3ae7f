"""What is known of a network once its graph is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Written:
    """``side``: pixels of the picture's side, 0 for texts. ``dims``: numbers of a vector. ``data``: the second file,
    with the weights, of a network too large for one."""

    side: int
    dims: int
    data: Path | None
