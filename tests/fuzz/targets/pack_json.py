"""The description of a pack, and where it says that its files lie."""

from __future__ import annotations

from contextlib import suppress

from boxlens.domain.errors import BoxlensError
from boxlens.models.packs.files import check
from boxlens.models.packs.pack import PACK_FILE, about, read_spec
from boxlens.models.packs.spec import ClipSpec, DetectorSpec, FileSpec, OcrSpec, PackSpec, VitSpec
from tests.fuzz.written_files import written

PARTS = (PackSpec, DetectorSpec, VitSpec, ClipSpec, OcrSpec, FileSpec)
PIECES = (
    *(f'"{name}": ' for part in PARTS for name in part.model_fields),
    "{", "}", "[", "]", ",", '"', "null", "-1", "1e999", "../", "/etc/passwd", "\\u0000", "\\ud800", '"rapidocr"',
    '"outside"', "0" * 64,
)  # fmt: skip


def read(data: bytes) -> None:
    """What is understood says what it is, and its files are looked for."""
    with written(PACK_FILE, data) as path, suppress(BoxlensError):
        spec = read_spec(path.parent)
        about(spec)
        check(path.parent, spec.files(), spec.name)
