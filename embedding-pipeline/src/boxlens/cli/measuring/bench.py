"""``boxlens bench``: ratios measured side by side in one run, as a table and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boxlens.cli import output

app = typer.Typer(help="Measure side by side in one run; every figure names its hardware.", no_args_is_help=True)

Busy = Annotated[bool, typer.Option("--busy", help="Measure although other work is running; the result says so.")]

_DOCUMENTS = 60_000


@app.command()
def ingest(
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures; 50 or more tell something.")],
    json: output.Json = False,
) -> None:
    """The whole pipeline against its bare models, and against one picture, one crop, one document at a time.

    Example: boxlens bench ingest ~/Pictures
    """
    from boxlens.benchmarks.ingest import bench_ingest
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        result = bench_ingest(boxlens, pictures, output.report)
    if json:
        output.print_json(result)
        return
    output.print_table(
        ("way", "crops/s", "seconds"), [(w["way"], w["crops_per_second"], w["seconds"]) for w in result["ways"]]
    )
    output.print_table(("stage", "items", "seconds"), [tuple(stage.values()) for stage in result["stages"]])
    output.print_mapping({k: v for k, v in result.items() if k not in ("ways", "stages")})


@app.command()
def search(
    collection: output.Collection = None,
    requests: Annotated[int, typer.Option(min=5, help="Of each kind.")] = 100,
    json: output.Json = False,
) -> None:
    """What a search costs beyond networks and Elasticsearch, and four clauses against the slowest of them.

    Example: boxlens bench search -c default
    """
    from boxlens.benchmarks.search import Measured, bench_search
    from boxlens.cli.serve import serving
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        measured = Measured(boxlens, name)
        with serving(measured) as address:
            result = bench_search(measured, name, address, requests, output.report)
    if json:
        output.print_json(result)
        return
    rows = [tuple(row.values()) for row in result["requests"]]
    output.print_table(tuple(result["requests"][0]), rows)
    output.print_mapping({k: v for k, v in result.items() if k != "requests"})


@app.command()
def page(
    collection: output.Collection = None,
    words: Annotated[str, typer.Option(help="Words that find pictures in the collection.")] = "dog",
    rounds: Annotated[int, typer.Option(min=1, help="Each in a browser that has seen nothing yet.")] = 5,
    json: output.Json = False,
) -> None:
    """First paint, interactive, search to first picture, frames dropped in scrolling; in a Chromium of this machine.

    Example: boxlens bench page --words cat
    """
    from boxlens.benchmarks.page import bench_page
    from boxlens.cli.serve import page_folder, serving
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    front = page_folder()
    with (
        output.download_bar() as bar,
        open_boxlens(settings, output.report, bar) as boxlens,
        serving(boxlens, front) as address,
    ):
        result = bench_page(address, collection or settings.collection, words, rounds)
    if json:
        output.print_json(result)
        return
    output.print_table(tuple(result["times_ms"][0]), [tuple(row.values()) for row in result["times_ms"]])
    output.print_mapping({k: v for k, v in result.items() if k != "times_ms"})


@app.command()
def scale(
    documents: Annotated[list[int] | None, typer.Option(min=600, help="Size; several give a model of cost.")] = None,
    requests: Annotated[int, typer.Option(min=5, help="Of each kind.")] = 50,
    vit_dims: Annotated[int, typer.Option(min=64)] = 768,
    clip_dims: Annotated[int, typer.Option(min=64)] = 512,
    busy: Busy = False,
    json: output.Json = False,
) -> None:
    """A made-up collection of a size: load, bytes, segments, searches against bare kNN, and recall against exact.

    Index type, shards, m and ef_construction are those of the settings (BOXLENS_INDEX__…).

    Example: boxlens bench scale --documents 10000 --documents 60000
    """
    from boxlens.benchmarks.machine import look_at
    from boxlens.benchmarks.scale import bench_sizes

    machine = look_at(busy_allowed=busy)
    output.report(f"{machine.hardware}; others take {machine.busy:.0%} of it.")
    dims = (vit_dims, clip_dims)
    with output.download_bar() as bar:
        result = bench_sizes(output.settings(), documents or [_DOCUMENTS], dims, requests, output.report, bar)
    result |= {"busy before": round(machine.busy, 2), "hardware": machine.hardware, "date": machine.date}
    if json:
        output.print_json(result)
        return
    for size in result["sizes"]:
        output.print_mapping({k: v for k, v in size.items() if k != "requests"})
        output.print_table(tuple(size["requests"][0]), [tuple(row.values()) for row in size["requests"]])
    if result["plans"]:
        output.print_table(tuple(result["plans"][0]), [tuple(plan.values()) for plan in result["plans"]])
    output.print_mapping({k: v for k, v in result.items() if k not in ("sizes", "plans")})


@app.command("all")
def everything(
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures for the pipeline; 50 or more.")],
    page_file: Annotated[Path, typer.Option("--to", help="The page that is written.")] = Path("measurements.md"),
    documents: Annotated[list[int] | None, typer.Option(min=600, help="Sizes of the made-up collection.")] = None,
    collection: output.Collection = None,
    busy: Busy = False,
) -> None:
    """Pipeline, searches of a collection and made-up collections, one after the other, on one page of Markdown.

    Example: boxlens bench all ~/Pictures --documents 10000 --documents 60000
    """
    from boxlens.benchmarks.ingest import bench_ingest
    from boxlens.benchmarks.machine import look_at
    from boxlens.benchmarks.one_page import one_page
    from boxlens.benchmarks.scale import bench_sizes
    from boxlens.benchmarks.search import Measured, bench_search
    from boxlens.cli.serve import serving
    from boxlens.wiring import open_boxlens

    machine = look_at(busy_allowed=busy)
    settings = output.settings()
    name = collection or settings.collection
    sections = {}
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        sections["boxlens bench ingest"] = bench_ingest(boxlens, pictures, output.report)
        measured = Measured(boxlens, name)
        with serving(measured) as address:
            sections["boxlens bench search"] = bench_search(measured, name, address, 100, output.report)
    sizes = documents or [_DOCUMENTS]
    sections["boxlens bench scale"] = bench_sizes(settings, sizes, (768, 512), 50, output.report)
    page_file.write_text(one_page(machine, sections), encoding="utf-8")
    output.line(f"Written to {page_file}.")
