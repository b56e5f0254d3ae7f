"""A pack over model files that stay where they are: YOLOX-Nano, an image embedder in the vit role, and OCR.

It makes real photos work before a pack with trained ViT and CLIP networks is there. It has no CLIP: words find labels,
captions, tags and read text only.
"""

from __future__ import annotations

import json
from pathlib import Path

from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.models.pack_files import place, sha256
from embedding_pipeline.models.pack_spec import ClassSpec, DetectorSpec, FileSpec, OcrSpec, PackSpec, VitSpec
from embedding_pipeline.models.packs import PACK_FILE
from embedding_pipeline.models.vit import Preprocess

TRIAL_NAME = "coco-test"
_DETECTOR = "models/yolox_nano.onnx"
_EMBEDDER = "models/mobilenet_v2_embed1280_qdq.onnx"


def make_test_pack(data_dir: Path, target: Path) -> Path:
    """Write ``target``/coco-test/pack.json over the models of ``data_dir``; gives that folder.

    The same call again changes nothing. Raises ModelMissing when a model file is absent.
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


def wheel_ocr() -> OcrSpec:
    """The OCR part over the networks that travel inside the installed rapidocr package."""
    return OcrSpec(
        detect=_in_wheel("PP-OCRv6_det_small.onnx"),
        turn=_in_wheel("ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        recognise=_in_wheel("PP-OCRv6_rec_small.onnx"),
        licence="Apache-2.0",
        source="PP-OCR of PaddleOCR, in the rapidocr package",
    )


def _outside(path: Path) -> FileSpec:
    path = path.resolve()
    return _measured(FileSpec(path=str(path), sha256="0" * 64, bytes=1, place="outside"), path)


def _in_wheel(name: str) -> FileSpec:
    file = FileSpec(path=name, sha256="0" * 64, bytes=1, place="rapidocr")
    return _measured(file, place(Path(), file, TRIAL_NAME))


def _measured(file: FileSpec, path: Path) -> FileSpec:
    if not path.is_file():
        raise ModelMissing(f"The model file {path} is not there.", hint="Give the folder that holds models/.")
    return file.model_copy(update={"sha256": sha256(path), "bytes": path.stat().st_size})
