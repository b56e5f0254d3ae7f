"""The page of all measurements: a section for each command, its rows as tables, all else as names and values."""

from __future__ import annotations

from boxlens.benchmarks.machine import Machine
from boxlens.benchmarks.one_page import one_page

MACHINE = Machine("a processor", 2, 8 * 2**30, "Linux x86_64", 0.02, "2026-11-28")


def test_every_row_and_value_stands_on_the_page() -> None:
    ingest = {"ways": [{"way": "bare", "crops/s": 1200}, {"way": "a|b", "crops/s": 3}], "pictures": 200}
    scale = {"sizes": [{"documents": 600, "requests": [{"request": "a label", "p50 ms": 1.5}]}], "plans": []}
    page = one_page(MACHINE, {"boxlens bench ingest": ingest, "boxlens bench scale": scale})
    lines = page.splitlines()
    assert lines[2] == (
        "2 cores (a processor), 8 GiB, Linux x86_64; others took 2% of it before anything was measured; 2026-11-28."
    )
    for line in (
        "## `boxlens bench ingest`",
        "| way | crops/s |",
        "| bare | 1,200 |",
        "| a\\|b | 3 |",
        "| pictures | 200 |",
        "| documents |",
        "| 600 |",
        "| a label | 1.5 |",
    ):
        assert line in lines
