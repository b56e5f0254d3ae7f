"""``boxlens bench``: ratios measured side by side in one run, as a table and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from embedding_pipeline.cli import output

app = typer.Typer(help="Measure side by side in one run; every figure names its hardware.", no_args_is_help=True)


@app.command()
def ingest(
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures; 50 or more tell something.")],
    json: output.Json = False,
) -> None:
    """The whole pipeline against its bare models, and against one picture, one crop, one document at a time.

    Example: boxlens bench ingest ~/Pictures
    """
    from embedding_pipeline.bench.ingest import bench_ingest
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        result = bench_ingest(boxlens, pictures, output.say)
    if json:
        output.print_json(result)
        return
    output.print_table(
        ("way", "crops/s", "seconds"), [(w["way"], w["crops_per_second"], w["seconds"]) for w in result["ways"]]
    )
    output.print_mapping({k: v for k, v in result.items() if k != "ways"})


@app.command()
def search(
    collection: output.Collection = None,
    requests: Annotated[int, typer.Option(min=5, help="Of each kind.")] = 100,
    json: output.Json = False,
) -> None:
    """What a search costs beyond networks and Elasticsearch, and four clauses against the slowest of them.

    Example: boxlens bench search -c default
    """
    from embedding_pipeline.bench.search import Measured, bench_search
    from embedding_pipeline.cli.serve import serving
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        measured = Measured(boxlens, name)
        with serving(measured) as address:
            result = bench_search(measured, name, address, requests, output.say)
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
    from embedding_pipeline.bench.page import bench_page
    from embedding_pipeline.cli.serve import page_folder, serving
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    front = page_folder()
    with (
        output.download_bar() as bar,
        open_boxlens(settings, output.say, bar) as boxlens,
        serving(boxlens, front) as address,
    ):
        result = bench_page(address, collection or settings.collection, words, rounds)
    if json:
        output.print_json(result)
        return
    output.print_table(tuple(result["times_ms"][0]), [tuple(row.values()) for row in result["times_ms"]])
    output.print_mapping({k: v for k, v in result.items() if k != "times_ms"})
