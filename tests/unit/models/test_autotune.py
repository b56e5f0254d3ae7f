"""Choosing a backend at first use: measured once, remembered while nothing changes, and said."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.model_files.networks import image_network

from boxlens.domain.errors import ModelMissing
from boxlens.models.runtimes.autotune import AutotunedSession, ChoiceFile, measured
from boxlens.models.runtimes.backends import Backend
from boxlens.models.runtimes.onnx_session import OnnxSession
from boxlens.models.runtimes.session import Session

FP32, INT8 = Backend(), Backend("onnx", "int8")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return image_network(tmp_path / "small.onnx", 4, size=8)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Thousands of times the work of the small one, so that no busy moment makes it the faster."""
    return image_network(tmp_path / "large.onnx", 512, size=64)


def chosen(
    sessions: dict[Backend, Session], choices: Path | None, lines: list[str], *, files: Sequence[str] = ("a",)
) -> AutotunedSession:
    return AutotunedSession(
        "vit of pack tiny", sessions, files=files, rows=2, choices=ChoiceFile(choices), report=lines.append
    )


def test_the_fastest_is_found_said_and_remembered(small: Path, large: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    choices = tmp_path / "data" / "runtimes.json"
    session = chosen({FP32: OnnxSession(large), INT8: OnnxSession(small)}, choices, lines)
    assert session.described() == "not measured yet; open: onnx fp32, onnx int8"
    assert session.input.shape[-1] == 8
    assert len(lines) == 1
    assert lines[0].startswith("vit of pack tiny runs as onnx int8 (measured ")
    again = chosen({FP32: OnnxSession(large), INT8: OnnxSession(small)}, choices, lines)
    assert again.described().startswith("onnx int8 (measured ")
    assert again.run(np.zeros((3, 3, 8, 8), np.float32))[0].shape == (3, 4)
    assert len(lines) == 1
    chosen({FP32: OnnxSession(large), INT8: OnnxSession(small)}, choices, lines, files=("b",)).run(
        np.zeros((1, 3, 8, 8), np.float32)
    )
    assert len(lines) == 2, "other files are measured anew"


def test_one_way_is_taken_without_measuring(small: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    session = chosen({FP32: OnnxSession(small)}, tmp_path / "runtimes.json", lines)
    assert session.described() == "onnx fp32, the only way open to it"
    assert session.run(np.zeros((2, 3, 8, 8), np.float32))[0].shape == (2, 4)
    assert not lines
    assert not (tmp_path / "runtimes.json").exists()


def test_a_way_that_does_not_run_is_left_out(small: Path, tmp_path: Path) -> None:
    sessions: dict[Backend, Session] = {FP32: OnnxSession(tmp_path / "absent.onnx"), INT8: OnnxSession(small)}
    assert list(measured(sessions, 2, seconds=0.01)) == [INT8]
    with pytest.raises(ModelMissing, match=r"absent\.onnx"):
        measured({FP32: OnnxSession(tmp_path / "absent.onnx")}, 2)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"k": 3}', '{"k": {"way": "onnx fp32"}}'])
def test_a_damaged_memory_is_passed_over(text: str, small: Path, tmp_path: Path) -> None:
    path = tmp_path / "runtimes.json"
    path.write_text(text, "utf-8")
    assert ChoiceFile(path).get("k") is None
    lines: list[str] = []
    chosen({FP32: OnnxSession(small), INT8: OnnxSession(small)}, path, lines).run(np.zeros((1, 3, 8, 8), np.float32))
    assert len(lines) == 1
    assert len(json.loads(path.read_text("utf-8"))) >= 1


def test_a_place_that_cannot_be_written_stops_nothing(small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    lines: list[str] = []
    session = chosen({FP32: OnnxSession(small), INT8: OnnxSession(small)}, tmp_path / "file" / "runtimes.json", lines)
    assert session.run(np.zeros((1, 3, 8, 8), np.float32))[0].shape == (1, 4)
    assert len(lines) == 1


def test_many_threads_measure_once(small: Path, large: Path) -> None:
    lines: list[str] = []
    session = chosen({FP32: OnnxSession(large), INT8: OnnxSession(small)}, None, lines)
    shapes: list[tuple[int, ...]] = []
    work = lambda: shapes.append(session.run(np.zeros((2, 3, 8, 8), np.float32))[0].shape)  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shapes == [(2, 4)] * 4
    assert len(lines) == 1
