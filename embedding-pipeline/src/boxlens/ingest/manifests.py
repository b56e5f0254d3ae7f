"""Lists of pictures: one JSON object a line, or CSV with a header. A line that is of no use fails by itself."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import FILE_URI, is_unicode, local_path, manifest_path, reason, shown, unicode_name
from boxlens.domain.references import REMOTE, ImageRef, SourceProblem
from boxlens.imaging.moments import moment, place
from boxlens.ingest.sidecar_refs import SidecarsBeside
from boxlens.ingest.text_files import csv_rows, encoding_of

SUFFIXES = (".jsonl", ".ndjson", ".csv")
LONGEST_LINE = 4 * 1024 * 1024
"""Characters of a line that are read into memory; a longer one fails."""

# A failures file is a manifest whose lines also say what went wrong; that part is not about the picture.
_KNOWN = {"uri", "caption", "tags", "taken_at", "lat", "lon", "file_name", "failure"}
_VALUES_HINT = "caption: text; tags: list or a,b; taken_at: ISO date; lat, lon: degrees."
_LONGEST_NAME = 1000
Line = tuple[int, Mapping[str, Any] | BadSource]


def manifest_references(path: Path) -> Iterator[tuple[str, ImageRef]]:
    """(the uri as written, reference) of every line, with what sidecars beside the pictures say.

    Raises BadSource when the file as a whole cannot be read.
    """
    beside = SidecarsBeside()
    for number, line in _lines(path):
        written = str(line.get("uri", number)) if not isinstance(line, BadSource) else str(number)
        ref = _reference(line, path, number)
        if ref.problem is not None or ref.uri.startswith(REMOTE):
            yield written, ref
            continue
        for picture_ref in beside.add(ref):
            yield written, picture_ref


def manifest_line(ref: ImageRef) -> dict[str, Any]:
    """A reference as a manifest line that gives the same reference again; of a problem, what can be corrected."""
    if ref.problem is not None:
        return dict(ref.problem.row)
    line: dict[str, Any] = {"uri": ref.uri if ref.uri.startswith(REMOTE) else manifest_path(ref.uri)}
    if ref.file_name:
        line["file_name"] = ref.file_name
    if ref.caption is not None:
        line["caption"] = ref.caption
    if ref.tags:
        line["tags"] = list(ref.tags)
    if ref.taken_at:
        line["taken_at"] = ref.taken_at.isoformat()
    if ref.location:
        line |= {"lat": ref.location.lat, "lon": ref.location.lon}
    return line | dict(ref.attributes)


def _reference(line: Mapping[str, Any] | BadSource, path: Path, number: int) -> ImageRef:
    where = f"{shown(str(path))}:{number}"
    if isinstance(line, BadSource):
        error = BadSource(f"{where}: {line.detail}", hint=line.hint)
        return ImageRef(where, problem=SourceProblem(error, shown(str(path)), number))
    try:
        return manifest_reference(line, path.parent)
    except (ValueError, OverflowError) as wrong:
        row = {unicode_name(name): _storable(value) for name, value in line.items()}
        uri = line.get("uri")
        if isinstance(uri, str) and uri and not uri.startswith((*REMOTE, FILE_URI)):
            row["uri"] = manifest_path(str(path.parent / uri))
        error = BadSource(f"{where}: {wrong}", hint=_VALUES_HINT)
        return ImageRef(where, problem=SourceProblem(error, shown(str(path)), number, row))


def manifest_reference(line: Mapping[str, Any], folder: Path) -> ImageRef:
    """One manifest line: ``uri`` (a file within ``folder``, a ``file:`` URI, or an address), ``caption``, ``tags``,
    ``taken_at``, ``lat`` and ``lon``; anything else becomes an attribute, and null is the same as leaving it out.

    Raises ValueError saying what is wrong.
    """
    for key, value in line.items():
        if key != "uri" and not (is_unicode(key) and (not isinstance(value, str) or is_unicode(value))):
            raise ValueError(f"{shown(key)} is not UTF-8 text")
    return ImageRef(
        uri=_uri(line.get("uri"), folder),
        file_name=(_text(line, "file_name") or "")[:_LONGEST_NAME],
        caption=_text(line, "caption"),
        tags=_tags(line.get("tags")),
        taken_at=moment(line.get("taken_at")),
        location=place(line.get("lat"), line.get("lon")),
        attributes={
            _kept(key) or " ": _kept(value if isinstance(value, str) else orjson.dumps(value).decode())
            for key, value in line.items()
            if key not in _KNOWN and value is not None
        },
    )


def _kept(text: str) -> str:
    """An attribute as the index keeps it, so that the same line is no update: it takes no null characters."""
    return text.replace("\0", " ")


def _uri(uri: Any, folder: Path) -> str:
    if not isinstance(uri, str) or not uri:
        raise ValueError("no uri: every line needs one, a path or an address")
    if "\0" in uri:
        raise ValueError(f"{shown(uri)} holds a null character, which no file name has")
    if uri.startswith(REMOTE):
        return uri
    path = folder / local_path(uri)
    if "\\" in uri and not _there(path):  # written on Windows
        path = folder / uri.replace("\\", "/")
    return str(path)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _text(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} {repr(value)[:60]} is no text")
    return value


def _tags(value: Any) -> tuple[str, ...]:
    parts = value.replace("，", ",").replace(";", ",").split(",") if isinstance(value, str) else value
    if parts is None:
        return ()
    if not isinstance(parts, list | tuple):
        raise ValueError(f"tags {repr(value)[:60]} is no list")
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, str | int | float | None):
            raise ValueError(f"tag {repr(part)[:60]} is no word")
    return tuple(tag for tag in (str(part).strip() for part in parts if part is not None) if tag)


def _storable(value: Any) -> Any:
    return unicode_name(value) if isinstance(value, str) else value


# --- lines -------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[Line]:
    try:
        with path.open("rb") as start:
            encoding = encoding_of(start.read(2))
        # bytes that are no UTF-8 stay in the text as surrogates: only their own line fails, or is a name of bytes
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            yield from _csv_lines(file, path) if path.suffix.lower() == ".csv" else _json_lines(file)
    except (OSError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is no text"
        raise BadSource(f"{shown(str(path))}: {why}.", hint="Check the file; it must be text in UTF-8.") from error


def _json_lines(file: IO[str]) -> Iterator[Line]:
    number = 0
    while text := file.readline(LONGEST_LINE):
        number += 1
        if len(text) == LONGEST_LINE and not text.endswith("\n"):
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
            yield number, BadSource("the line is too long", hint=f"{LONGEST_LINE:,} characters at most.")
        elif text.strip():
            yield number, _json_line(text)


def _json_line(text: str) -> Mapping[str, Any] | BadSource:
    if not is_unicode(text):
        return BadSource("the line is not UTF-8", hint="Write names of other bytes as file: URIs.")
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return BadSource(str(error), hint="Each line must be one JSON object.")
    return (
        line if isinstance(line, dict) else BadSource("not a JSON object", hint='Write {"uri": "…", "caption": "…"}.')
    )


def _csv_lines(file: IO[str], path: Path) -> Iterator[Line]:
    head = file.readline(LONGEST_LINE)
    delimiter = max(",;\t", key=head.count)
    names = next(csv.reader([head], delimiter=delimiter), [])
    if "uri" not in names:
        raise BadSource(f"{shown(str(path))}: no column uri.", hint="The manifest must be CSV with a header line.")
    for row in csv_rows(file, delimiter, first=2):
        if row.error:
            yield row.line, BadSource(row.error, hint="Double the quotes that stand inside quotes.")
        else:
            yield row.line, {name: value for name, value in zip(names, row.fields, strict=False) if name and value}
