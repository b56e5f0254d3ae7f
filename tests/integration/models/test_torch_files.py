"""Checkpoints as torch and safetensors themselves write them, read without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.model_files.torch_extra import needs_torch

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.checkpoints.safetensors_file import read_safetensors
from boxlens.models.export.checkpoints.torch_file import read_torch

pytestmark = needs_torch


@pytest.mark.parametrize("under", ["state_dict", "model", ""])
def test_what_torch_saves_is_read(tmp_path: Path, under: str) -> None:
    import torch

    state = {
        "plain": torch.randn(3, 4),
        "turned": torch.randn(5, 6).half().t(),
        "part": torch.randn(10)[3:7],
        "bfloat": torch.randn(4).bfloat16(),
        "parameter": torch.nn.Parameter(torch.randn(2, 2)),
        "whole": torch.arange(3),
        "one": torch.tensor(1.5),
        "none": torch.zeros(0, 3),
    }
    torch.save({under: state, "epoch": 1, "rate": 0.1, "names": ["x", None, True]} if under else state, tmp_path / "w")
    tensors = read_torch(tmp_path / "w")
    assert tensors.keys() == state.keys()
    for name, expected in state.items():
        assert np.array_equal(tensors[name], expected.detach().to(torch.float64).numpy()), name


def test_what_safetensors_saves_is_read(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    state = {"a": torch.randn(3, 4), "b": torch.randn(5).half(), "c": torch.randn(4).bfloat16(), "d": torch.arange(3)}
    save_file(state, tmp_path / "w.safetensors", {"format": "pt"})
    tensors = read_safetensors(tmp_path / "w.safetensors")
    assert tensors.keys() == state.keys()
    for name, expected in state.items():
        assert np.array_equal(tensors[name], expected.to(torch.float64).numpy()), name


def test_other_formats_of_torch_are_named(tmp_path: Path) -> None:
    import torch

    torch.save({"a": torch.zeros(2)}, tmp_path / "old", _use_new_zipfile_serialization=False)
    with pytest.raises(ModelMissing, match=r"before 1\.6"):
        read_torch(tmp_path / "old")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module")
    with pytest.raises(ModelMissing, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_torch(tmp_path / "module")
