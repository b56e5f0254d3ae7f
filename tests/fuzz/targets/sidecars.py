"""Files beside pictures: JSON, XMP, tables of them."""

from __future__ import annotations

from contextlib import suppress

from boxlens.domain.errors import BoxlensError
from boxlens.ingest.sidecar_words import read_sidecar
from boxlens.ingest.word_tables import table_rows
from tests.fuzz.written_files import written

PIECES = (
    "{", "}", "[", "]", ":", ",", '"', "null", "true", "-1", "1e999", "91", "title", "description", "photoTakenTime",
    "timestamp", "geoData", "latitude", "longitude", "people", "name", "GPSLatitude", "DateTimeOriginal",
    "OffsetTimeOriginal", "Keywords", "2023:01:02 03:04:05", "2023-01-02T03:04:05Z",
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "</x:xmpmeta>", "<!DOCTYPE", "&amp;",
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>", "<rdf:Description>", "<rdf:li>",
    "exif:GPSLatitude=", "xmlns:exif='http://ns.adobe.com/exif/1.0/'", "dc:subject", "imgName", "a.jpg", "\r\n",
    "\x00",
)  # fmt: skip
SUFFIXES = (".json", ".xmp", ".csv")


def read(data: bytes) -> None:
    """The first byte chooses the kind of file."""
    suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else ".json"
    with written(f"a{suffix}", data[1:]) as path, suppress(BoxlensError):
        if suffix == ".csv":
            table_rows(path, {"a.jpg"})
        else:
            read_sidecar(path)
