"""The OCR role by rapidocr (PP-OCR networks): Chinese and English lines, also rotated and upside down."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from boxlens.domain.boxes import Box
from boxlens.domain.errors import ModelMissing
from boxlens.domain.objects import TextLine
from boxlens.domain.pictures import Pixels

_DETECT_SIDE = 960  # longer side, in pixels, that lines are looked for at; larger pictures are made smaller for that

_SURE = 0.9  # a line read with less confidence is tried upside down as well
_REPAIR = "Check the OCR files: boxlens models verify NAME; the engine: pip install --force-reinstall rapidocr"


@dataclass(frozen=True, slots=True)
class OcrFiles:
    """The three networks: finding lines, telling upside-down ones, reading them."""

    detect: Path
    turn: Path
    recognise: Path


class RapidTextReader:
    """Lines of text of one picture. ``threshold``: lines read with less confidence (0..1) are left out.

    Loaded at first use, from the given files alone: nothing is looked up in any network. Raises ModelMissing when
    they cannot be loaded.
    """

    def __init__(self, files: OcrFiles, *, threshold: float = 0.6, threads: int = 0) -> None:
        self._files = files
        self._threshold = threshold
        self._threads = threads
        self._lock = threading.Lock()
        self._engine: Any = None

    def read(self, picture: Pixels) -> list[TextLine]:
        """Lines from top to bottom, each with the upright box around it."""
        engine = self._ready()
        try:
            readings = _lines(engine, picture)
        except Exception as error:
            raise ModelMissing(f"The OCR networks failed: {error}", hint=_REPAIR) from error
        height, width = picture.shape[:2]
        lines = []
        for corners, text, score in readings:
            (x1, y1), (x2, y2) = corners.min(axis=0), corners.max(axis=0)
            box = Box(float(x1), float(y1), float(x2), float(y2)).clipped(width, height)
            if text and score >= self._threshold and box.area > 0:
                lines.append(TextLine(text, box, min(score, 1.0)))
        return lines

    def check(self) -> None:
        """Load the networks. Raises ModelMissing."""
        self._ready()

    def _ready(self) -> Any:
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = self._load()
        return self._engine

    def _load(self) -> Any:
        try:
            from rapidocr import RapidOCR

            engine = RapidOCR(
                params={
                    "Global.log_level": "critical",
                    "Det.model_path": str(self._files.detect),
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _DETECT_SIDE,
                    "Cls.model_path": str(self._files.turn),
                    "Rec.model_path": str(self._files.recognise),
                    "EngineConfig.onnxruntime.intra_op_num_threads": self._threads or -1,
                }
            )
            blank = np.full((64, 64, 3), 255, np.uint8)
            _lines(engine, blank)
            engine.cls_and_rotate([blank])
            engine.recognize_txt([blank])
            return engine
        except Exception as error:
            raise ModelMissing(f"The OCR networks cannot be loaded: {error}", hint=_REPAIR) from error


def _lines(engine: Any, picture: Pixels) -> list[tuple[npt.NDArray[np.float32], str, float]]:
    """Corners (4, 2), text and confidence of each line of an RGB picture, which the networks see as BGR.

    The engine's own chain, with one step more: a line of a character or two often looks the same either way up to the
    network that tells, so what was read with doubt is read upside down too, and the surer reading stays.
    """
    from rapidocr.main import RapidOCRError
    from rapidocr.utils.process_img import map_boxes_to_original

    prepared, record = engine.preprocess_img(picture)
    prepared = np.ascontiguousarray(prepared[:, :, ::-1])  # turned when it is small: a large picture takes much memory
    try:
        crops, detected = engine.detect_and_crop(prepared, record)
    except RapidOCRError:  # how the engine says that there is no text
        return []
    turned, _ = engine.cls_and_rotate(crops)
    read = _recognised(engine, turned)
    doubtful = [i for i, (_, score) in enumerate(read) if score < _SURE]
    again = _recognised(engine, [np.ascontiguousarray(np.rot90(turned[i], 2)) for i in doubtful])
    for i, other in zip(doubtful, again, strict=True):
        read[i] = max(read[i], other, key=lambda line: line[1])
    corners = map_boxes_to_original(detected.boxes, record, *picture.shape[:2])
    return [(quad, text.strip(), score) for quad, (text, score) in zip(corners, read, strict=True)]


def _recognised(engine: Any, crops: list[Pixels]) -> list[tuple[str, float]]:
    if not crops:
        return []
    answer = engine.recognize_txt(crops)
    return [(text, float(score)) for text, score in zip(answer.txts, answer.scores, strict=True)]
