"""The pictures that a wheel holds: photographs, and drawings that a checkout makes once, before its first demo."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from boxlens.checkout import fingerprint, is_made_from, make, repository
from boxlens.domain.boxes import Box
from boxlens.domain.errors import Unavailable

MANIFEST = "manifest.jsonl"
TRUTH = "truth.json"
PICTURES = Path(__file__).with_name("pictures")
PHOTOGRAPHS = Path(__file__).with_name("photographs") / MANIFEST
"""The manifest of the photographs, which are part of the project; LICENCES.md beside it says whose they are."""

SCENES, SEED = 200, 1  # in 200 scenes every thing of the artwork comes up, some in both styles
_STAMP = ".drawn-from"
_SOURCES = ("*.py", "things.json")


def sample_pictures(report: Callable[[str], None]) -> Path:
    """The folder of the sample pictures, drawn first in a checkout that has none of the present sources.

    Raises Unavailable when they cannot be drawn or an installed package lacks them.
    """
    if repository() is None:
        if not (PICTURES / MANIFEST).is_file():
            raise Unavailable(
                "This installation holds no sample pictures.",
                hint="Reinstall boxlens, or take in pictures of your own: `boxlens ingest FOLDER`.",
            )
        return PICTURES
    mark = fingerprint(PICTURES.parent, (path for pattern in _SOURCES for path in PICTURES.parent.glob(pattern)))
    if is_made_from(PICTURES / _STAMP, mark):
        return PICTURES
    if find_spec("resvg_py") is None:
        make("samples")
        return PICTURES
    from boxlens.samples.making import make_samples

    report(f"Drawing {SCENES} sample pictures …")
    shutil.rmtree(PICTURES, ignore_errors=True)
    make_samples(PICTURES, SCENES, SEED)
    (PICTURES / _STAMP).write_text(mark)
    return PICTURES


def copy_samples(folder: Path, report: Callable[[str], None]) -> Path:
    """The sample pictures copied into a folder, once; their manifest there, which is written last.

    Raises Unavailable.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        pictures = sample_pictures(report)
        shutil.copytree(pictures, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST, _STAMP))
        shutil.copy(pictures / MANIFEST, manifest)
    return manifest


def shown_twice(folder: Path) -> tuple[str, str, Box]:
    """The first thing that the samples in a folder show in two styles: its English name, the picture that shows it
    first, and its box there.

    Raises ValueError when there is none.
    """
    first: dict[str, tuple[str, str, list[int]]] = {}
    for picture in json.loads((folder / TRUTH).read_text(encoding="utf-8")):
        for thing in picture["objects"]:
            file, style, box = first.setdefault(thing["thing"], (picture["file"], thing["style"], thing["box"]))
            if style != thing["style"]:
                x1, y1, x2, y2 = box
                return thing["en"][0], file, Box(x1, y1, x2, y2)
    raise ValueError(f"{folder} shows nothing in two styles")
