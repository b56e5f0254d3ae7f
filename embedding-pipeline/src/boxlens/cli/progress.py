"""The progress line of an ingest: how far, how fast each stage is, and when it will be done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxlens.cli.output import stderr
from boxlens.domain.errors import BoxlensError

if TYPE_CHECKING:
    from boxlens.domain.reports import IngestReport


@contextmanager
def ingest_progress(refs: Callable[[], Iterable[object]], *, quiet: bool) -> Iterator[Callable[[IngestReport], None]]:
    """A function to be told each report; ``refs`` gives as many things as there are pictures.

    They are counted beside the work, so a large source starts at once.
    """

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if quiet:
        yield lambda report: None
        return
    bar = Progress(
        TextColumn("Ingesting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rates]}"),
        console=stderr,
        transient=True,
    )
    task = bar.add_task("ingest", total=None, rates="")
    finished = threading.Event()

    def count() -> None:
        total = 0
        try:
            for _ in refs():
                total += 1
                if finished.is_set():
                    return
        except BoxlensError:
            return  # the ingest itself meets it too and says so
        bar.update(task, total=total)

    counting = threading.Thread(target=count, daemon=True)
    with bar:
        counting.start()

        def tell(report: IngestReport) -> None:
            total = bar.tasks[0].total
            bar.update(task, completed=report.images, rates=rates(report, int(total) if total else None))

        try:
            yield tell
        finally:
            finished.set()
            counting.join(5)


def rates(report: IngestReport, total: int | None) -> str:
    """Images and objects a second, the ETA, and how many items a second each stage alone could do."""
    seconds = max(report.seconds, 1e-9)
    parts = [f"{report.images / seconds:.1f} images/s", f"{report.objects / seconds:.1f} objects/s"]
    if total and report.images:
        left = max(0.0, (total - report.images) * seconds / report.images)
        parts.append(f"ETA {int(left // 60)}:{int(left % 60):02d}")
    slowest = sorted((s for s in report.stages if s.seconds > 0), key=lambda s: -s.seconds)[:3]
    parts.extend(f"{s.name} {s.items / s.seconds:.0f}/s" for s in slowest)
    return " · ".join(parts)
