"""A pack over model files that stay where they are: YOLOX-Nano, an image embedder in the vit role, and OCR.

It makes real photos work before a pack with trained ViT and CLIP networks is there. It has no CLIP: words find labels,
captions, tags and read text only.
"""

from __future__ import annotations

import json
from pathlib import Path

from boxlens.models.coco_labels import COCO
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import sha256
from boxlens.models.packs.pack import PACK_FILE
from boxlens.models.packs.spec import ClassSpec, DetectorSpec, FileSpec, PackSpec, VitSpec
from boxlens.models.packs.wheel_ocr import wheel_ocr

TRIAL_NAME = "coco-test"
_DETECTOR = "models/yolox_nano.onnx"
_EMBEDDER = "models/mobilenet_v2_embed1280_qdq.onnx"


def make_test_pack(data_dir: Path, target: Path) -> Path:
    """Write ``target``/coco-test/pack.json over the models of ``data_dir``; gives that folder.

    The same call again changes nothing. Raises FileNotFoundError when a model file is absent.
    """
    folder = target / TRIAL_NAME
    spec = PackSpec(
        name=TRIAL_NAME,
        description="YOLOX-Nano and an ImageNet embedder, for tests and trials on photos",
        detector=DetectorSpec(
            model=_outside(data_dir / _DETECTOR),
            head="yolox",
            size=(416, 416),
            classes=tuple(ClassSpec(id=c.id, en=c.en, zh=c.zh) for c in COCO),
            licence="Apache-2.0",
            source="YOLOX-Nano of Megvii, exported by hamacom2004jp/iinfer",
        ),
        vit=VitSpec(
            model=_outside(data_dir / _EMBEDDER),
            preprocess=Preprocess(size=(224, 224), interpolation="area", layout="nhwc", dtype="uint8"),
            dims=1280,
            licence="Apache-2.0",
            source="MobileNet V2 of google-coral/test_data",
        ),
        ocr=wheel_ocr(),
    )
    text = json.dumps(spec.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PACK_FILE).write_text(text + "\n", "utf-8")
    return folder


def _outside(path: Path) -> FileSpec:
    path = path.resolve()
    return FileSpec(path=str(path), sha256=sha256(path), bytes=path.stat().st_size, place="outside")
