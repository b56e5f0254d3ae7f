"""A whole pack out of weights and a detector file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from boxlens.domain.errors import BadSource, ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import decode
from boxlens.models.coco_labels import COCO
from boxlens.models.export.clip_model import ClipSource, export_clip
from boxlens.models.export.making import Making, Parity
from boxlens.models.export.timm_model import TimmSource, export_timm
from boxlens.models.packs.files import check, measured
from boxlens.models.packs.pack import PACK_FILE, Pack, add_pack, read_spec
from boxlens.models.packs.spec import ClassSpec, ClipSpec, DetectorSpec, PackSpec, VitSpec
from boxlens.models.packs.wheel_ocr import wheel_ocr
from boxlens.models.runtimes.onnx_session import OnnxSession

_MAX_PIXELS = 100_000_000
_MADE = 12  # pictures to compare on when none are given


@dataclass(frozen=True, slots=True)
class PackSources:
    """What a pack is made of; each part may be missing. ``detector``: a YOLOX ONNX file over the classes of COCO.

    ``encoders``: the folder of a pack whose encoders and padding of crops are taken as they are.
    """

    detector: Path | None = None
    encoders: Path | None = None
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
    """Write all parts, run and compare each on crops of ``pictures`` (made ones when fewer than two), take the pack in.

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
    padding = 0.0
    try:
        detector = detector_part(sources.detector, folder) if sources.detector else None
        ocr = wheel_ocr() if sources.ocr else None
        if sources.encoders:
            vit, clip, padding = _taken(sources.encoders, folder)
        if sources.vit:
            said("Building the ViT")
            vit, parity = export_timm(sources.vit, folder, compared, making)
            parities.append(parity)
        if sources.clip:
            said("Building both towers of Chinese-CLIP")
            clip, more = export_clip(sources.clip, folder, compared, making)
            parities.extend(more)
        spec = PackSpec(
            name=name, description=description, crop_padding=padding, detector=detector, vit=vit, clip=clip, ocr=ocr
        )
        text = json.dumps(spec.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
        (folder / PACK_FILE).write_text(text + "\n", "utf-8")
        said("Checking the pack")
        return add_pack(folder, packs, move=True), parities
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _taken(source: Path, folder: Path) -> tuple[VitSpec | None, ClipSpec | None, float]:
    """The encoders of another pack with their files, and its padding. Raises ModelMissing when a file is not right."""
    spec = read_spec(source)
    encoders = spec.model_copy(update={"detector": None, "ocr": None})
    for file, path in check(source, encoders.files(), spec.name).items():
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return spec.vit, spec.clip, spec.crop_padding


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
    return [decode(file.read_bytes(), max_pixels=_MAX_PIXELS).pixels.copy() for file in files[:most]]


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
