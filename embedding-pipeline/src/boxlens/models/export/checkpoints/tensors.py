"""The tensors of a checkpoint, taken by name and shape; those that were not taken are an error that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """One tensor as it lies in the file; ``array`` brings it in as float32.

    ``half``: its numbers are rounded to float16 first.
    """

    name: str
    raw: npt.NDArray[Any]
    half: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.raw.shape

    def array(self) -> npt.NDArray[np.float32]:
        """float32, contiguous."""
        raw = self.raw.astype(np.float16) if self.half else self.raw
        return np.ascontiguousarray(raw, np.float32)

    def transposed(self) -> Tensor:
        """The transposed matrix, as a view of the same numbers."""
        return replace(self, name=f"{self.name}.T", raw=self.raw.T)


class Tensors:
    """Tensors by name, each of which a network must use.

    ``source`` is what errors call the file. Raises ModelMissing with the name, what was wanted and what was found.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], source: str) -> None:
        self._arrays = dict(arrays)
        self._source = source
        self._taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor that must be there."""
        return self._array(name).shape

    def take(self, name: str, *shape: int, half: bool = False) -> Tensor:
        """The tensor of this name, which must have this shape (-1: any size)."""
        array = self._array(name)
        fits = len(array.shape) == len(shape) and all(s in (-1, a) for s, a in zip(shape, array.shape, strict=True))
        if not fits or array.dtype.kind != "f":
            raise self.unfit(f"{name} is {array.dtype} {list(array.shape)}, wanted are floats {list(shape)}")
        self._taken.add(name)
        return Tensor(name, array, half)

    def maybe(self, name: str, *shape: int, half: bool = False) -> Tensor | None:
        """As ``take``, or None when there is no tensor of this name."""
        return self.take(name, *shape, half=half) if name in self else None

    def count(self, prefix: str) -> int:
        """How many layers there are: one more than the highest number that follows ``prefix``."""
        heads = {name[len(prefix) :].split(".", 1)[0] for name in self._arrays if name.startswith(prefix)}
        return max((int(head) for head in heads if head.isdecimal()), default=-1) + 1

    def leave(self, *prefixes: str) -> None:
        """Tensors that belong to the checkpoint and to no network here."""
        self._taken.update(name for name in self._arrays if name.startswith(prefixes))

    def finish(self) -> None:
        """Raises ModelMissing when a tensor was not used: the network is then another one than was built."""
        left = sorted(self._arrays.keys() - self._taken)
        if left:
            raise self.unfit(f"it has {len(left)} tensors that this network does not have: {', '.join(left[:5])}")

    def _array(self, name: str) -> npt.NDArray[Any]:
        if name not in self._arrays:
            raise self.unfit(f"{name} is not in it")
        return self._arrays[name]

    def unfit(self, what: str) -> ModelMissing:
        """The error that the file holds another network, ``what`` saying how that shows."""
        return ModelMissing(
            f"{self._source} is another network than was looked for: {what}.",
            hint="Give the weights that belong to the named model; other networks of timm need the extra torch.",
        )
