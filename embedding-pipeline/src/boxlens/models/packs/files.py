"""The files of a pack: where they lie, and whether they are the ones the pack names."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from boxlens.domain.errors import ModelMissing
from boxlens.domain.local_files import kind, reason
from boxlens.models.packs.spec import FileSpec

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
    try:
        path = (root / file.path).resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself is a RuntimeError
        raise ModelMissing(f"{file.path} of pack {pack} leads nowhere.", hint=_repair(pack)) from error
    if not path.is_relative_to(root.resolve()):
        raise ModelMissing(f"{file.path} of pack {pack} leads out of {root}.", hint="Do not use a pack that does this.")
    return path


def check(folder: Path, files: Iterable[FileSpec], pack: str, *, force: bool = False) -> dict[FileSpec, Path]:
    """The path of each file, its size and SHA-256 being those of the pack.

    A hash once found right is not computed again while the file's size, time and inode stay (``force`` computes it).
    Raises ModelMissing with the path, what was wanted and what was found.
    """
    checked = {} if force else _load_checked(folder)
    seen: dict[str, list[object]] = {}
    paths: dict[FileSpec, Path] = {}
    for file in files:
        path = place(folder, file, pack)
        stamp = _stamp(path, file, pack)
        if checked.get(str(path)) != [*stamp, file.sha256]:
            try:
                digest = sha256(path)
            except OSError as error:
                raise _unreadable(path, pack, error) from error
            if digest != file.sha256:
                raise ModelMissing(
                    f"{path} of pack {pack} is another file: SHA-256 {file.sha256} wanted, {digest} found.",
                    hint=_repair(pack),
                )
        seen[str(path)] = [*stamp, file.sha256]
        paths[file] = path
    if seen != checked:
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
    except FileNotFoundError as error:
        raise ModelMissing(
            f"{path} of pack {pack} is not there: {file.bytes} bytes wanted, none found.", hint=_repair(pack)
        ) from error
    except OSError as error:
        raise _unreadable(path, pack, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ModelMissing(f"{path} of pack {pack} is {kind(status.st_mode)}, not a file.", hint=_repair(pack))
    if status.st_size != file.bytes:
        raise ModelMissing(
            f"{path} of pack {pack} has another size: {file.bytes} bytes wanted, {status.st_size} found.",
            hint=_repair(pack),
        )
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _load_checked(folder: Path) -> dict[str, list[object]]:
    try:
        content = json.loads((folder / SIDECAR).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


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
    module = importlib.util.find_spec("rapidocr")
    if module is None or module.origin is None:
        raise ModelMissing(
            f"Pack {pack} reads text with rapidocr, which is not installed.", hint="pip install rapidocr"
        )
    return Path(module.origin).parent / "models"


def _unreadable(path: Path, pack: str, error: OSError) -> ModelMissing:
    return ModelMissing(
        f"{path} of pack {pack} cannot be read: {reason(error)}.",
        hint=f"Give this user the right to read it, or look after the disk; then: boxlens models verify {pack}",
    )


def _repair(pack: str) -> str:
    return f"Take the pack in again: boxlens models add FOLDER; then: boxlens models verify {pack}"
