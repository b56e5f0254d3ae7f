"""What stands in pack.json. docs/models.md describes it with an example; this is the one truth of its fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from boxlens.models.detector import Head
from boxlens.models.image_encoder import Preprocess

Method = Literal["static", "dynamic"]
Role = Literal["detector", "vit", "clip", "ocr"]
ROLES: tuple[Role, ...] = ("detector", "vit", "clip", "ocr")
MIN_FP32_COSINE = 0.9999  # cosine to torch that an fp32 file must reach on every row
MIN_INT8_COSINE = 0.985  # cosine to fp32 that an int8 network must keep on every row
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSpec(_Strict):
    """One file of a pack.

    ``place`` says where ``path`` starts: in the pack's folder (and never leaves it); among the models inside the
    installed rapidocr package; or, for trial packs over files that stay where they are, an absolute path.
    """

    path: str = Field(min_length=1, pattern=r"^[^\x00]*$")
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
    """``threshold``: the score 0..1 from which a box is an object, chosen by how often counts are right."""

    threshold: float = Field(0.3, ge=0, le=1)
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


class Int8Spec(_Strict):
    """The same network with matrix products in int8, beside the fp32 file.

    ``method``: ranges of values fixed beforehand on real crops ("static") or found for each call ("dynamic").
    ``cosine``: the least to the fp32 file over ``rows`` inputs when it was made, at least
    MIN_INT8_COSINE.
    """

    file: FileSpec
    method: Method
    cosine: float = Field(ge=MIN_INT8_COSINE, le=1.001)
    rows: int = Field(ge=1)


class TorchSpec(_Strict):
    """The weights the ONNX file was exported from, as safetensors, for the runtime torch.

    ``model``: timm's architecture, or the kind of Chinese-CLIP; ``arguments``: what its class is called with.
    """

    file: FileSpec
    model: str
    arguments: dict[str, Any] = {}


class ParitySpec(_Strict):
    """How near the fp32 file came to torch when it was exported: the least cosine over ``rows`` inputs."""

    cosine: float
    rows: int = Field(ge=1)


class VitSpec(_Part):
    """``model_data``: the second file of a network whose weights no single ONNX file holds."""

    model: FileSpec
    model_data: FileSpec | None = None
    parity: ParitySpec | None = None
    int8: Int8Spec | None = None
    torch: TorchSpec | None = None
    preprocess: Preprocess
    dims: int = Field(ge=1, le=4096)


class ClipSpec(_Part):
    """``image_data``, ``text_data``: as ``VitSpec.model_data``."""

    image: FileSpec
    image_data: FileSpec | None = None
    text: FileSpec
    text_data: FileSpec | None = None
    image_parity: ParitySpec | None = None
    text_parity: ParitySpec | None = None
    image_int8: Int8Spec | None = None
    text_int8: Int8Spec | None = None
    torch: TorchSpec | None = None
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

        Where files lie, what things are called, licences and OCR are no part of it; nor are int8 files and torch
        weights, which give the vectors of the fp32 file again.
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

    @property
    def forms(self) -> frozenset[str]:
        """In which forms encoders are held beside fp32: "int8", "torch"."""
        values = {type(value) for _, part in self.parts() for _, value in part}
        return frozenset(form for form, kind in (("int8", Int8Spec), ("torch", TorchSpec)) if kind in values)

    def files(self) -> Iterator[FileSpec]:
        for _, part in self.parts():
            for _, value in part:
                if isinstance(value, FileSpec):
                    yield value
                elif isinstance(value, Int8Spec | TorchSpec):
                    yield value.file


# where a second file is present its hash counts, as that of every file; where it is not, nothing may change
_NOT_SHAPING = frozenset(
    "licence source threshold torch parity image_parity text_parity int8 image_int8 text_int8 "
    "model_data image_data text_data".split()
)


def _shaping(part: DetectorSpec | VitSpec | ClipSpec | OcrSpec) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in part:
        if isinstance(value, FileSpec):
            values[name] = value.sha256
        elif name == "classes":
            values[name] = [c.id for c in value]
        elif name not in _NOT_SHAPING:
            values[name] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return values
