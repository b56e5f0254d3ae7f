"""What stands in pack.json. docs/models.md describes it with an example; this is the one truth of its fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from embedding_pipeline.models.vit import Preprocess
from embedding_pipeline.models.yolo import Head

Role = Literal["detector", "vit", "clip", "ocr"]
ROLES: tuple[Role, ...] = ("detector", "vit", "clip", "ocr")
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSpec(_Strict):
    """One file of a pack.

    ``place`` says where ``path`` starts: in the pack's folder (and never leaves it); among the models inside the
    installed rapidocr package; or, for trial packs over files that stay where they are, an absolute path.
    """

    path: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    place: Literal["pack", "rapidocr", "outside"] = "pack"


class ClassSpec(_Strict):
    """One class of a detector, in the order of its output; names best first."""

    id: str = Field(min_length=1)
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


class _Part(_Strict):
    licence: str
    source: str


class DetectorSpec(_Part):
    model: FileSpec
    head: Head
    size: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = Field(description="height, width")
    classes: tuple[ClassSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> DetectorSpec:
        if len({c.id for c in self.classes}) != len(self.classes):
            raise ValueError("two classes have the same id")
        if self.head == "yolox" and any(side % 32 for side in self.size):
            raise ValueError("a yolox input must be a multiple of 32 each way")
        return self


class VitSpec(_Part):
    model: FileSpec
    preprocess: Preprocess
    dims: int = Field(ge=1, le=4096)


class ClipSpec(_Part):
    image: FileSpec
    text: FileSpec
    vocabulary: FileSpec
    preprocess: Preprocess
    dims: int = Field(ge=1, le=4096)
    context_length: int = Field(52, ge=3, le=512)


class OcrSpec(_Part):
    detect: FileSpec
    turn: FileSpec
    recognise: FileSpec
    threshold: float = Field(0.6, ge=0, le=1)


class PackSpec(_Strict):
    """A whole pack.json. ``crop_padding``: the share of a box's sides added on each side before embedding."""

    format: Literal[1] = 1
    name: str = Field(pattern=NAME)
    revision: str = Field("", description="by default a hash of the parts")
    description: str = ""
    crop_padding: float = Field(0.0, ge=0, le=1)
    detector: DetectorSpec | None = None
    vit: VitSpec | None = None
    clip: ClipSpec | None = None
    ocr: OcrSpec | None = None

    @property
    def fingerprint(self) -> str:
        """``revision``, or 16 hex digits over all that shapes boxes and vectors: file hashes, numbers, class ids.

        Where files lie, what things are called, licences and OCR are no part of it.
        """
        if self.revision:
            return self.revision
        parts = {role: _shaping(part) for role, part in self.parts() if role != "ocr"}
        text = json.dumps({"crop_padding": self.crop_padding, **parts}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def parts(self) -> Iterator[tuple[Role, DetectorSpec | VitSpec | ClipSpec | OcrSpec]]:
        """The roles this pack has, in the order of ROLES."""
        for role in ROLES:
            part = getattr(self, role)
            if part is not None:
                yield role, part

    def files(self) -> Iterator[FileSpec]:
        for _, part in self.parts():
            yield from (value for _, value in part if isinstance(value, FileSpec))


def _shaping(part: DetectorSpec | VitSpec | ClipSpec | OcrSpec) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, value in part:
        if isinstance(value, FileSpec):
            kept[name] = value.sha256
        elif name == "classes":
            kept[name] = [c.id for c in value]
        elif name not in ("licence", "source"):
            kept[name] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return kept
