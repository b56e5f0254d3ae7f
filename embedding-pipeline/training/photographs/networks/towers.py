"""The two towers of the photo pack's CLIP: a head on EfficientNet-Lite0, and a small BERT in Chinese-CLIP's form."""

from __future__ import annotations

from typing import Any

import torch
from cn_clip.clip.configuration_bert import BertConfig
from cn_clip.clip.modeling_bert import BertModel
from torch import Tensor, nn
from torch.nn.functional import embedding, scaled_dot_product_attention

from training.photographs.networks.backbone import DIMS, lite0

SPACE = 384
CONTEXT = 52
TEXT: dict[str, Any] = {
    "vocab_size_or_config_json_file": 21128,
    "hidden_size": 256,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "max_position_embeddings": CONTEXT,
    "type_vocab_size": 2,
    "initializer_range": 0.02,
}


class TextTower(nn.Module):
    """Word pieces (n, up to 52) to vectors (n, SPACE), not normalised; as ``cn_clip``'s ``encode_text``."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel(BertConfig(**TEXT))
        self.projection = nn.Parameter(torch.randn(TEXT["hidden_size"], SPACE) * TEXT["hidden_size"] ** -0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        seen = tokens.ne(0).float()
        return self.bert(tokens, attention_mask=seen)[0][:, 0] @ self.projection

    def packed(self, tokens: Tensor) -> Tensor:
        """What ``forward`` gives, in a fraction of the time to train.

        Nothing is computed for padding, which may lie anywhere but first, nor, in the last layer, for any piece but the
        first: all that the others serve there are its keys and values.
        """
        bert, parts, real = self.bert, self.bert.embeddings, tokens != 0
        count, length = tokens.shape
        row, place = real.nonzero(as_tuple=True)
        words = embedding(tokens[row, place], parts.word_embeddings.weight)
        places = embedding(place, parts.position_embeddings.weight)
        x = parts.LayerNorm(words + places + parts.token_type_embeddings.weight[0])
        flat, last = row * length + place, len(bert.encoder.layer) - 1
        for number, layer in enumerate(bert.encoder.layer):
            own = layer.attention.self
            keys, values = (_padded(part(x), flat, count, length) for part in (own.key, own.value))
            if number == last:
                x = x[place == 0]
                asked = own.query(x)[:, None]
            else:
                asked = _padded(own.query(x), flat, count, length)
            q, k, v = (_split(part, own.num_attention_heads) for part in (asked, keys, values))
            mixed = scaled_dot_product_attention(q, k, v, real[:, None, None]).transpose(1, 2).flatten(2)
            mixed = mixed.flatten(0, 1) if number == last else mixed.flatten(0, 1)[flat]
            mixed = layer.attention.output(mixed, x)
            x = layer.output(layer.intermediate(mixed), mixed)
        return x @ self.projection


def _padded(x: Tensor, flat: Tensor, count: int, length: int) -> Tensor:
    """Rows of real pieces at their places among (count, length)."""
    out = torch.zeros(count * length, x.shape[1], dtype=x.dtype)
    return out.index_copy(0, flat, x).view(count, length, -1)


def _split(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


class LastStage(nn.Module):
    """The last stage of the network and its head, tuned: (n, 192, 7, 7) to pooled features (n, 1280).

    Batch norms keep their statistics.
    """

    def __init__(self) -> None:
        super().__init__()
        net = lite0()
        self.stage, self.head = net.blocks[6], nn.Sequential(net.conv_head, net.bn2)

    def forward(self, deep: Tensor) -> Tensor:
        return self.head(self.stage(deep)).mean((2, 3))

    def train(self, mode: bool = True) -> LastStage:
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class ImageHead(nn.Module):
    """Pooled features (n, 1280) to vectors (n, SPACE), not normalised: a linear map and a small correction of it.

    ``mean`` and ``std`` are those of the features it learns from.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(DIMS))
        self.register_buffer("std", torch.ones(DIMS))
        self.straight = nn.Linear(DIMS, SPACE)
        self.bent = nn.Sequential(
            nn.Linear(DIMS, 768), nn.GELU(), nn.Dropout(dropout), nn.Linear(768, SPACE, bias=False)
        )
        self.drop = nn.Dropout(dropout)
        nn.init.zeros_(self.bent[-1].weight)

    def forward(self, pooled: Tensor) -> Tensor:
        x = self.drop((pooled - self.mean) / self.std)
        return self.straight(x) + self.bent(x)
