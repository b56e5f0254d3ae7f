"""Where pictures come from: folders, files, bucket prefixes, addresses and manifests, as one stream of references.

Nothing is read into memory beyond the line or folder at hand, so a source may hold millions of pictures.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from embedding_pipeline.domain import GeoPoint, ImageRef
from embedding_pipeline.errors import BadSource
from embedding_pipeline.ingest.sidecars import beside, pair, with_sidecar
from embedding_pipeline.ports import ObjectStore

MANIFESTS = (".jsonl", ".ndjson", ".csv")
_REMOTE = ("http://", "https://", "bucket://")
# A failures file is a manifest whose lines also say what went wrong; that part is not about the picture.
_NOT_ABOUT_THE_PICTURE = {"failure"}


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` of ``count`` (counted from 1): N machines share one source without talking to each other."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``"2/8"``. Raises BadSource."""
        index, _, count = text.partition("/")
        if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
            raise BadSource(f"{text!r} is no shard.", hint="Write --shard I/N with 1 <= I <= N, such as 2/8.")
        return cls(int(index), int(count))

    def holds(self, name: str) -> bool:
        """Whether a picture of that name within its source is this shard's; the same on every machine."""
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % self.count == self.index - 1


def references(
    sources: Sequence[str], store: ObjectStore | None = None, *, reference: bool = False, shard: Shard | None = None
) -> Iterator[ImageRef]:
    """All pictures of all sources, in a stable order.

    ``reference`` leaves the bytes where they are, which needs sources that browsers can be led to. Raises BadSource
    for a source that does not exist or a manifest line that cannot be read (with its number).
    """
    for source in sources:
        for name, ref in _of_one(source, store):
            if shard is not None and not shard.holds(name):
                continue
            if reference and not ref.uri.startswith(_REMOTE):
                raise BadSource(
                    f"{ref.uri} is a local file, and browsers cannot be led to it.",
                    hint="Use --copy, or give bucket:// or http(s):// sources with --reference.",
                )
            yield replace(ref, reference=reference)


def _of_one(source: str, store: ObjectStore | None) -> Iterator[tuple[str, ImageRef]]:
    if source.startswith("bucket://"):
        yield from _of_bucket(source, store)
        return
    if source.startswith(("http://", "https://")):
        yield source, ImageRef(source)
        return
    path = Path(source)
    if not path.exists():
        raise BadSource(f"{source} does not exist.", hint="Give a folder, a file, bucket://name/prefix or a manifest.")
    if path.is_dir():
        yield from _of_folder(path)
    elif path.suffix.lower() in MANIFESTS:
        yield from _of_manifest(path)
    else:
        yield path.name, with_sidecar(ImageRef(str(path)), beside(path))


def _of_folder(folder: Path) -> Iterator[tuple[str, ImageRef]]:
    """Every file that is not hidden and not a sidecar; whether it is a picture, its content tells."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        here = Path(root)
        sidecars = pair(files)
        apart = set(sidecars.values())
        for name in sorted(files):
            if name.startswith(".") or name in apart:
                continue
            path, sidecar = here / name, sidecars.get(name)
            ref = with_sidecar(ImageRef(str(path)), here / sidecar if sidecar else None)
            yield path.relative_to(folder).as_posix(), ref


def _of_bucket(source: str, store: ObjectStore | None) -> Iterator[tuple[str, ImageRef]]:
    bucket, _, prefix = source.removeprefix("bucket://").partition("/")
    if not bucket:
        raise BadSource(f"{source} names no bucket.", hint="Write bucket://name/prefix.")
    assert store is not None, "bucket sources need the object store"
    for key in store.keys(bucket, prefix):
        yield key, ImageRef(f"bucket://{bucket}/{key}")


def _of_manifest(path: Path) -> Iterator[tuple[str, ImageRef]]:
    lines = _csv_lines(path) if path.suffix.lower() == ".csv" else _json_lines(path)
    for number, line in lines:
        ref = manifest_reference(line, path, number)
        yield str(line["uri"]), ref if "://" in ref.uri else with_sidecar(ref, beside(Path(ref.uri)))


def _csv_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            for number, row in enumerate(csv.DictReader(file, strict=True), start=2):
                yield number, {k: v for k, v in row.items() if k is not None and v not in (None, "")}
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadSource(f"{path}: {error}", hint="The manifest must be UTF-8 CSV with a header line.") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise BadSource(f"{path}:{number}: {error}", hint="Each line must be one JSON object.") from error
            if not isinstance(line, dict):
                raise BadSource(f"{path}:{number}: not a JSON object.", hint='Write {"uri": "…", "caption": "…"}.')
            yield number, line


def manifest_reference(line: Mapping[str, Any], path: Path, number: int) -> ImageRef:
    """One manifest line: ``uri`` (a file beside the manifest, or an address), ``caption``, ``tags``, ``taken_at``,
    ``lat`` and ``lon``; anything else becomes an attribute. Raises BadSource with the line's number."""
    where = f"{path}:{number}"
    known = {"uri", "caption", "tags", "taken_at", "lat", "lon", "file_name"} | _NOT_ABOUT_THE_PICTURE
    uri = line.get("uri")
    if not isinstance(uri, str) or not uri:
        raise BadSource(f"{where}: no uri.", hint="Every line needs a uri: a path or an address.")
    try:
        return ImageRef(
            uri=uri if uri.startswith(_REMOTE) else str(path.parent / uri),
            file_name=str(line.get("file_name", "")),
            caption=str(line["caption"]) if "caption" in line else None,
            tags=_tags(line.get("tags", ())),
            taken_at=_moment(line.get("taken_at")),
            location=GeoPoint(float(line["lat"]), float(line["lon"])) if "lat" in line and "lon" in line else None,
            attributes={key: _plain(value) for key, value in line.items() if key not in known},
        )
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise BadSource(
            f"{where}: {error}", hint="caption: text; tags: list or a,b; taken_at: ISO date; lat, lon: degrees."
        ) from error


def manifest_line(ref: ImageRef) -> dict[str, Any]:
    """A reference as a manifest line that gives the same reference again."""
    line: dict[str, Any] = {"uri": ref.uri if ref.uri.startswith(_REMOTE) else str(Path(ref.uri).resolve())}
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


def _tags(value: Any) -> tuple[str, ...]:
    parts = value.replace("，", ",").replace(";", ",").split(",") if isinstance(value, str) else value
    return tuple(tag for tag in (str(part).strip() for part in parts) if tag)


def _moment(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
