"""Encoders that start from the weights of a pack instead of from nothing.

An exported pack holds less than a checkpoint: batch norm is folded into the convolutions, matrices are turned, the
points of the things are gone. What is gone is measured anew on training crops.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import normalize

from boxlens.samples.names import things
from training.material.batches import CropBatches, normalised, tokens_of
from training.networks import Encoders

LOG = logging.getLogger("training")
CROPS_OF_EACH = 8
GAIN = 2.0  # root mean square of the singular values of each kernel, near what Muon's own steps lead to
Weights = dict[str, Tensor]


def start_from_pack(net: Encoders, folder: Path, data: CropBatches) -> None:
    """Give ``net`` the weights of the demo pack in ``folder``; points become mean vectors of crops and names.

    Raises KeyError when the pack's networks have other parts than ``net``, and RuntimeError when parts have other
    shapes: only a pack that this training exported will do.
    """
    pixels = [normalised(batch["pictures"]) for batch in islice(iter(data), 10)]
    image = weights_of(folder / "clip_image.onnx")
    attention = {name: image[f"attnpool.{name}"] for name in ("c_proj.weight", "c_proj.bias", "positional_embedding")}
    for i, part in enumerate("qkv"):
        attention[f"{part}_proj.weight"] = image[f"attnpool.{part}_proj.weight"]
        attention[f"{part}_proj.bias"] = image["attnpool.qkv.bias"].chunk(3)[i]
    net.clip.visual.attnpool.load_state_dict(attention)
    vit = weights_of(folder / "vit.onnx")
    net.vit.load_state_dict({k.removeprefix("vit."): v for k, v in vit.items() if k.startswith("vit.")})
    text = weights_of(folder / "clip_text.onnx")
    text = {k.removeprefix("clip."): v for k, v in text.items() if k.startswith("clip.")}
    left = net.clip.load_state_dict(text, strict=False)
    if left.unexpected_keys:
        raise KeyError(f"no such weights in the networks: {left.unexpected_keys}")
    unfold(net.clip.visual, image, pixels)
    place_points(net, data)
    LOG.info("weights taken from %s", folder)


def weights_of(path: Path) -> Weights:
    """Initialisers of an exported file under the names of torch.

    The exporter turns and renames the matrix of a linear layer; it is known by the bias that is added to its product.
    """
    graph = onnx.load(path).graph
    held = {t.name: torch.from_numpy(numpy_helper.to_array(t).astype(np.float32)) for t in graph.initializer}
    weights = {name: value for name, value in held.items() if name.endswith((".weight", ".bias", "_bias", "_embed"))}
    weights |= {name: value for name, value in held.items() if name.endswith("text_projection")}
    maker = {out: node for node in graph.node for out in node.output}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        product = next((maker[i] for i in node.input if i in maker and maker[i].op_type == "MatMul"), None)
        matrix = held.get(product.input[1]) if product is not None else None
        bias = next((i for i in node.input if i != (product.output[0] if product is not None else "")), "")
        if matrix is None:
            continue
        if bias in maker and maker[bias].op_type == "Split":  # of the pooling attention: query, key and value together
            part = "qkv"[list(maker[bias].output).index(bias)]
            weights[f"attnpool.{part}_proj.weight"] = matrix.T.contiguous()
            weights["attnpool.qkv.bias"] = held[maker[bias].input[0]]
        elif bias.endswith(".bias"):
            weights[bias.removesuffix("bias") + "weight"] = matrix.T.contiguous()
    places = next((t for t in held.values() if t.ndim == 3 and t.shape[0] == 2), None)
    if "attnpool.qkv.bias" in weights and places is not None:
        weights["attnpool.positional_embedding"] = places[:, 0]
    return weights


@torch.no_grad()
def unfold(visual: nn.Module, folded: Weights, pixels: Iterable[Tensor]) -> None:
    """Convolutions with batch norm folded in become convolutions and batch norms that compute the same.

    First the norms only add the folded bias; so run on ``pixels`` (batches as the network wants them), the network
    shows what each norm is given. A norm that is then told that mean and spread as its own scale and shift changes
    nothing, and each filter is free to have any length.
    """
    pairs = list(_pairs(visual))
    seen: dict[nn.BatchNorm2d, list[Tensor]] = {norm: [] for _, _, norm in pairs}
    hooks = []
    for name, conv, norm in pairs:
        conv.weight.copy_(folded[f"{name}.weight"])
        norm.reset_running_stats()
        norm.weight.fill_((1 + norm.eps) ** 0.5)
        norm.bias.copy_(folded[f"{name}.weight_bias"])
        hooks.append(norm.register_forward_pre_hook(lambda module, inputs: seen[module].append(inputs[0])))
    visual.eval()
    moments: dict[nn.BatchNorm2d, list[tuple[Tensor, Tensor]]] = {norm: [] for norm in seen}
    for batch in pixels:
        visual(batch)
        for norm, inputs in seen.items():
            all_of_it = inputs[-1].double()
            moments[norm].append((all_of_it.mean((0, 2, 3)), all_of_it.square().mean((0, 2, 3))))
            inputs.clear()
    for hook in hooks:
        hook.remove()
    for _, conv, norm in pairs:
        mean, square = (torch.stack(part).mean(0) for part in zip(*moments[norm], strict=True))
        spread = square - mean.square()
        matrix = conv.weight.flatten(1)
        longer = GAIN * (min(matrix.shape) / len(matrix)) ** 0.5 / matrix.norm(dim=1)
        conv.weight.mul_(longer[:, None, None, None])
        norm.running_mean.copy_(mean * longer)
        norm.running_var.copy_(spread * longer**2)
        norm.weight.copy_((norm.running_var + norm.eps).sqrt() / longer)
        norm.bias.add_(mean)


def _pairs(visual: nn.Module) -> Iterable[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    """Each convolution of a ModifiedResNet with its name and the batch norm behind it."""
    modules = dict(visual.named_modules())
    for name, module in modules.items():
        if isinstance(module, nn.Conv2d):
            behind = name.replace("downsample.0", "downsample.1").replace("conv", "bn")
            norm = modules[behind]
            assert isinstance(norm, nn.BatchNorm2d)
            yield name, module, norm


@torch.no_grad()
def place_points(net: Encoders, data: CropBatches) -> None:
    """Each thing's point becomes the mean of its crops' vectors; for CLIP, of them and of its best names' vectors."""
    net.eval()
    clip, vit = torch.zeros_like(net.clip_proxies), torch.zeros_like(net.vit_proxies)
    rounds = -(-len(things()) * CROPS_OF_EACH // (2 * data.count))
    for batch in islice(iter(data), rounds):
        shared = net.shared(normalised(batch["pictures"]))
        clip.index_add_(0, batch["labels"], net.clip_vectors(shared))
        vit.index_add_(0, batch["labels"], net.vit_vectors(shared))
    names = sum(net.texts(tokens_of([(t.zh, t.en)[which][0] for t in things()])) for which in (0, 1))
    length = clip.shape[1] ** 0.5  # as long as those of a normal distribution that a training from nothing begins with
    net.clip_proxies.copy_(normalize(normalize(clip, dim=1) + normalize(names, dim=1), dim=1) * length)
    net.vit_proxies.copy_(normalize(vit, dim=1) * length)
