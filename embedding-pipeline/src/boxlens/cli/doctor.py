"""``boxlens doctor``: what is fine, what is not, and how each is repaired."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from boxlens.cli import output
from boxlens.domain.errors import BoxlensError
from boxlens.domain.local_files import shown

if TYPE_CHECKING:
    from boxlens.settings import Settings
    from boxlens.wiring import Boxlens

_ROOM_GIB = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``good`` is False for what stops Boxlens, None for what only slows it or leaves something off."""

    name: str
    good: bool | None
    detail: str
    repair: str = ""


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(json: output.Json = False) -> None:
    """Check versions, servers, packs, disk and memory; each line says how to repair. Example: boxlens doctor"""
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    findings = list(_machine(settings))
    try:
        with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
            findings.extend(_boxlens(boxlens))
    except BoxlensError as error:
        findings.append(Finding("servers", False, error.detail, error.hint))
    if json:
        output.print_json([{"name": f.name, "good": f.good, "detail": f.detail, "repair": f.repair} for f in findings])
    else:
        _print(findings)
    if any(f.good is False for f in findings):
        raise typer.Exit(4)


def _machine(settings: Settings) -> Iterator[Finding]:
    import os

    from boxlens.memory_limits import usable_memory

    yield Finding(
        "python", sys.version_info >= (3, 11), platform.python_version(), "Boxlens needs Python 3.11 or newer."
    )
    folder = settings.data_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    yield Finding(
        "disk",
        free >= _ROOM_GIB,
        f"{free:.0f} GiB free for {settings.data_dir}",
        "Free some space, or set BOXLENS_DATA_DIR.",
    )
    memory = usable_memory()
    roomy = memory.available / 2**30 >= 2
    more = "Give the container more memory" if memory.limited else "Close other programs"
    yield Finding(
        "memory",
        roomy or None,
        f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB available"
        + (", by the limit of the container or service" if memory.limited else ""),
        f"{more}, or set BOXLENS_ELASTICSEARCH__HEAP=512m.",
    )
    yield Finding("processor", True, f"{os.cpu_count()} cores")
    yield from _runtimes()


def _runtimes() -> Iterator[Finding]:
    from boxlens.models.runtimes.backends import RUNTIMES, host_capabilities, install, versions

    here, host = versions(), host_capabilities(look_for_gpu=True)
    absent = [runtime for runtime in RUNTIMES if runtime not in here]
    detail = ", ".join(f"{runtime} {version}" for runtime, version in here.items())
    yield Finding("runtimes", True, detail + (f"; not installed: {', '.join(absent)}" if absent else ""))
    driver = shutil.which("nvidia-smi") is not None
    if host.cuda:
        yield Finding("gpu", True, "torch can use it, for packs with torch weights")
    elif driver:
        repair = install("torch") if "torch" in absent else "Install a torch built for this driver's CUDA."
        yield Finding("gpu", None, "there is one, and torch cannot use it", repair)
    else:
        yield Finding("gpu", True, "none; networks run on the processor")


def _networks(boxlens: Boxlens) -> Iterator[Finding]:
    for name, session in boxlens.loaded.sessions.items():
        yield Finding(f"network {name}", True, session.described())


def _boxlens(boxlens: Boxlens) -> Iterator[Finding]:
    from boxlens.index.elasticsearch.admin.migrations import UNMIGRATED

    missing = {lack.name: (lack.detail, lack.repair) for lack in boxlens.checks()}
    for name, where in (("elasticsearch", boxlens.addresses.elasticsearch), ("minio-proxy", boxlens.addresses.proxy)):
        detail, repair = missing.get(name, (f"answers at {where}", ""))
        yield Finding(name, name not in missing, detail, repair)
    if boxlens.settings.elasticsearch.url == "embedded":
        yield _java(boxlens.settings)
    if "pack" in missing:
        yield Finding("pack", False, *missing["pack"])
        return
    pack = boxlens.pack
    off = [role for role, there in (("vit", pack.vit_dims), ("clip", pack.clip_dims)) if there is None]
    yield Finding(
        "pack",
        None if off else True,
        f"{pack.name} {pack.revision[:12]}" + (f"; off: {', '.join(off)}" if off else ""),
        "The pack has no such network; choose another with BOXLENS_PACK." if off else "",
    )
    yield from _networks(boxlens)
    for info in boxlens.index.collections():
        try:
            boxlens.index.check_pack(info.name, pack)
            counts = f"{info.images:,} images, {info.objects:,} objects"
            old = boxlens.index.matching(info.name, UNMIGRATED, 1)
            lack = "; filters on position and counts miss what an older Boxlens stored" if old else ""
            yield Finding(
                f"collection {info.name}",
                None if old else True,
                counts + lack,
                f"boxlens collections renew {info.name}" if old else "",
            )
        except BoxlensError as error:
            yield Finding(f"collection {info.name}", None, error.detail, error.hint)


def _java(settings: Settings) -> Finding:
    from boxlens.embedded.java_report import java_report

    report = java_report(settings.data_dir)
    return Finding("java", True if report.simd else None, report.detail, report.hint)


def _print(findings: list[Finding]) -> None:
    marks = {True: "[green]ok[/]  ", None: "[yellow]note[/]", False: "[red]bad[/] "}
    for finding in findings:
        output.console.print(f"{marks[finding.good]} {escape(shown(f'{finding.name}: {finding.detail}'))}")
        if finding.repair and finding.good is not True:
            output.console.print(f"       {finding.repair}", markup=False)
