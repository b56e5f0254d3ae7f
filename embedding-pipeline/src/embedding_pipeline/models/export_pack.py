"""A whole pack out of torch weights and a detector file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from embedding_pipeline.domain import Pixels
from embedding_pipeline.errors import BadSource, ModelMissing
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.models.export_clip import ClipSource, export_clip
from embedding_pipeline.models.export_timm import TimmSource, export_timm
from embedding_pipeline.models.pack_files import measured
from embedding_pipeline.models.pack_spec import ClassSpec, ClipSpec, DetectorSpec, PackSpec, VitSpec
from embedding_pipeline.models.packs import PACK_FILE, Pack, add_pack
from embedding_pipeline.models.runtime import OnnxSession
from embedding_pipeline.models.torch_onnx import Making, Parity
from embedding_pipeline.models.trial_pack import wheel_ocr
from embedding_pipeline.pictures.images import decode

_MAX_PIXELS = 100_000_000
_MADE = 12  # pictures to compare on when none are given


@dataclass(frozen=True, slots=True)
class PackSources:
    """What a pack is made of; each part may be missing. ``detector``: a YOLOX ONNX file over the classes of COCO."""

    detector: Path | None = None
    vit: TimmSource | None = None
    clip: ClipSource | None = None
    ocr: bool = True


def export_pack(
    sources: PackSources,
    packs: Path,
    *,
    name: str,
    description: str = "",
    making: Making = Making(),
    pictures: Sequence[Pixels] = (),
    said: Callable[[str], None] = lambda _: None,
) -> tuple[Pack, list[Parity]]:
    """Export all parts, compare each with torch on crops of ``pictures`` (made ones when fewer than two), take the
    pack in.

    ``said`` is told what begins. The pack is whole in ``packs`` afterwards, or nothing there has changed. Raises
    ModelMissing.
    """
    compared = crops_of(pictures) if len(pictures) >= 2 else made_pictures(_MADE)
    making = replace(making, real=len(pictures) >= 2)
    packs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=packs, prefix=".exporting-"))
    parities: list[Parity] = []
    vit: VitSpec | None = None
    clip: ClipSpec | None = None
    try:
        detector = detector_part(sources.detector, folder) if sources.detector else None
        if sources.vit:
            said("Exporting the ViT and comparing it with timm")
            vit, parity = export_timm(sources.vit, folder, compared, making)
            parities.append(parity)
        if sources.clip:
            said("Exporting both towers of Chinese-CLIP and comparing them with cn_clip")
            clip, more = export_clip(sources.clip, folder, compared, making)
            parities.extend(more)
        ocr = wheel_ocr() if sources.ocr else None
        spec = PackSpec(name=name, description=description, detector=detector, vit=vit, clip=clip, ocr=ocr)
        text = json.dumps(spec.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
        (folder / PACK_FILE).write_text(text + "\n", "utf-8")
        said("Checking the pack")
        return add_pack(folder, packs), parities
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def detector_part(file: Path, folder: Path) -> DetectorSpec:
    """A copy of a YOLOX file over COCO's classes. Raises ModelMissing when it is another kind of network."""
    session = OnnxSession(file)
    height, width = session.input.shape[-2:]
    answer = session.run(np.zeros((1, 3, height or 32, width or 32), np.float32))[0]
    if height is None or width is None or answer.shape[-1] != 5 + len(COCO):
        raise ModelMissing(
            f"{file} is no YOLOX over the {len(COCO)} classes of COCO: input {session.input.shape}, "
            f"output {answer.shape}.",
            hint="For other detectors write pack.json by hand (docs/models.md) and: boxlens models add FOLDER",
        )
    target = folder / "detector.onnx"
    shutil.copyfile(file, target)
    return DetectorSpec(
        model=measured(target),
        head="yolox",
        size=(height, width),
        classes=tuple(ClassSpec(id=c.id, en=c.en, zh=c.zh) for c in COCO),
        licence="Apache-2.0",
        source=f"YOLOX of Megvii, {file.name}",
    )


def read_pictures(folder: Path, most: int = 24) -> list[Pixels]:
    """The first pictures of a folder by name. Raises UnreadablePicture, or BadSource when there are fewer than two."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if len(files) < 2:
        raise BadSource(f"{folder} has fewer than two pictures.", hint="Give a folder of JPEG, PNG or WebP files.")
    return [decode(file.read_bytes(), max_pixels=_MAX_PIXELS).pixels for file in files[:most]]


def crops_of(pictures: Sequence[Pixels]) -> list[Pixels]:
    """Each picture whole, then its middle, then its four quarters, and so on in turns: crops of several sizes."""
    crops = list(pictures)
    for top, left in ((0.25, 0.25), (0, 0), (0.5, 0.5), (0, 0.5), (0.5, 0)):
        for picture in pictures:
            height, width = picture.shape[:2]
            y, x = int(top * height), int(left * width)
            crops.append(picture[y : y + max(height // 2, 1), x : x + max(width // 2, 1)])
    return crops


def made_pictures(count: int) -> list[Pixels]:
    """Seeded pictures of several shapes: coarse colour fields with noise, when no photographs are given."""
    rng = np.random.default_rng(7)
    pictures = []
    for i in range(count):
        coarse = rng.integers(0, 256, (4 + i % 3, 5, 3)).repeat(48, axis=0).repeat(48, axis=1)
        pictures.append(np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8))
    return pictures
