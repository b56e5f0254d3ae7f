"""The two encoders, trained side by side on one convolutional trunk.

CLIP is cn_clip's own model class with a small ModifiedResNet and a small BERT on its own vocabulary. The ViT is timm's
VisionTransformer in the hybrid form of Dosovitskiy et al. (2021), section 3.1: its patches are cut from a feature map,
here that of CLIP's first two stages, which learn from both losses. Each is exported whole.
"""

from __future__ import annotations

from typing import Any

import torch
from cn_clip.clip.model import CLIP
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from training.material.augment import SIDE

MEAN = (0.48145466, 0.4578275, 0.40821073)  # cn_clip's, used for both
STD = (0.26862954, 0.26130258, 0.27577711)
CONTEXT = 52
CLIP_SHAPE: dict[str, Any] = {
    "embed_dim": 128,
    "image_resolution": SIDE,
    "vision_layers": (1, 1, 1, 1),
    "vision_width": 24,
    "vision_patch_size": 0,
    "vision_head_width": 96,
    "vocab_size": 21128,
    "text_attention_probs_dropout_prob": 0.0,
    "text_hidden_act": "gelu",
    "text_hidden_dropout_prob": 0.1,
    "text_hidden_size": 128,
    "text_initializer_range": 0.02,
    "text_intermediate_size": 384,
    "text_max_position_embeddings": CONTEXT,
    "text_num_attention_heads": 4,
    "text_num_hidden_layers": 2,
    "text_type_vocab_size": 2,
}
VIT_SHAPE: dict[str, Any] = {
    "embed_dim": 128,
    "depth": 2,
    "num_heads": 4,
    "mlp_ratio": 3.0,
    "num_classes": 0,
    "global_pool": "avg",
    "class_token": False,
}


def build_clip() -> CLIP:
    return CLIP(**CLIP_SHAPE)


class Trunk(nn.Module):
    """The stem and first two stages of a ModifiedResNet: (n, 3, 32, 32) to (n, 8 x width, 4, 4).

    The modules stay owned by the ResNet while training; a copy of the ViT owns them when exported.
    """

    def __init__(self, visual: Any) -> None:
        super().__init__()
        self.conv1, self.bn1 = visual.conv1, visual.bn1
        self.conv2, self.bn2 = visual.conv2, visual.bn2
        self.conv3, self.bn3 = visual.conv3, visual.bn3
        self.relu, self.avgpool = visual.relu, visual.avgpool
        self.layer1, self.layer2 = visual.layer1, visual.layer2

    def forward(self, x: Tensor) -> Tensor:
        for conv, bn in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = self.relu(bn(conv(x)))
        return self.layer2(self.layer1(self.avgpool(x)))


class MapEmbed(nn.Module):
    """Tokens from a 4 x 4 feature map, one for each place; takes the place of timm's PatchEmbed."""

    def __init__(self, embed_dim: int, channels: int, **_: Any) -> None:
        super().__init__()
        self.grid_size = (4, 4)
        self.num_patches = 16
        self.patch_size = (SIDE // 4, SIDE // 4)
        self.strict_img_size = True
        self.proj = nn.Conv2d(channels, embed_dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


def build_vit() -> VisionTransformer:
    """A VisionTransformer whose input is the trunk's feature map."""
    channels = CLIP_SHAPE["vision_width"] * 8

    def embed(**options: Any) -> MapEmbed:
        return MapEmbed(options["embed_dim"], channels)

    return VisionTransformer(img_size=SIDE, patch_size=SIDE // 4, embed_layer=embed, **VIT_SHAPE)


class Encoders(nn.Module):
    """Both encoders and, for training, a point of each space for every thing (Movshovitz-Attias et al., 2017)."""

    def __init__(self, things: int) -> None:
        super().__init__()
        self.clip = build_clip()
        self.vit = build_vit()
        self.clip_proxies = nn.Parameter(torch.randn(things, CLIP_SHAPE["embed_dim"]))
        self.vit_proxies = nn.Parameter(torch.randn(things, VIT_SHAPE["embed_dim"]))

    def shared(self, pixels: Tensor) -> Tensor:
        """The trunk's feature map of normalised pixels (n, 3, 32, 32)."""
        return Trunk(self.clip.visual)(pixels)

    def clip_vectors(self, shared: Tensor) -> Tensor:
        visual = self.clip.visual
        return nn.functional.normalize(visual.attnpool(visual.layer4(visual.layer3(shared))).float(), dim=-1)

    def vit_vectors(self, shared: Tensor) -> Tensor:
        return nn.functional.normalize(self.vit(shared), dim=-1)

    def texts(self, tokens: Tensor) -> Tensor:
        return nn.functional.normalize(self.clip.encode_text(tokens).float(), dim=-1)
