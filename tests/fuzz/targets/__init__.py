"""Targets: each has ``PIECES``, what its inputs are made of, and ``read``, which takes any bytes.

``read`` lets no exception out but faults: those of ``errors.py`` are what it is for, and are passed over.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

TARGETS = ("cursor", "filter", "query_words", "signing", "sidecars", "manifest", "pack_json")


@dataclass(frozen=True)
class Target:
    """``pieces``: what inputs are often made of; ``read``: anything may be given to it."""

    name: str
    pieces: tuple[bytes, ...]
    read: Callable[[bytes], None]


def load(name: str) -> Target:
    """The target of that name; its module, and so what it tries, is imported by now."""
    module = importlib.import_module(f"{__name__}.{name}")
    return Target(name, tuple(piece.encode() for piece in module.PIECES), module.read)


def text_of(data: bytes) -> str:
    """The text that a server makes of bytes: what is no UTF-8 is replaced."""
    return data.decode("utf-8", "replace")
