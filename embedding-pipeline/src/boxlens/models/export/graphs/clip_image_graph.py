"""The graphs of Chinese-CLIP's image towers (Yang et al., 2022): a ViT, or CLIP's own ResNet.

cn_clip names the tensors. Its loader rounds the weights of convolutions and products to float16 before anything else,
so that is done here too; norms, positions and the class token stay as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boxlens.models.export.checkpoints.tensors import Tensor, Tensors
from boxlens.models.export.graphs.graph import Graph
from boxlens.models.export.written import Written

_EPS = 1e-5  # of torch's LayerNorm and BatchNorm2d, which cn_clip leaves as they are


def write_image_tower(tensors: Tensors, target: Path, *, head_width: int) -> Written:
    """Write ``target``: pictures float32 (n, 3, side, side) to features (n, dims), not normalised.

    ``tensors`` begin with "visual."; ``head_width`` is the numbers of one head, which they do not show. Raises
    ModelMissing when they are those of another network.
    """
    if "visual.attnpool.positional_embedding" in tensors:
        return _write_resnet(tensors, target, head_width)
    return _write_vit(tensors, target, head_width)


def _write_vit(tensors: Tensors, target: Path, head_width: int) -> Written:
    graph = Graph("clip_image")
    width, _, patch, _ = tensors.shape("visual.conv1.weight")
    kernel = tensors.take("visual.conv1.weight", width, 3, patch, patch, half=True)
    positions = tensors.take("visual.positional_embedding", -1, width).array()
    grid = round((len(positions) - 1) ** 0.5)
    if grid * grid != len(positions) - 1:
        raise tensors.unfit(f"visual.positional_embedding has {len(positions) - 1} patches, which are no square")
    front = np.zeros_like(positions)
    front[0] = tensors.take("visual.class_embedding", width).array()
    table = Tensor("visual.positions", (positions + front)[None])
    x = graph.prefixed(graph.patches("image", kernel, None), 1, table)
    x = _norm(graph, tensors, x, "visual.ln_pre", width)
    for layer in range(tensors.count("visual.transformer.resblocks.")):
        x = _block(graph, tensors, x, f"visual.transformer.resblocks.{layer}.", width, width // head_width)
    x = _norm(graph, tensors, graph.first_token(x), "visual.ln_post", width)
    projection = tensors.take("visual.proj", width, -1, half=True)
    x = graph.op("MatMul", x, graph.weight(projection))
    side, dims = grid * patch, projection.shape[1]
    return Written(side, dims, graph.write(target, "image", (3, side, side), x, dims))


def _block(graph: Graph, tensors: Tensors, x: str, at: str, width: int, heads: int) -> str:
    y = _norm(graph, tensors, x, f"{at}ln_1", width)
    qkv = graph.linear(
        y,
        tensors.take(f"{at}attn.in_proj_weight", 3 * width, width, half=True),
        tensors.take(f"{at}attn.in_proj_bias", 3 * width, half=True),
    )
    y = graph.attention(*graph.thirds(qkv), heads=heads, width=width)
    x = graph.op("Add", x, _linear(graph, tensors, y, f"{at}attn.out_proj", width))
    y = _norm(graph, tensors, x, f"{at}ln_2", width)
    y = graph.quick_gelu(_linear(graph, tensors, y, f"{at}mlp.c_fc", 4 * width))
    return graph.op("Add", x, _linear(graph, tensors, y, f"{at}mlp.c_proj", width))


def _write_resnet(tensors: Tensors, target: Path, head_width: int) -> Written:
    """ModifiedResNet: a stem of three convolutions, averages where others have strides, attention at the end."""
    graph = Graph("clip_image")
    x = "image"
    for number, stride in ((1, 2), (2, 1), (3, 1)):
        x = _convolved(graph, tensors, x, f"visual.conv{number}", f"visual.bn{number}", stride)
        x = graph.op("Relu", x)
    x = _averaged(graph, x)
    for stage in range(1, 5):
        for block in range(tensors.count(f"visual.layer{stage}.")):
            x = _bottleneck(graph, tensors, x, f"visual.layer{stage}.{block}.", halve=stage > 1 and block == 0)
    tokens, width = tensors.shape("visual.attnpool.positional_embedding")
    grid = round((tokens - 1) ** 0.5)
    x = _pooled(graph, tensors, x, width, heads=width // head_width)
    side, dims = 32 * grid, tensors.shape("visual.attnpool.c_proj.weight")[0]
    return Written(side, dims, graph.write(target, "image", (3, side, side), x, dims))


def _bottleneck(graph: Graph, tensors: Tensors, x: str, at: str, *, halve: bool) -> str:
    y = graph.op("Relu", _convolved(graph, tensors, x, f"{at}conv1", f"{at}bn1"))
    y = graph.op("Relu", _convolved(graph, tensors, y, f"{at}conv2", f"{at}bn2"))
    y = _convolved(graph, tensors, _averaged(graph, y) if halve else y, f"{at}conv3", f"{at}bn3")
    if f"{at}downsample.0.weight" in tensors:
        x = _averaged(graph, x) if halve else x
        x = _convolved(graph, tensors, x, f"{at}downsample.0", f"{at}downsample.1")
    return graph.op("Relu", graph.op("Add", y, x))


def _convolved(graph: Graph, tensors: Tensors, x: str, kernel: str, norm: str, stride: int = 1) -> str:
    """A convolution without bias that keeps the size but for ``stride``, and the batch norm after it."""
    weight = tensors.take(f"{kernel}.weight", -1, -1, -1, -1, half=True)
    width, side = weight.shape[0], weight.shape[-1]
    x = graph.op(
        "Conv", x, graph.weight(weight), kernel_shape=[side, side], strides=[stride, stride], pads=[side // 2] * 4
    )
    parts = [tensors.take(f"{norm}.{part}", width) for part in ("weight", "bias", "running_mean", "running_var")]
    tensors.leave(f"{norm}.num_batches_tracked")
    return graph.op("BatchNormalization", x, *map(graph.weight, parts), epsilon=_EPS)


def _averaged(graph: Graph, x: str) -> str:
    return graph.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])


def _pooled(graph: Graph, tensors: Tensors, x: str, width: int, heads: int) -> str:
    """What the mean of all places attends to among them and itself."""
    x = graph.op("Transpose", graph.op("Reshape", x, graph.numbers(0, width, -1)), perm=[0, 2, 1])
    mean = graph.op("ReduceMean", x, graph.numbers(1), keepdims=1)
    positions = tensors.take("visual.attnpool.positional_embedding", -1, width)
    x = graph.op("Add", graph.op("Concat", mean, x, axis=1), graph.weight(positions))
    first = graph.op("Slice", x, graph.numbers(0), graph.numbers(1), graph.numbers(1))
    query = _linear(graph, tensors, first, "visual.attnpool.q_proj", width)
    key = _linear(graph, tensors, x, "visual.attnpool.k_proj", width)
    value = _linear(graph, tensors, x, "visual.attnpool.v_proj", width)
    seen = graph.first_token(graph.attention(query, key, value, heads, width))
    return _linear(graph, tensors, seen, "visual.attnpool.c_proj", -1)


def _linear(graph: Graph, tensors: Tensors, x: str, name: str, outputs: int) -> str:
    weight = tensors.take(f"{name}.weight", outputs, -1, half=True)
    return graph.linear(x, weight, tensors.take(f"{name}.bias", weight.shape[0], half=True))


def _norm(graph: Graph, tensors: Tensors, x: str, name: str, width: int) -> str:
    return graph.layer_norm(x, tensors.take(f"{name}.weight", width), tensors.take(f"{name}.bias", width), _EPS)
