"""The pack ``photo``: a YOLOX, a timm ViT and a Chinese-CLIP, from their hubs, a mirror, or local files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from embedding_pipeline.domain import Pixels
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.export_clip import CLIP_MODELS, ClipSource
from embedding_pipeline.models.export_pack import PackSources, export_pack
from embedding_pipeline.models.export_timm import TimmSource
from embedding_pipeline.models.hub import HUB, Progress, download, hub_url
from embedding_pipeline.models.packs import Pack
from embedding_pipeline.models.torch_onnx import Making, Parity, need_torch

VIT_REPO = "timm/vit_base_patch16_224.augreg2_in21k_ft_in1k"
YOLOX_RELEASES = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"
# SHA-256 of the release's files, as several independent projects that pin them give it
YOLOX = {
    "s": "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
    "tiny": "427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7",
    "nano": "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
}
# repository and file of each model, as cn_clip's own download table has them
CLIP_FILES = {
    "RN50": ("OFA-Sys/chinese-clip-rn50", "clip_cn_rn50.pt"),
    "ViT-B-16": ("OFA-Sys/chinese-clip-vit-base-patch16", "clip_cn_vit-b-16.pt"),
    "ViT-L-14": ("OFA-Sys/chinese-clip-vit-large-patch14", "clip_cn_vit-l-14.pt"),
    "ViT-L-14-336": ("OFA-Sys/chinese-clip-vit-large-patch14-336px", "clip_cn_vit-l-14-336.pt"),
    "ViT-H-14": ("OFA-Sys/chinese-clip-vit-huge-patch14", "clip_cn_vit-h-14.pt"),
}


@dataclass(frozen=True, slots=True)
class PhotoChoice:
    """``detector``: s, tiny or nano, or a YOLOX ONNX file. ``vit``: a hub repository of timm, or a local folder.

    ``clip``: one of cn_clip's models; ``clip_weights`` a local checkpoint of it, and then ``clip`` may be the JSON
    file of its shape.
    """

    detector: str = "s"
    vit: str = VIT_REPO
    clip: str = "ViT-B-16"
    clip_weights: Path | None = None
    making: Making = field(default_factory=Making)


@dataclass(frozen=True, slots=True)
class Places:
    """Where files come from and go: the hub, YOLOX's releases, the folder of downloads, the folder of packs."""

    downloads: Path
    packs: Path
    endpoint: str = HUB
    releases: str = YOLOX_RELEASES


def pull_photo(
    choice: PhotoChoice,
    places: Places,
    *,
    pictures: list[Pixels] | None = None,
    at: Progress | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> tuple[Pack, list[Parity]]:
    """Download what is not there yet, export it, compare it with torch, and take the pack in. Raises ModelMissing."""
    need_torch()
    timeout = httpx.Timeout(60, connect=15)
    with httpx.Client(follow_redirects=True, timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
        sources = PackSources(
            detector=_detector(client, choice, places, at),
            vit=TimmSource(_vit(client, choice, places, at)),
            clip=ClipSource(_clip(client, choice, places, at), choice.clip),
        )
    return export_pack(
        sources,
        places.packs,
        name="photo",
        description="YOLOX, a timm ViT and Chinese-CLIP, trained on photographs",
        making=choice.making,
        pictures=pictures or (),
        said=said,
    )


def _detector(client: httpx.Client, choice: PhotoChoice, places: Places, at: Progress | None) -> Path:
    if choice.detector not in YOLOX:
        return _local(Path(choice.detector), f"a YOLOX ONNX file, or one of: {', '.join(YOLOX)}")
    name = f"yolox_{choice.detector}.onnx"
    url = f"{places.releases.rstrip('/')}/{name}"
    return download(client, url, places.downloads / name, sha256=YOLOX[choice.detector], at=at)


def _vit(client: httpx.Client, choice: PhotoChoice, places: Places, at: Progress | None) -> Path:
    if Path(choice.vit).exists():
        return Path(choice.vit)
    folder = places.downloads / choice.vit.replace("/", "--")
    for file in ("config.json", "model.safetensors"):
        download(client, hub_url(places.endpoint, choice.vit, file), folder / file, at=at)
    return folder


def _clip(client: httpx.Client, choice: PhotoChoice, places: Places, at: Progress | None) -> Path:
    if choice.clip_weights:
        return _local(choice.clip_weights, "a Chinese-CLIP checkpoint")
    if choice.clip not in CLIP_FILES:
        raise ModelMissing(
            f"There is no Chinese-CLIP named {choice.clip!r}.", hint=f"Models: {', '.join(CLIP_MODELS)}."
        )
    repo, file = CLIP_FILES[choice.clip]
    return download(client, hub_url(places.endpoint, repo, file), places.downloads / file, at=at)


def _local(file: Path, wanted: str) -> Path:
    if not file.is_file():
        raise ModelMissing(f"{file} is not there.", hint=f"Give {wanted}.")
    return file
