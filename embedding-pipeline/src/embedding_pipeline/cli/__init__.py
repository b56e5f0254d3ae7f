"""The command line: one command ``boxlens``, its errors as one line, a hint and an exit code per kind."""

from __future__ import annotations

import sys

import typer

from embedding_pipeline.cli import bench, collections, demo, doctor, es, eval, images, ingest, models, search, serve
from embedding_pipeline.cli.output import complain
from embedding_pipeline.errors import BoxlensError

app = typer.Typer(
    name="boxlens",
    help="Search for a thing inside a picture, with a picture, with words in Chinese or English, or with both.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for module in (demo, serve, ingest, search, eval, doctor):
    module.add_to(app)
app.add_typer(es.app, name="es")
app.add_typer(collections.app, name="collections")
app.add_typer(images.app, name="images")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line. A foreseen error ends as one line and a hint, never as a stack trace."""
    try:
        app()
    except BoxlensError as error:
        complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
