"""Large batches are run in parts, and give what they would give whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.model_files.networks import image_network

from boxlens.models.runtimes import onnx_session
from boxlens.models.runtimes.onnx_session import OnnxSession

ROW_BYTES = 3 * 8 * 8 * 4


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 8, 11])
@pytest.mark.parametrize("bytes_at_once", [1, 4 * ROW_BYTES, 1 << 20])
def test_rows_come_back_in_order(
    rows: int, bytes_at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = OnnxSession(image_network(tmp_path / "network.onnx", 12))
    batch = np.random.default_rng(0).random((rows, 3, 8, 8), np.float32)
    alone = np.concatenate([np.empty((0, 12), np.float32), *(session.run(row[None])[0] for row in batch)])
    monkeypatch.setattr(onnx_session, "_BYTES_AT_ONCE", bytes_at_once)
    (vectors,) = session.run(batch)
    np.testing.assert_allclose(vectors, alone, atol=1e-6)
    assert vectors.shape == (rows, 12)
