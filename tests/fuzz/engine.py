"""The process in which targets are tried: ``python -m tests.fuzz.engine FOLDER OPTIONS…``, with options of libFuzzer.

``FOLDER`` holds a folder for each target, and in it ``reached``, the inputs to begin with and those that led on,
``faults``, where inputs are put that led to an exception, and afterwards ``said``. What is imported of ours is
instrumented, once for all targets: each is tried in a copy of this process, which libFuzzer takes over and ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

from tests.fuzz.targets import TARGETS, load

MOST_S = 60.0
"""Seconds of processor time that one input may take; more is a fault."""


def main(root: Path, *options: str) -> None:
    names = [name for name in TARGETS if (root / name).is_dir()]
    with atheris.instrument_imports(include=["boxlens", "minio_proxy"]):
        targets = [load(name) for name in names]
    for target in targets:
        folder = root / target.name
        words = folder / "words"
        words.write_text("".join(f'"{_escaped(piece)}"\n' for piece in target.pieces), "ascii")
        child = os.fork()
        if not child:
            said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT)
            os.dup2(said, 1)
            os.dup2(said, 2)
            places = (f"-dict={words}", f"-artifact_prefix={folder / 'faults'}/", str(folder / "reached"))
            atheris.Setup([sys.argv[0], *options, *places], _timed(target.read))
            atheris.Fuzz()  # does not come back
        os.waitpid(child, 0)


def _timed(read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Raises TimeoutError, a fault, after an input that took too long."""

    def timed(data: bytes) -> None:
        started = time.process_time()
        read(data)
        spent = time.process_time() - started
        if spent > MOST_S:
            raise TimeoutError(f"it took {spent:.0f} s of processor time")

    return timed


def _escaped(piece: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in piece)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
