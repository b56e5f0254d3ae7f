"""The vectors of a query picture come each from its own encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.parts import networks, scene

from embedding_pipeline.domain import Box, Pixels, Vector
from embedding_pipeline.pipeline import QueryPipeline


class Counting:
    """Unit vectors of ``dims`` numbers."""

    def __init__(self, dims: int) -> None:
        self.dims = dims

    def encode_images(self, pictures: list[Pixels]) -> Vector:
        return np.eye(self.dims, dtype=np.float32)[[0] * len(pictures)]


def test_each_vector_comes_from_its_own_encoder() -> None:
    nets = replace(networks(), vit=Counting(7), clip=Counting(5))
    (look,) = QueryPipeline(nets).look([scene(("red", Box(10, 20, 60, 80)))], [None])
    assert look.vit is not None
    assert look.clip is not None
    assert (look.vit.shape, look.clip.shape) == ((7,), (5,))
