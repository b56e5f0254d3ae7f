"""ONNX graphs written by hand: nodes one after another, weights beside them, one input and one output.

Operators and their attributes are those of https://onnx.ai/onnx/operators/ at operator set OPSET.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper

from boxlens.models.export.checkpoints.tensors import Tensor

OPSET = 18
IR = 10  # the file format of onnx 1.16, read by every onnxruntime since 1.18
INLINE_LIMIT = 1_600_000_000  # bytes of weights in one file; protobuf ends at 2 GB
DATA = ".data"
_ALIGNED = 4096  # external weights start at pages, so that they can be mapped


class Graph:
    """Collects nodes and weights, then writes them. The methods take and give names of values.

    Sequences are (n, tokens, width) and pictures (n, channels, height, width), n being free.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeProto] = []
        self._weights: dict[str, Tensor] = {}
        self._constants: dict[str, TensorProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node with one output."""
        output = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def thirds(self, value: str) -> tuple[str, str, str]:
        """Three values of equal width out of one (n, tokens, 3 widths)."""
        at = len(self._nodes)
        names = (f"third_{at}_0", f"third_{at}_1", f"third_{at}_2")
        self._nodes.append(helper.make_node("Split", [value], list(names), axis=2, num_outputs=3))
        return names

    def weight(self, tensor: Tensor) -> str:
        """A tensor of the checkpoint as a value, float32; the same one twice is stored once."""
        name = tensor.name if tensor.name not in self._weights else f"{tensor.name}#{len(self._weights)}"
        self._weights[name] = tensor
        return name

    def numbers(self, *values: int) -> str:
        """A list of int64."""
        return self._constant(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """One float32."""
        return self._constant(np.array(value, np.float32))

    def linear(self, value: str, weight: Tensor, bias: Tensor | None = None) -> str:
        """``value`` times the transpose of ``weight`` (outputs, inputs), plus ``bias``."""
        product = self.op("MatMul", value, self.weight(weight.transposed()))
        return self.op("Add", product, self.weight(bias)) if bias else product

    def layer_norm(self, value: str, weight: Tensor, bias: Tensor, eps: float) -> str:
        """Over the last axis."""
        return self.op("LayerNormalization", value, self.weight(weight), self.weight(bias), axis=-1, epsilon=float(eps))

    def gelu(self, value: str) -> str:
        """x * (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel, 2016), the exact form."""
        inner = self.op("Erf", self.op("Div", value, self.scalar(2**0.5)))
        doubled = self.op("Mul", value, self.op("Add", inner, self.scalar(1.0)))
        return self.op("Mul", doubled, self.scalar(0.5))

    def quick_gelu(self, value: str) -> str:
        """x * sigmoid(1.702 x), the form CLIP was trained with."""
        return self.op("Mul", value, self.op("Sigmoid", self.op("Mul", value, self.scalar(1.702))))

    def attention(self, query: str, key: str, value: str, heads: int, width: int, mask: str = "") -> str:
        """softmax(q k' / sqrt d) v in each head (Vaswani et al., 2017), from (n, tokens, width) to the same.

        ``mask`` is added to the products before the softmax.
        """
        depth = width // heads
        apart = self.numbers(0, 0, heads, depth)
        scaled = self.op("Mul", query, self.scalar(depth**-0.5))
        q = self.op("Transpose", self.op("Reshape", scaled, apart), perm=[0, 2, 1, 3])
        k = self.op("Transpose", self.op("Reshape", key, apart), perm=[0, 2, 3, 1])
        v = self.op("Transpose", self.op("Reshape", value, apart), perm=[0, 2, 1, 3])
        products = self.op("MatMul", q, k)
        if mask:
            products = self.op("Add", products, mask)
        mixed = self.op("MatMul", self.op("Softmax", products, axis=-1), v)
        return self.op("Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.numbers(0, 0, width))

    def patches(self, pictures: str, kernel: Tensor, bias: Tensor | None) -> str:
        """Squares of a picture times ``kernel`` (width, 3, side, side), as a sequence row by row."""
        side = kernel.shape[-1]
        inputs = [pictures, self.weight(kernel), *([self.weight(bias)] if bias else [])]
        squares = self.op("Conv", *inputs, kernel_shape=[side, side], strides=[side, side])
        rows = self.op("Reshape", squares, self.numbers(0, kernel.shape[0], -1))
        return self.op("Transpose", rows, perm=[0, 2, 1])

    def prefixed(self, sequence: str, tokens: int, table: Tensor) -> str:
        """``tokens`` zeros in front of a sequence, then ``table`` (1, all tokens, width) added.

        The table holds learned tokens and positions in one, so that no shape has to be computed at run time.
        """
        if tokens:
            sequence = self.op("Pad", sequence, self.numbers(0, tokens, 0, 0, 0, 0))
        return self.op("Add", sequence, self.weight(table))

    def first_token(self, sequence: str) -> str:
        """(n, width) of a sequence's first token."""
        return self.op("Gather", sequence, self._constant(np.array(0, np.int64)), axis=1)

    def write(
        self, target: Path, input_name: str, shape: Sequence[int], output: str, dims: int, *, tokens: bool = False
    ) -> Path | None:
        """Write the file; gives the second file that holds the weights where one file could not, else None.

        ``shape`` is that of one row; ``tokens`` makes the input int64. The output is named "features", (n, dims).
        Weights are brought in one after another, so that no second copy of a large network is in memory.
        """
        kind = TensorProto.INT64 if tokens else TensorProto.FLOAT
        self._nodes.append(helper.make_node("Identity", [output], ["features"]))
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(input_name, kind, ["n", *shape])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", dims])],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="boxlens"
        )
        large = sum(4 * int(np.prod(weight.shape)) for weight in self._weights.values()) > INLINE_LIMIT
        data = target.with_name(target.name + DATA) if large else None
        _put_weights(model, self._weights, data)
        with target.open("wb") as file:
            file.write(model.SerializeToString())
        checker.check_model(target)
        return data

    def _constant(self, array: npt.NDArray[Any]) -> str:
        name = f"constant_{array.dtype}_{'_'.join(map(str, array.ravel().tolist()))}_{array.ndim}"
        if name not in self._constants:
            self._constants[name] = helper.make_tensor(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.ravel().tolist()
            )
        return name


def _put_weights(model: ModelProto, weights: dict[str, Tensor], data: Path | None) -> None:
    """The weights into the model, or, with ``data``, into that file, which the model then names."""
    if data is None:
        for name, weight in weights.items():
            proto = _declared(model, name, weight)
            proto.raw_data = weight.array().tobytes()
        return
    with data.open("wb") as file:
        for name, weight in weights.items():
            _outside(_declared(model, name, weight), weight, data.name, file)


def _declared(model: ModelProto, name: str, weight: Tensor) -> TensorProto:
    proto = model.graph.initializer.add()
    proto.name = name
    proto.data_type = TensorProto.FLOAT
    proto.dims.extend(weight.shape)
    return proto


def _outside(proto: TensorProto, weight: Tensor, location: str, file: BinaryIO) -> None:
    file.seek(-(-file.tell() // _ALIGNED) * _ALIGNED)
    offset = file.tell()
    length = file.write(weight.array().tobytes())
    proto.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        entry = proto.external_data.add()
        entry.key, entry.value = key, value
