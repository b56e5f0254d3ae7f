"""The pack ``photo``: a YOLOX, a timm ViT and a Chinese-CLIP, from their hubs, a mirror, or local files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
from filelock import FileLock

from boxlens.domain.errors import DiskFull, ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.fetch.download import Fetching, FileIdentity, download, open_client, remote_size
from boxlens.models.export.clip_model import ClipSource
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES
from boxlens.models.export.making import Making, Parity
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.timm_model import TimmSource, built_here
from boxlens.models.export.torch_onnx import need_torch
from boxlens.models.packs.hub import Hubs, Located, locate
from boxlens.models.packs.pack import Pack
from boxlens.models.packs.pins import Pins

Size = Literal["detector", "base", "large", "huge"]
Progress = Callable[[str, int, int], None]  # file name, bytes present, bytes in all (0: not known)

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
CLIP_OF_SIZE: dict[Size, str] = {"detector": "", "base": "ViT-B-16", "large": "ViT-L-14", "huge": "ViT-H-14"}
_LICENCES = {"detector": "Apache-2.0", "vit": "that of its model card", "clip": "MIT (Chinese-CLIP's repository)"}
# what is written while a pack is made, as a share of the weights: fp32 and int8 beside each other
_ROOM = 1.5


@dataclass(frozen=True, slots=True)
class PhotoChoice:
    """``detector``: s, tiny or nano, or a YOLOX ONNX file. ``vit``: a hub repository of timm, or a local folder.

    ``clip``: one of cn_clip's models, empty for the one of ``size``; ``clip_weights`` a local checkpoint of it, and
    then ``clip`` may be the JSON file of its shape. With the size "detector" the encoders are those of the pack in
    ``encoders``, and nothing but the detector is fetched.
    """

    size: Size = "base"
    detector: str = "s"
    vit: str = VIT_REPO
    clip: str = ""
    clip_weights: Path | None = None
    encoders: Path | None = None
    making: Making = field(default_factory=Making)

    @property
    def clip_model(self) -> str:
        return self.clip or CLIP_OF_SIZE[self.size]


@dataclass(frozen=True, slots=True)
class Places:
    """Where files come from and go: the folder of downloads, the folder of packs, hubs, YOLOX's releases."""

    downloads: Path
    packs: Path
    hubs: Hubs = field(default_factory=Hubs)
    releases: str = YOLOX_RELEASES


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the plan: what it is for, where it comes from and goes. ``located`` is None for a local file."""

    role: str
    target: Path
    licence: str
    located: Located | None = None

    @property
    def size(self) -> int:
        """Bytes, 0 when the server does not say."""
        if self.missing and self.located:
            return self.located.identity.size
        here = self.located.here if self.located and self.located.here else self.target
        return here.stat().st_size if here.is_file() else 0

    @property
    def missing(self) -> bool:
        """Whether it has to be fetched."""
        return self.located is not None and self.located.here is None

    @property
    def source(self) -> str:
        """For people: the address, or that it is here."""
        if self.located is None:
            return f"here: {self.target}"
        return f"here: {self.located.here}" if self.located.here else self.located.url


@dataclass(frozen=True, slots=True)
class Plan:
    """All files of a pull, before the first byte."""

    pieces: tuple[Piece, ...]

    @property
    def to_fetch(self) -> int:
        """Bytes that have to be fetched, as far as servers say."""
        return sum(piece.located.identity.size for piece in self.pieces if piece.located and piece.missing)

    def target(self, role: str) -> Path:
        """Where the file of a role lies once it is here."""
        return next(piece.target for piece in self.pieces if piece.role == role)


def pull_photo(
    choice: PhotoChoice,
    places: Places,
    *,
    pictures: list[Pixels] | None = None,
    newest: bool = False,
    planned: Callable[[Plan], None] = lambda _: None,
    at: Progress = lambda name, done, size: None,
    said: Callable[[str], None] = lambda _: None,
) -> tuple[Pack, list[Parity]]:
    """Find every file, tell the plan, fetch what is not here, build the networks, take the pack in.

    Raises ModelMissing, and DiskFull before anything is fetched.
    """
    if choice.making.torch:
        need_torch()
    places.downloads.mkdir(parents=True, exist_ok=True)
    pins = Pins(places.downloads / "pins.json", newest=newest)
    with open_client(ModelMissing) as client, _one_at_a_time(places.downloads):
        plan = _plan(choice, places, pins, client, said)
        planned(plan)
        _check_room(plan, places)
        for piece in plan.pieces:
            _fetch(piece, pins, client, at, said)
    sources = _sources(choice, plan)
    names = {"detector": "YOLOX over the encoders of the bundled pack"}
    return export_pack(
        sources,
        places.packs,
        name="photo",
        description=names.get(choice.size, "YOLOX, a timm ViT and Chinese-CLIP, trained on photographs"),
        making=choice.making,
        pictures=pictures or (),
        said=said,
    )


def _plan(choice: PhotoChoice, places: Places, pins: Pins, client: httpx.Client, said: Callable[[str], None]) -> Plan:
    """Local files first, so that a wrong path is said before any server is asked."""
    pieces = [_detector(choice, places, client)]
    if choice.size == "detector":
        if choice.encoders is None:
            raise ModelMissing("There is no pack to take the encoders of.", hint="Install boxlens anew.")
        return Plan(tuple(pieces))
    if choice.clip_weights:
        pieces.append(Piece("clip", _local(choice.clip_weights, "a Chinese-CLIP checkpoint"), "your own"))
    elif choice.clip_model not in CLIP_FILES:
        raise ModelMissing(
            f"There is no Chinese-CLIP named {choice.clip_model!r}.", hint=f"Models: {', '.join(CLIP_SHAPES)}."
        )

    def piece(role: str, repo: str, file: str) -> Piece:
        target = places.downloads / repo.replace("/", "--") / file
        located = locate(repo, file, target, hubs=places.hubs, pins=pins, client=client, said=said)
        return Piece(role, target, _LICENCES[role.split(" ")[0]], located)

    if Path(choice.vit).exists():
        pieces.append(Piece("vit", Path(choice.vit), "your own"))
    else:
        pieces += [piece("vit config", choice.vit, "config.json"), piece("vit", choice.vit, "model.safetensors")]
    if not choice.clip_weights:
        pieces.append(piece("clip", *CLIP_FILES[choice.clip_model]))
    return Plan(tuple(pieces))


def _detector(choice: PhotoChoice, places: Places, client: httpx.Client) -> Piece:
    if choice.detector not in YOLOX:
        file = _local(Path(choice.detector), f"a YOLOX ONNX file, or one of: {', '.join(YOLOX)}")
        return Piece("detector", file, "your own")
    name = f"yolox_{choice.detector}.onnx"
    target = places.downloads / name
    identity = FileIdentity(digest=YOLOX[choice.detector])
    url = f"{places.releases.rstrip('/')}/{name}"
    here = target if identity.fits(target) else None
    if here is None:
        identity = FileIdentity(remote_size(client, url), identity.digest)
    return Piece("detector", target, _LICENCES["detector"], Located("", name, url, identity, here=here))


def _fetch(piece: Piece, pins: Pins, client: httpx.Client, at: Progress, said: Callable[[str], None]) -> None:
    located = piece.located
    if located is None:
        return
    if piece.missing:
        how = Fetching(ModelMissing, lambda done, size: at(piece.target.name, done, size), said, located.headers)
        download(client, [located.url], piece.target, located.identity, how)
    elif located.here and located.here != piece.target:  # in the cache of huggingface-hub
        piece.target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(located.here, piece.target)
    if located.repo:
        pins.remember(located.repo, located.revision, located.file, located.identity)
    if piece.role == "vit config" and not built_here(piece.target.parent):
        need_torch()  # said before the weights are fetched


def _sources(choice: PhotoChoice, plan: Plan) -> PackSources:
    detector = plan.target("detector")
    if choice.size == "detector":
        return PackSources(detector=detector, encoders=choice.encoders)
    vit = plan.target("vit")
    return PackSources(
        detector=detector,
        vit=TimmSource(vit if vit.is_dir() else vit.parent),
        clip=ClipSource(plan.target("clip"), choice.clip_model),
    )


def _local(file: Path, description: str) -> Path:
    if not file.is_file():
        raise ModelMissing(f"{file} is not there.", hint=f"Give {description}.")
    return file


def _check_room(plan: Plan, places: Places) -> None:
    weights = sum(piece.size for piece in plan.pieces)
    needed = plan.to_fetch + int(_ROOM * weights)
    places.packs.mkdir(parents=True, exist_ok=True)
    free = min(shutil.disk_usage(places.downloads).free, shutil.disk_usage(places.packs).free)
    if free < needed:
        raise DiskFull(
            f"The pack needs {needed // 1_000_000} MB in {places.downloads} and {places.packs}, "
            f"{free // 1_000_000} MB are free.",
            hint="Free some disk space, choose a smaller --size, or set BOXLENS_DATA_DIR to another disk.",
        )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two pulls at once would write the same files: the second waits."""
    with FileLock(folder / ".lock"):
        yield
