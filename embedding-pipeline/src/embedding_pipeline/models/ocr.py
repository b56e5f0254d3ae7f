"""The OCR role by rapidocr (PP-OCR networks): Chinese and English lines, also rotated and upside down."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embedding_pipeline.domain import Box, Pixels, TextLine
from embedding_pipeline.errors import ModelMissing

_DETECT_SIDE = 960  # longer side, in pixels, that lines are looked for at; larger pictures are made smaller for that


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
        """Lines from top to bottom as the engine finds them, each with the upright box around it."""
        found = self._ready()(np.ascontiguousarray(picture[:, :, ::-1]))
        if found.boxes is None or found.txts is None:
            return []
        height, width = picture.shape[:2]
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (x1, y1), (x2, y2) = np.min(corners, axis=0), np.max(corners, axis=0)
            box = Box(float(x1), float(y1), float(x2), float(y2)).clipped(width, height)
            if text.strip() and score >= self._threshold and box.area > 0:
                lines.append(TextLine(text.strip(), box, min(float(score), 1.0)))
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
                    "Global.text_score": self._threshold,
                    "Det.model_path": str(self._files.detect),
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _DETECT_SIDE,
                    "Cls.model_path": str(self._files.turn),
                    "Rec.model_path": str(self._files.recognise),
                    "EngineConfig.onnxruntime.intra_op_num_threads": self._threads or -1,
                }
            )
            engine(np.full((64, 64, 3), 255, np.uint8))
            return engine
        except Exception as error:
            raise ModelMissing(
                f"The OCR networks cannot be loaded: {error}", hint="Check them: boxlens models verify NAME"
            ) from error
