"""A perceptual hash as a short text, to find pictures that were saved again, made smaller, or cropped a little.

The text is two parts, so that telling two apart needs nothing but their texts:

- 16 hex digits, 64 bits: the perceptual hash of the picture's brightness. It is made 32 x 32, and of the 8 x 8 lowest
  frequencies of its cosine transform (without the mean) each bit says whether it lies above their median. Zauner,
  "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1.
- 82 characters of six bits: the picture at 8 x 8 in brightness and at 3 x 3 in colour (CIELAB, steps of 4 of 256). The
  hash alone takes a red thing for a green one, and one thing more in a large picture for the same picture.

The limits were chosen on 111 photos and 150 drawn scenes; docs/folding.md has the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.pictures import Pixels

MAX_BITS = 8
"""Bits of 64 by which two pictures that look the same may differ."""

MAX_BRIGHTNESS = 20.0
"""Levels of 256 by which any of the 8 x 8 cells may differ after their mean and contrast were made alike."""

MAX_CONTRAST = 1.5
"""Factor between the contrasts (standard deviations) of two pictures."""

MAX_COLOUR = 12.0
"""Levels of 256 by which the a and b of any of the 3 x 3 cells may differ."""

_BRIGHT, _COLOUR, _STEP = 8, 3, 4
_SMALL = 96  # pixels a side from which all else is made: a multiple of 32, 8 and 3
_CHUNK = 128  # pictures compared with all others in one go: more would need more memory and be no faster
_FLAT = 4.0  # contrast of a picture in which there is nothing to see
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

Floats = npt.NDArray[np.float32]


def picture_hash(pixels: Pixels) -> str:
    """98 characters for an RGB picture of shape (height, width, 3)."""
    small = np.asarray(cv2.resize(pixels, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()[1:]
    bits = np.append(low > np.median(low), False)
    brightness = _lab(small, _BRIGHT)[..., 0]
    colour = _lab(small, _COLOUR)[..., 1:]
    levels = np.concatenate([brightness.ravel(), colour.ravel()]) // _STEP
    return np.packbits(bits).tobytes().hex() + "".join(_DIGITS[level] for level in levels)


def _lab(small: Pixels, side: int) -> npt.NDArray[np.uint8]:
    cells = cv2.resize(small, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(cells, cv2.COLOR_RGB2LAB), np.uint8)


def bits_of(text: str) -> int | None:
    """The first 64 bits as a signed number, which is even always; None for a picture without a hash."""
    return int.from_bytes(bytes.fromhex(text[:16]), "big", signed=True) if text else None


def near_duplicates(bits: Sequence[int | None]) -> list[int]:
    """The places whose bits are as near to those of another as pictures that look the same."""
    places = [place for place, hashed in enumerate(bits) if hashed is not None]
    hashes = np.array([hashed for hashed in bits if hashed is not None], np.int64).view(np.uint64)
    near = [
        (np.bitwise_count(hashes ^ chunk[:, None]) <= MAX_BITS).sum(axis=1) > 1
        for chunk in (hashes[start : start + _CHUNK] for start in range(0, len(hashes), _CHUNK))
    ]
    return [places[i] for i in np.flatnonzero(np.concatenate(near))] if near else []


def is_duplicate(first: str, other: str) -> bool:
    """Whether two pictures look the same by their hashes."""
    if (int(first[:16], 16) ^ int(other[:16], 16)).bit_count() > MAX_BITS:
        return False
    return _same_cells(_cells(first), _cells(other))


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Brightness less its mean, shape (64,); its contrast; colour, shape (18,). In levels of 256."""

    brightness: Floats
    contrast: float
    colour: Floats


def _cells(text: str) -> _Cells:
    levels = np.array([_DIGITS.index(digit) for digit in text[16:]], np.float32) * _STEP
    brightness, colour = levels[: _BRIGHT**2], levels[_BRIGHT**2 :]
    return _Cells(brightness - brightness.mean(), max(float(brightness.std()), _FLAT), colour)


def _same_cells(first: _Cells, other: _Cells) -> bool:
    low, high = sorted((first.contrast, other.contrast))
    if high > MAX_CONTRAST * low or np.abs(first.colour - other.colour).max() > MAX_COLOUR:
        return False
    apart = np.abs(first.brightness / first.contrast - other.brightness / other.contrast).max()
    return bool(apart * np.sqrt(low * high) <= MAX_BRIGHTNESS)


def group_duplicates(hashes: Sequence[str]) -> list[tuple[int, list[int]]]:
    """Places that stay, in order, each with the later places collapsed into it: those that look like it, and like none
    that stays before it. A place without a hash ("") stays."""
    groups: list[tuple[int, list[int]]] = []
    bits = np.array([int(text[:16] or "0", 16) for text in hashes], np.uint64)
    stay = np.zeros(len(hashes), np.int64)  # the group numbers of places with a hash that stay, and their bits
    stay_bits = np.zeros(len(hashes), np.uint64)
    cells: dict[int, _Cells] = {}
    count = 0
    for place, text in enumerate(hashes):
        if not text:
            groups.append((place, []))
            continue
        near = np.flatnonzero(np.bitwise_count(stay_bits[:count] ^ bits[place]) <= MAX_BITS)
        if len(near):
            cells[place] = _cells(text)
        for group in stay[near].tolist():
            first = groups[group][0]
            if first not in cells:
                cells[first] = _cells(hashes[first])
            if _same_cells(cells[first], cells[place]):
                groups[group][1].append(place)
                break
        else:
            stay[count], stay_bits[count] = len(groups), bits[place]
            count += 1
            groups.append((place, []))
    return groups
