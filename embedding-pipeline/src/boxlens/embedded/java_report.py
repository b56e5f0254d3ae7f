"""What ``boxlens doctor`` says about the Java under the embedded Elasticsearch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from boxlens.embedded.java import NEWEST, OLDEST, VECTOR_MODULE, choose_java
from boxlens.embedded.status import status


@dataclass(frozen=True, slots=True)
class JavaReport:
    """``simd``: in use by a running node, else offered by the chosen Java; ``hint`` is empty when all is well."""

    java: str
    simd: bool
    seen_running: bool
    detail: str
    hint: str


def java_report(data_dir: Path | None = None, java_home: Path | None = None) -> JavaReport:
    """Which Java runs, or would run, the server, and whether its vector arithmetic uses SIMD.

    A node running on ``data_dir`` is asked first: it knows which provider Lucene took. Raises NodeFailed when there
    is no fitting Java.
    """
    running = status(data_dir) if data_dir is not None else None
    if running is not None and running.pids:
        name, simd = running.java, running.simd
    else:
        java = choose_java(java_home)
        name, simd = str(java), java.vector
        running = None
    if simd:
        return JavaReport(name, True, running is not None, f"{name}; SIMD is on for vector arithmetic", "")
    return JavaReport(
        name,
        False,
        running is not None,
        f"{name}; SIMD is off, for this Java has no {VECTOR_MODULE}",
        f"Set JAVA_HOME to a full JDK {OLDEST} to {NEWEST} and start again: indexing and vector search gain most.",
    )
