"""A file of weights, whatever its format."""

from __future__ import annotations

from pathlib import Path

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.checkpoints.safetensors_file import read_safetensors
from boxlens.models.export.checkpoints.tensors import Tensors
from boxlens.models.export.checkpoints.torch_file import read_torch


def read_weights(path: Path) -> Tensors:
    """The tensors of a ``.safetensors`` file, or of a checkpoint of torch (any other name). Raises ModelMissing."""
    if not path.is_file():
        raise ModelMissing(f"{path} is not there.", hint="Give the file of the weights.")
    return Tensors(read_safetensors(path) if path.suffix == ".safetensors" else read_torch(path), str(path))
