"""``boxlens audit``: whether index, records and picture bytes agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output

if TYPE_CHECKING:
    from boxlens.library.audit import Audit, Finding
    from boxlens.wiring import Boxlens

_SHOWN = 5


def add_to(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    collection: output.Collection = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended from what is there.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Only look whether pictures are there: read none.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete pictures that no collection holds.")] = False,
    json: output.Json = False,
) -> None:
    """Compare objects, records and bytes of all pictures. The exit code is 3 when something is left that disagrees.

    Example: boxlens audit --repair
    """
    from boxlens.library.audit import MEANINGS, Audit
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        looking = Audit(boxlens, repair=repair, read=not quick, prune=prune)
        findings = list(_findings(boxlens, looking, collection))
    if json:
        output.print_json([asdict(finding) for finding in findings])
    else:
        counts = Counter(finding.kind for finding in findings)
        for kind, count in counts.items():
            output.line(f"{count:,} × {kind}: {MEANINGS[kind]}")
            for finding in [finding for finding in findings if finding.kind == kind][:_SHOWN]:
                place = f"{finding.collection} {finding.image_id}".strip()
                output.line(f"    {place} {'mended: ' if finding.mended else ''}{finding.remark}".rstrip())
        if not findings:
            output.console.print("Everything agrees.")
        elif not all(finding.mended for finding in findings) and not repair:
            output.console.print("Mend what can be mended: boxlens audit --repair")
    if not all(finding.mended or finding.kind == "unheld_bytes" for finding in findings):
        raise typer.Exit(3)


def _findings(boxlens: Boxlens, looking: Audit, collection: str | None) -> Iterator[Finding]:
    """Of one collection, or of all and of the bytes that none of them holds."""
    names = [collection] if collection else [info.name for info in boxlens.index.collections()]
    for name in names:
        yield from looking.collection(name)
    if collection is None:
        yield from looking.bytes()
