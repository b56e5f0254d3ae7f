"""A training that begins with the bundled pack computes what the pack computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.samples.blobs import PATCHES, Blobs

from boxlens.models.packs.pack import BUNDLED, load_pack
from boxlens.samples.names import things

pytest.importorskip("torch", reason="the extra torch is not installed (BOXLENS_TORCH=no)")

import torch
from training.learning.warm_start import start_from_pack
from training.material.batches import CropBatches, normalised, tokens_of
from training.networks import Encoders

torch.set_num_threads(1)

FOLDER = BUNDLED / "demo"


def least_cosine(ours: torch.Tensor, packs: np.ndarray) -> float:
    return float((ours.numpy() * packs).sum(1).min())


def test_networks_begin_with_what_the_pack_computes() -> None:
    torch.manual_seed(1)
    pack, net = load_pack(FOLDER), Encoders(len(things()))
    data = CropBatches(Blobs(), PATCHES, 60, 1)
    start_from_pack(net, FOLDER, data)
    net.eval()
    pictures = next(iter(data))["pictures"][:40]
    bytes_of = [np.ascontiguousarray(p) for p in (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()]
    seen = normalised(torch.from_numpy(np.stack(bytes_of)).permute(0, 3, 1, 2) / 255)
    names = [name for t in things()[:60] for name in (t.zh[0], t.en[0])]
    with torch.no_grad():
        shared = net.shared(seen)
        clip, vit, texts = net.clip_vectors(shared), net.vit_vectors(shared), net.texts(tokens_of(names))
    assert pack.vit is not None
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    assert least_cosine(clip, pack.clip_image.encode_images(bytes_of)) >= 0.9999
    assert least_cosine(vit, pack.vit.encode_images(bytes_of)) >= 0.9999
    assert least_cosine(texts, pack.clip_text.encode_texts(names)) >= 0.9999


def test_points_of_things_lie_where_their_crops_do() -> None:
    torch.manual_seed(2)
    net = Encoders(len(things()))
    data = CropBatches(Blobs(), PATCHES, 60, 2)
    start_from_pack(net, FOLDER, data)
    lengths = net.vit_proxies.norm(dim=1)
    assert torch.allclose(lengths, torch.full_like(lengths, 128**0.5), rtol=1e-4)
    names = net.texts(tokens_of([t.en[0] for t in things()])).detach()
    points = torch.nn.functional.normalize(net.clip_proxies.detach(), dim=1)
    own = (names * points).sum(1)
    others = (names * points.roll(1, 0)).sum(1)
    assert float((own > others).float().mean()) > 0.95


def test_a_pack_of_other_networks_is_refused(tmp_path: Path) -> None:
    for name in ("clip_image", "clip_text", "vit"):
        (tmp_path / f"{name}.onnx").write_bytes((FOLDER / "detector.onnx").read_bytes())
    data = CropBatches(Blobs(), PATCHES, 60, 3)
    with pytest.raises(KeyError):
        start_from_pack(Encoders(len(things())), tmp_path, data)
