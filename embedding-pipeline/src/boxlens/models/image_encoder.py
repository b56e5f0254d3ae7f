"""The image encoders: the ViT role, and the image tower of Chinese-CLIP, which differs in numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from boxlens.domain.errors import BadInput, ModelMissing
from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels
from boxlens.models.runtimes.session import Session

_BAND_PIXELS = 1 << 21  # of a larger picture a band of rows is resized after the other

Interpolation = Literal["bicubic", "bilinear", "lanczos", "area"]
_PILLOW = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}


class Preprocess(BaseModel):
    """The numbers between a crop and the network, as the network was trained with.

    ``fit`` "squash" resizes to the input whatever the shape; "centre" resizes the shorter side to size / crop_pct and
    cuts the centre out, as timm and torchvision do. ``interpolation``: bicubic, bilinear and lanczos by Pillow (with
    antialiasing, what the models were trained with), or opencv's faster area average. ``mean`` and ``std`` are for
    values 0..1; with dtype uint8 the network takes 0..255 as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: tuple[int, int] = Field(description="height, width")
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    interpolation: Interpolation = "bicubic"
    fit: Literal["squash", "centre"] = "squash"
    crop_pct: float = Field(1.0, gt=0, le=1)
    layout: Literal["nchw", "nhwc"] = "nchw"
    dtype: Literal["float32", "uint8"] = "float32"

    def batch(self, pictures: Sequence[Pixels]) -> npt.NDArray[np.float32] | npt.NDArray[np.uint8]:
        """Network input for n pictures, in ``layout`` and ``dtype``."""
        return self.tensor([self.resized(picture) for picture in pictures])

    def tensor(self, resized: Sequence[Pixels]) -> npt.NDArray[np.float32] | npt.NDArray[np.uint8]:
        """As ``batch``, for n pictures of the network's size."""
        stacked = np.stack(resized)
        if self.layout == "nchw":
            stacked = np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))
        if self.dtype == "uint8":
            return stacked
        shape = (1, 3, 1, 1) if self.layout == "nchw" else (1, 1, 1, 3)
        std = np.array(self.std, np.float64)
        scale = (1 / (255 * std)).astype(np.float32).reshape(shape)
        shift = (np.array(self.mean) / std).astype(np.float32).reshape(shape)
        return stacked * scale - shift

    def resized(self, picture: Pixels) -> Pixels:
        """uint8 (height, width, 3) of the network's size."""
        height, width = self.size
        x1, y1, x2, y2 = self._window(picture.shape[1], picture.shape[0])
        if self.interpolation == "area":
            part = picture[round(y1) : max(round(y2), round(y1) + 1), round(x1) : max(round(x2), round(x1) + 1)]
            smaller = part.shape[0] >= height and part.shape[1] >= width
            interpolation = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
            return np.asarray(cv2.resize(part, (width, height), interpolation=interpolation), np.uint8)
        filter = _PILLOW[self.interpolation]
        if picture.shape[0] * picture.shape[1] <= _BAND_PIXELS:
            image = Image.fromarray(picture)
            return np.asarray(image.resize((width, height), filter, box=(x1, y1, x2, y2)))
        narrow = Image.fromarray(_narrowed(picture, width, filter, x1, x2))
        return np.asarray(narrow.resize((width, height), filter, box=(0, y1, width, y2)))

    def _window(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a picture that fills the input, xyxy.

        Resizing this part alone gives the pixels that resizing all and cutting the centre would, without ever making
        the long strip of a thin crop.
        """
        if self.fit == "squash":
            return (0.0, 0.0, float(width), float(height))
        short = min(math.floor(side / self.crop_pct) for side in self.size)
        whole_w, whole_h = (
            (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
        )
        left, top = round((whole_w - self.size[1]) / 2), round((whole_h - self.size[0]) / 2)
        sx, sy = width / whole_w, height / whole_h
        return (left * sx, top * sy, min((left + self.size[1]) * sx, width), min((top + self.size[0]) * sy, height))


def _narrowed(picture: Pixels, width: int, filter: Image.Resampling, x1: float, x2: float) -> Pixels:
    """The columns from x1 to x2 resized to ``width``, all rows left as they are: the first of the two passes of any
    resizing. A band of rows at a time, because Pillow copies what it resizes, into more bytes than the picture has."""
    height = picture.shape[0]
    out = np.empty((height, width, 3), np.uint8)
    step = max(1, _BAND_PIXELS // picture.shape[1])
    for top in range(0, height, step):
        band = Image.fromarray(picture[top : top + step])
        out[top : top + step] = np.asarray(band.resize((width, band.height), filter, box=(x1, 0, x2, band.height)))
    return out


class OnnxImageEncoder:
    """Crops to unit vectors. ``role`` and ``dims`` are checked against the network at first use (ModelMissing)."""

    def __init__(self, session: Session, preprocess: Preprocess, dims: int, *, role: str = "vit") -> None:
        self._session = session
        self._preprocess = preprocess
        self._dims = dims
        self._role = role

    @property
    def dims(self) -> int:
        return self._dims

    def encode_images(self, pictures: Sequence[Pixels]) -> Vector:
        """float32 (n, dims), each row of length 1."""
        return self.encode_shrunk([self.shrunk(picture) for picture in pictures])

    def shrunk(self, picture: Pixels) -> Pixels:
        """uint8 (height, width, 3) of the network's size."""
        return self._preprocess.resized(picture)

    def encode_shrunk(self, pictures: Sequence[Pixels]) -> Vector:
        """As ``encode_images``, of pictures of the network's size."""
        if not pictures:
            return np.zeros((0, self._dims), np.float32)
        return unit(self._session.run(self._preprocess.tensor(pictures))[0], self._dims, self._role)

    def check(self) -> None:
        """Load the network and compare it with what the pack says of it. Raises ModelMissing."""
        try:
            self.encode_images([np.full((8, 8, 3), 127, np.uint8)])
        except BadInput as error:
            detail = f"The {self._role} network gives vectors that are no numbers."
            raise ModelMissing(detail, hint="boxlens models verify NAME") from error


def cosines(rows: npt.NDArray[Any], reference: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The cosine of each row of one (n, dims) to the same row of the other; 0 where a row is all zeros."""
    a, b = rows.astype(np.float64), reference.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.maximum(lengths, 1e-12), np.float64)


def unit(features: npt.NDArray[np.float32], dims: int, role: str) -> Vector:
    """Rows of length 1. Raises ModelMissing when the rows do not have ``dims`` numbers, BadInput when one of them is
    zero or not finite: what it was made of has no vector."""
    numbers = features.shape[-1] if features.ndim == 2 else tuple(features.shape)
    if numbers != dims:
        raise ModelMissing(
            f"The {role} network gives vectors of {numbers} numbers; the pack says {dims}.",
            hint="The file and pack.json do not belong together: boxlens models verify NAME",
        )
    rows = features.astype(np.float32, copy=False)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise BadInput(
            f"The {role} network gives no vector for it.", hint="When it is so for all: boxlens models verify NAME"
        )
    return np.asarray(rows / lengths, np.float32)
