"""The command line: one command ``boxlens``, its errors as one line, a hint and an exit code per kind."""

from __future__ import annotations

import os
import sys

import typer

from boxlens.cli import demo, doctor, es, following, ingest, keys, models, search, serve, suggest
from boxlens.cli.library import audit, collections, images, saved
from boxlens.cli.measuring import bench, eval
from boxlens.cli.output import print_error
from boxlens.domain.errors import BoxlensError
from boxlens.domain.local_files import refusal

app = typer.Typer(
    name="boxlens",
    help="Search for a thing inside a picture, with a picture, with words in Chinese or English, or with both.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for module in (demo, serve, ingest, following, search, suggest, eval, audit, doctor):
    module.add_to(app)
app.add_typer(es.app, name="es")
app.add_typer(collections.app, name="collections")
app.add_typer(images.app, name="images")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(saved.app, name="saved")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line. A foreseen error, a full or broken disk among them, ends as one line and a hint, never as a
    stack trace.

    What it and its servers write is readable by its owner alone.
    """
    os.umask(os.umask(0o077) | 0o077)
    try:
        app()
    except BoxlensError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        refused = refusal(error)
        if refused is None:
            raise
        print_error(refused)
        sys.exit(refused.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
