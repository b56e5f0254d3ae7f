"""The graph of a timm ``VisionTransformer`` (Dosovitskiy et al., 2020, and its descendants), out of its tensors.

timm 1.0 names the tensors; what they do not tell, the number of heads, the epsilon of the norms and the activation,
follows from the name of the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boxlens.models.export.checkpoints.tensors import Tensor, Tensors
from boxlens.models.export.graphs.graph import Graph
from boxlens.models.export.written import Written

# heads of each size, as timm's model functions have them
_HEADS = {
    "tiny": 3,
    "xsmall": 4,
    "wee": 4,
    "little": 5,
    "small": 6,
    "medium": 8,
    "mediumd": 8,
    "betwixt": 10,
    "base": 12,
    "so150m2": 13,
    "so150m": 14,
    "large": 16,
    "huge": 16,
    "giant": 16,
    "gigantic": 16,
}
_HEADS_OF = {"vit_base_patch16_gap_224": 16}  # as I-JEPA and its like were trained
_PLUS_HEADS = 14
_NAME = re.compile(
    r"(?!vit_giant_patch14_.*dinov2)"  # gated perceptrons, another network
    rf"(?:vit|deit3?)_(?P<size>{'|'.join(_HEADS)})_patch\d+(?:_36x1)?(?P<plus>_plus)?"
    r"(?P<clip>_clip)?(?P<quick>_quickgelu)?(?:_reg\d+)?(?P<gap>_gap)?(?:_dinov2)?(?:_\d+)?(?:_miil)?"
)


@dataclass(frozen=True, slots=True)
class VitShape:
    """What tensors do not tell. ``pool``: "token" takes the first token, "avg" the mean of all patches."""

    heads: int
    eps: float
    quick_gelu: bool
    pool: str


def vit_shape(name: str) -> VitShape | None:
    """What timm's function of this name builds; None for a network that is not built here."""
    match = _NAME.fullmatch(name.split(".", 1)[0])
    if match is None:
        return None
    heads = _HEADS_OF.get(match[0], _PLUS_HEADS if match["plus"] else _HEADS[match["size"]])
    return VitShape(heads, 1e-5 if match["clip"] else 1e-6, bool(match["quick"]), "avg" if match["gap"] else "token")


def write_vit(tensors: Tensors, shape: VitShape, target: Path) -> Written:
    """Write ``target``: pictures float32 (n, 3, side, side) to features before the classifier, (n, width).

    Raises ModelMissing when the tensors are those of another network.
    """
    graph = Graph("vit")
    width = tensors.shape("patch_embed.proj.weight")[0]
    kernel = tensors.take("patch_embed.proj.weight", width, 3, -1, -1)
    table, tokens = _table(tensors, width)
    grid = round((table.shape[1] - tokens) ** 0.5)
    if grid * grid != table.shape[1] - tokens:
        raise tensors.unfit(f"pos_embed has {table.shape[1] - tokens} patches, which are no square")
    side = grid * kernel.shape[-1]
    x = graph.patches("image", kernel, tensors.maybe("patch_embed.proj.bias", width))
    x = graph.prefixed(x, tokens, table)
    x = _norm(graph, tensors, x, "norm_pre", width, shape.eps)
    for layer in range(tensors.count("blocks.")):
        x = _block(graph, tensors, x, f"blocks.{layer}.", width, shape)
    x = _norm(graph, tensors, x, "norm", width, shape.eps)
    if shape.pool == "avg":
        patches = graph.op("Slice", x, graph.numbers(tokens), graph.numbers(2**31), graph.numbers(1))
        x = graph.op("ReduceMean", patches, graph.numbers(1), keepdims=0)
    else:
        x = graph.first_token(x)
    x = _norm(graph, tensors, x, "fc_norm", width, shape.eps)
    tensors.leave("head.", "head_dist.")
    tensors.finish()
    return Written(side, width, graph.write(target, "image", (3, side, side), x, width))


def _table(tensors: Tensors, width: int) -> tuple[Tensor, int]:
    """Learned tokens and positions as one (1, all tokens, width), and how many tokens stand before the patches."""
    positions = tensors.take("pos_embed", 1, -1, width).array()
    learned = [tensors.take(name, 1, -1, width).array() for name in ("cls_token", "reg_token") if name in tensors]
    front = np.concatenate(learned, axis=1) if learned else np.zeros((1, 0, width), np.float32)
    tokens = front.shape[1]
    patches = positions.shape[1] - tokens
    if patches > 0 and round(patches**0.5) ** 2 == patches:  # positions of the learned tokens too
        both = positions + np.pad(front, ((0, 0), (0, patches), (0, 0)))
    else:
        both = np.concatenate([front, positions], axis=1)
    return Tensor("positions", both), tokens


def _block(graph: Graph, tensors: Tensors, x: str, at: str, width: int, shape: VitShape) -> str:
    y = _norm(graph, tensors, x, f"{at}norm1", width, shape.eps)
    qkv = graph.linear(
        y, tensors.take(f"{at}attn.qkv.weight", 3 * width, width), tensors.maybe(f"{at}attn.qkv.bias", 3 * width)
    )
    y = graph.attention(*graph.thirds(qkv), heads=shape.heads, width=width)
    y = graph.linear(
        y, tensors.take(f"{at}attn.proj.weight", width, width), tensors.maybe(f"{at}attn.proj.bias", width)
    )
    x = graph.op("Add", x, _scaled(graph, tensors, y, f"{at}ls1.gamma", width))
    y = _norm(graph, tensors, x, f"{at}norm2", width, shape.eps)
    hidden = tensors.shape(f"{at}mlp.fc1.weight")[0]
    y = graph.linear(y, tensors.take(f"{at}mlp.fc1.weight", hidden, width), tensors.maybe(f"{at}mlp.fc1.bias", hidden))
    y = graph.quick_gelu(y) if shape.quick_gelu else graph.gelu(y)
    y = graph.linear(y, tensors.take(f"{at}mlp.fc2.weight", width, hidden), tensors.maybe(f"{at}mlp.fc2.bias", width))
    return graph.op("Add", x, _scaled(graph, tensors, y, f"{at}ls2.gamma", width))


def _norm(graph: Graph, tensors: Tensors, x: str, name: str, width: int, eps: float) -> str:
    """A layer norm where the network has one of this name."""
    if f"{name}.weight" not in tensors:
        return x
    return graph.layer_norm(x, tensors.take(f"{name}.weight", width), tensors.take(f"{name}.bias", width), eps)


def _scaled(graph: Graph, tensors: Tensors, x: str, name: str, width: int) -> str:
    """Layer scale, where the network has it."""
    gamma = tensors.maybe(name, width)
    return graph.op("Mul", x, graph.weight(gamma)) if gamma else x
