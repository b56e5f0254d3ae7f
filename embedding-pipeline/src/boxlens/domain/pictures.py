"""Pictures: their pixels, and what is known of a stored one.

Pixels are ``uint8`` arrays of shape (height, width, 3) in RGB order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
else:
    Pixels = Any  # only who computes loads numpy


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """WGS 84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What is known of one stored picture, repeated on each object; ``image_id`` is the SHA-256 of its bytes.

    ``picture_hash`` tells what it looks like (see ``picture_hash``); "" for one stored before there was one.
    ``edited`` names what a person changed after it was taken in, of "caption", "tags" and "albums": no source
    overwrites it. ``albums`` are the names of the sets that persons put it into.
    ``other_sources`` are further places where the same bytes lie, ``other_names`` every other name they have had;
    ``gone_at`` is when they were found to lie at no place any more.
    """

    image_id: str
    bucket: str
    image_key: str
    source_uri: str
    file_name: str
    width: int
    height: int
    bytes: int
    format: str
    md5: str
    taken_at: datetime | None = None
    camera: str | None = None
    location: GeoPoint | None = None
    caption: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    picture_hash: str = ""
    edited: tuple[str, ...] = ()
    other_sources: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    gone_at: datetime | None = None
    albums: tuple[str, ...] = ()


def image_id_of(data: bytes) -> str:
    """The id of an image: the SHA-256 of its bytes in hex."""
    return hashlib.sha256(data).hexdigest()
