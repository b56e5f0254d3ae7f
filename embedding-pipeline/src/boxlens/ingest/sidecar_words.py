"""What a file beside a picture says of it: JSON or XMP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import shown
from boxlens.domain.references import ImageRef
from boxlens.imaging.picture_words import PictureWords, words_of
from boxlens.imaging.xmp import xmp_values
from boxlens.ingest.text_files import read_text


def read_sidecar(path: Path) -> PictureWords:
    """The words of a JSON or XMP file. Raises BadSource when it cannot be understood as a whole."""
    text = read_text(path)
    if path.suffix.lower() == ".xmp":
        try:
            return words_of(xmp_values(text))
        except ValueError as error:
            raise BadSource(f"{shown(str(path))}: {error}", hint="Write it again with its program.") from error
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadSource(f"{shown(str(path))}: {error}", hint="It must be one JSON object.") from error
    if isinstance(said, list) and len(said) == 1:
        (said,) = said  # exiftool -json
    if not isinstance(said, dict):
        raise BadSource(f"{shown(str(path))} is no JSON object.", hint='Write {"description": "…", "tags": ["…"]}.')
    return words_of(said)


def with_words(ref: ImageRef, words: PictureWords) -> ImageRef:
    """The reference with what a sidecar says; what the reference says itself wins."""
    return replace(
        ref,
        caption=ref.caption if ref.caption is not None else words.caption,
        tags=ref.tags or words.tags,
        taken_at=ref.taken_at or words.taken_at,
        location=ref.location or words.location,
    )
