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
    from embedding_pipeline.bench_ingest import bench_ingest
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
