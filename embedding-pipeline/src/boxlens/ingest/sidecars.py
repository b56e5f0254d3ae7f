"""Which files of a folder speak of which pictures, by their names.

Google Takeout writes ``IMG.jpg.json``, later ``IMG.jpg.supplemental-metadata.json``, and cuts what stands before
``.json`` after 46 characters, wherever that falls. A second ``IMG.jpg`` is ``IMG(1).jpg`` and its sidecar
``IMG.jpg(1).json`` or ``IMG.jpg.supplemental-metadata(1).json``. ``IMG-edited.jpg`` has none of its own; it may be an
edit of ``IMG.HEIC``, and is cut to 47 characters and its suffix: ``…-edi.jpg``. Other programs write ``IMG.jpg.xmp``,
``IMG.xmp`` or ``IMG.json``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePath

SUFFIXES = (".json", ".xmp")
COMPANIONS = (".aae", ".thm")
"""Written beside pictures by cameras and phones, without words for us: recipes of edits, thumbnails of films."""

_CUT = 46
_TAIL = ".supplemental-metadata"
_NUMBER = re.compile(r"\(\d+\)$")
_CUT_EDIT = 47
_EDITED = re.compile(
    r"(?:-(?:edited|effects|smile|mix|bearbeitet|modifié|editado|ha editado|editada|editat|modificato|bewerkt|edytowane"
    r"|编辑|已修改|編集済み|편집됨))+$",
    re.IGNORECASE,
)
_EDITED_CUT = re.compile(r"-(?:e|ed|edi|edit|edite)$", re.IGNORECASE)


def is_sidecar(name: str) -> bool:
    """Whether a file is one that speaks of pictures, by its name; it is no picture itself."""
    return name.lower().endswith(SUFFIXES)


class Sidecars:
    """The sidecars of one folder."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_title: dict[str, list[str]] = {}
        self._by_cut: dict[str, str] = {}
        self._by_stem: dict[str, set[str]] = {}
        for name in sorted(filter(is_sidecar, names)):
            stem, suffix = PurePath(name).stem, PurePath(name).suffix
            titles = {stem}
            if suffix.lower() == ".json":
                bare, number = _without_number(stem)
                titles |= {_numbered(bare, number), _numbered(_without_tail(bare), number)}
                if len(bare) == _CUT:
                    self._by_cut.setdefault(_key(bare + number), name)
            for title in titles:
                self._by_title.setdefault(_key(title), []).append(name)
                self._by_stem.setdefault(_key(PurePath(title).stem), set()).add(name)

    def of(self, picture: str) -> list[str]:
        """The sidecars of a picture, JSON before XMP: its own, else those of the picture it was edited from."""
        names: list[str] = []
        original = _unedited(picture)
        for name in filter(None, (picture, original)):
            names += [*self._titled(name), *self._cut(name), *self._titled(PurePath(name).stem)]
        if original and not names:
            of_other_types = self._by_stem.get(_key(PurePath(original).stem), set())
            names += of_other_types if len(of_other_types) == 1 else ()
        return list(_first_of_each_kind(names))

    def pair(self, pictures: Iterable[str]) -> tuple[dict[str, list[str]], set[str]]:
        """Sidecars by picture, and those that no picture is found for. One whose name was cut so short that several
        pictures could be meant speaks of none."""
        pairs = {picture: names for picture in pictures if (names := self.of(picture))}
        meant: dict[str, set[str]] = {name: set() for name in self._by_cut.values()}
        for picture, names in pairs.items():
            for name in names:
                meant.get(name, set()).add(_key(PurePath(_unedited(picture) or picture).stem))
        unclear = {name for name, titles in meant.items() if len(titles) > 1}
        pairs = {p: kept for p, names in pairs.items() if (kept := [name for name in names if name not in unclear])}
        used = {name for names in pairs.values() for name in names}
        return pairs, {name for names in self._by_title.values() for name in names} - used

    def _titled(self, title: str) -> list[str]:
        names = self._by_title.get(_key(title), [])
        return [name for name in names if name.startswith(title)] or names

    def _cut(self, picture: str) -> list[str]:
        title, number = _title_and_number(picture)
        wholes = ((picture, ""), (picture + _TAIL, ""), (title, number), (title + _TAIL, number))
        keys = [_key(whole[:_CUT] + mark) for whole, mark in wholes if len(whole) > _CUT]
        return [self._by_cut[key] for key in keys if key in self._by_cut]


def _first_of_each_kind(names: list[str]) -> Iterator[str]:
    for suffix in SUFFIXES:
        yield from [name for name in names if name.lower().endswith(suffix)][:1]


def _key(title: str) -> str:
    """Names that differ in case alone, or in how accents are written (macOS takes them apart), are the same."""
    return unicodedata.normalize("NFC", title).casefold()


def _without_number(stem: str) -> tuple[str, str]:
    match = _NUMBER.search(stem)
    return (stem[: match.start()], match[0]) if match else (stem, "")


def _without_tail(title: str) -> str:
    """``IMG.jpg.suppl`` as ``IMG.jpg``."""
    head, dot, tail = title.rpartition(".")
    return head if head and dot and _TAIL.startswith(dot + tail.lower()) else title


def _title_and_number(picture: str) -> tuple[str, str]:
    """``IMG(1).jpg`` as ``IMG.jpg`` and ``(1)``."""
    stem, suffix = PurePath(picture).stem, PurePath(picture).suffix
    bare, number = _without_number(stem)
    return bare + suffix, number


def _numbered(title: str, number: str) -> str:
    """``IMG.jpg`` and ``(1)`` as ``IMG(1).jpg``."""
    stem, suffix = PurePath(title).stem, PurePath(title).suffix
    return stem + number + suffix


def _unedited(picture: str) -> str | None:
    """``IMG-edited(1).jpg`` as ``IMG(1).jpg``; None for what is no edit."""
    title, number = _title_and_number(picture)
    stem, suffix = PurePath(title).stem, PurePath(title).suffix
    original = _EDITED.sub("", stem)
    if len(stem) == _CUT_EDIT:
        original = _EDITED_CUT.sub("", original)
    return _numbered(original + suffix, number) if original != stem else None
