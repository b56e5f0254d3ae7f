"""The OCR part of a pack over the networks that travel inside the installed rapidocr package."""

from __future__ import annotations

from pathlib import Path

from boxlens.domain.errors import ModelMissing
from boxlens.models.packs.files import place, sha256
from boxlens.models.packs.spec import FileSpec, OcrSpec


def wheel_ocr() -> OcrSpec:
    """PP-OCR of the rapidocr package, measured as it is installed. Raises ModelMissing when a network is not there."""
    return OcrSpec(
        detect=_in_wheel("PP-OCRv6_det_small.onnx"),
        turn=_in_wheel("ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        recognise=_in_wheel("PP-OCRv6_rec_small.onnx"),
        licence="Apache-2.0",
        source="PP-OCR of PaddleOCR, in the rapidocr package",
    )


def _in_wheel(name: str) -> FileSpec:
    file = FileSpec(path=name, sha256="0" * 64, bytes=1, place="rapidocr")
    path = place(Path(), file, "with the OCR of rapidocr")
    if not path.is_file():
        raise ModelMissing(
            f"The model file {path} is not there.", hint="Install it again: pip install --force-reinstall rapidocr"
        )
    return file.model_copy(update={"sha256": sha256(path), "bytes": path.stat().st_size})
