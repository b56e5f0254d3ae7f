"""Writes the photo pack: ONNX files with small weights, parity with torch, pack.json.

Weights are stored in int8 with a scale for each output channel, or in float16, and turned to float32 by nodes that
onnxruntime and OpenVINO fold when they load a file: what runs is plain fp32.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 18
LARGE = 2048  # numbers of a tensor from which it is stored small
Form = Literal["int8", "float16"]


def write(
    net: nn.Module, example: Tensor, path: Path, source: str, out: str, form: Callable[[str, tuple[int, ...]], Form]
) -> float:
    """Export with a free batch and store large weights in the form told; the least cosine to torch over the example."""
    net = net.eval()
    program = torch.onnx.export(
        net,
        (example,),
        dynamo=True,
        input_names=[source],
        output_names=[out],
        opset_version=OPSET,
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    for tensor in list(model.graph.initializer):
        if tensor.data_type == TensorProto.FLOAT and int(np.prod(tensor.dims)) >= LARGE:
            _store(model.graph, tensor, form(tensor.name, tuple(tensor.dims)))
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    with torch.no_grad():
        expected = net(example).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    computed = np.asarray(session.run(None, {source: example.numpy()})[0])
    if session.run(None, {source: example[:1].numpy()})[0].shape[0] != 1:
        raise SystemExit(f"{path} has a fixed batch")
    a, b = expected.reshape(len(expected), -1), computed.reshape(len(computed), -1)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def _store(graph: Any, tensor: Any, form: Form) -> None:
    """The tensor in a small form, and nodes in front of all others that give it back under its own name."""
    values, name = numpy_helper.to_array(tensor), tensor.name
    graph.initializer.remove(tensor)
    if form == "float16":
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name + "_half"))
        nodes = [helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT)]
    else:
        small, scale = quantised(values, _output_axis(graph, name))
        graph.initializer.append(numpy_helper.from_array(small, name + "_small"))
        graph.initializer.append(numpy_helper.from_array(scale, name + "_scale"))
        nodes = [
            helper.make_node("Cast", [name + "_small"], [name + "_cast"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [name + "_cast", name + "_scale"], [name]),
        ]
    for node in reversed(nodes):
        graph.node.insert(0, node)
    for value in list(graph.value_info):
        if value.name == name:
            graph.value_info.remove(value)


def _output_axis(graph: Any, name: str) -> int:
    """The axis of a weight's output channels: the last of what MatMul multiplies by, else the first."""
    multiplied = any(node.op_type == "MatMul" and name in list(node.input)[1:] for node in graph.node)
    return -1 if multiplied else 0


def quantised(values: npt.NDArray[np.float32], axis: int = 0) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Symmetric int8 with a scale for each place of ``axis``; values are near small x scale."""
    axes = tuple(other for other in range(values.ndim) if other != axis % values.ndim)
    scale = np.maximum(np.abs(values).max(axis=axes, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
    return np.clip(np.rint(values / scale), -127, 127).astype(np.int8), scale
