"""The files of a pack: where they lie, and whether they are the ones the pack names."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.pack_spec import FileSpec

SIDECAR = ".checked.json"
_CHUNK = 1 << 20


def place(folder: Path, file: FileSpec, pack: str) -> Path:
    """The path of a pack's file. Raises ModelMissing when it leaves the place it belongs to, or that place is gone."""
    if file.place == "outside":
        path = Path(file.path)
        if not path.is_absolute():
            raise ModelMissing(
                f"{file.path} of pack {pack} stands outside it and must be absolute.", hint=_repair(pack)
            )
        return path
    root = folder if file.place == "pack" else _rapidocr(pack)
    path = (root / file.path).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ModelMissing(f"{file.path} of pack {pack} leads out of {root}.", hint="Do not use a pack that does this.")
    return path


def check(folder: Path, files: Iterable[FileSpec], pack: str, *, force: bool = False) -> dict[FileSpec, Path]:
    """The path of each file, its size and SHA-256 being those of the pack.

    A hash once found right is not computed again while the file's size, time and inode stay (``force`` computes it).
    Raises ModelMissing with the path, what was wanted and what was found.
    """
    known = {} if force else _known(folder)
    seen: dict[str, list[object]] = {}
    paths: dict[FileSpec, Path] = {}
    for file in files:
        path = place(folder, file, pack)
        stamp = _stamp(path, file, pack)
        if known.get(str(path)) != [*stamp, file.sha256]:
            found = sha256(path)
            if found != file.sha256:
                raise ModelMissing(
                    f"{path} of pack {pack} is another file: SHA-256 {file.sha256} wanted, {found} found.",
                    hint=_repair(pack),
                )
        seen[str(path)] = [*stamp, file.sha256]
        paths[file] = path
    if seen != known:
        _remember(folder, seen)
    return paths


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def measured(path: Path) -> FileSpec:
    """What pack.json says of a file in the pack's own folder."""
    return FileSpec(path=path.name, sha256=sha256(path), bytes=path.stat().st_size)


def _stamp(path: Path, file: FileSpec, pack: str) -> list[int]:
    try:
        status = path.stat()
    except OSError as error:
        raise ModelMissing(
            f"{path} of pack {pack} is not there: {file.bytes} bytes wanted, none found.", hint=_repair(pack)
        ) from error
    if status.st_size != file.bytes:
        raise ModelMissing(
            f"{path} of pack {pack} has another size: {file.bytes} bytes wanted, {status.st_size} found.",
            hint=_repair(pack),
        )
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _known(folder: Path) -> dict[str, list[object]]:
    try:
        found = json.loads((folder / SIDECAR).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(folder: Path, seen: dict[str, list[object]]) -> None:
    """Written whole or not at all; a pack in a read-only place is simply hashed each time."""
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=SIDECAR)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(seen, stream)
            Path(name).replace(folder / SIDECAR)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _rapidocr(pack: str) -> Path:
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        raise ModelMissing(
            f"Pack {pack} reads text with rapidocr, which is not installed.", hint="pip install rapidocr"
        )
    return Path(found.origin).parent / "models"


def _repair(pack: str) -> str:
    return f"Take the pack in again: boxlens models add FOLDER; then: boxlens models verify {pack}"
