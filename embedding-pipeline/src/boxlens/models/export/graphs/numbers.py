"""Kinds of numbers that numpy does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def widened(raw: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """float32 of the same shape from bfloat16 held as uint16: the upper half of a float32's bits."""
    return (raw.astype(np.uint32) << 16).view(np.float32)
