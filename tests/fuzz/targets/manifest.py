"""Manifests, as JSON lines and CSV, and the failures file made of their lines."""

from __future__ import annotations

from contextlib import suppress

import orjson

from boxlens.domain.errors import BoxlensError
from boxlens.ingest.manifests import SUFFIXES, manifest_line, manifest_references
from tests.fuzz.written_files import written

PIECES = (
    '{"uri": "a.jpg", ', '"uri"', '"caption": ', '"tags": ', '"taken_at": ', '"lat": ', '"lon": ', '"file_name": ',
    '"failure": ', "null", "true", "[", "]", "{", "}", ",", ";", "，", '"', "\\u0000", "\\ud800", "\n", "\r\n", "\t",
    "uri,caption,tags\n", "file:///", "file://%ff", "https://", "..\\", "2023-01-01T00:00:00+25:00", "1e999", "91",
    "-181", "\xff\xfe", "\ufeff",
)  # fmt: skip


def read(data: bytes) -> None:
    """The first byte chooses the form; every line gives a reference that can be written as a line again."""
    suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else SUFFIXES[0]
    with written(f"list{suffix}", data[1:]) as path, suppress(BoxlensError):
        for _, ref in manifest_references(path):
            orjson.dumps(manifest_line(ref))
