"""Tiny real ONNX networks that tests run through onnxruntime."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def image_network(path: Path, dims: int, *, size: int = 8, batch: int | str = "n", seed: int = 0) -> Path:
    """image float32 (n, 3, size, size) -> features (n, dims): one random matrix."""
    weights = np.random.default_rng(seed).normal(size=(3 * size * size, dims)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["features"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, size, size])
    return _save(path, nodes, image, [batch, dims], weights)


def text_network(path: Path, dims: int, vocabulary: int, *, seed: int = 1) -> Path:
    """text int64 (n, 52) -> features (n, dims): the sum of one random row for each token."""
    weights = np.random.default_rng(seed).normal(size=(vocabulary, dims)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["w", "text"], ["rows"], axis=0),
        helper.make_node("ReduceMean", ["rows"], ["features"], axes=[1], keepdims=0),
    ]
    text = helper.make_tensor_value_info("text", TensorProto.INT64, ["n", 52])
    return _save(path, nodes, text, ["n", dims], weights)


def detector_network(path: Path, rows: np.ndarray, *, size: int = 64) -> Path:
    """image float32 (n, 3, size, size) -> the given rows, the same for every picture; a v8 output with its batch."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["top"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Squeeze", ["top", "last"], ["column"]),
        helper.make_node("Mul", ["column", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "w"], ["features"]),
    ]
    extra = [
        numpy_helper.from_array(np.array([3], np.int64), "last"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, size, size])
    raw = rows.astype(np.float32)[None]
    return _save(path, nodes, image, ["n", *rows.shape], raw, extra)


def entry(path: Path) -> dict[str, Any]:
    """What pack.json says of a file in the pack's own folder."""
    data = path.read_bytes()
    return {"path": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _save(
    path: Path, nodes: list[Any], source: Any, shape: list[Any], weights: np.ndarray, extra: list[Any] | None = None
) -> Path:
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)
    constants = [numpy_helper.from_array(weights, "w"), *(extra or [])]
    graph = helper.make_graph(nodes, "tiny", [source], [features], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
