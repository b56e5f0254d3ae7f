"""``boxlens collections swap``: a collection over to another pack while it goes on answering."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output
from boxlens.cli.ingest import Failures, interruptible
from boxlens.cli.progress import ingest_progress
from boxlens.domain.errors import BadInput, NotFound

if TYPE_CHECKING:
    from boxlens.wiring import Boxlens


def swap(
    name: str,
    pack: Annotated[str | None, typer.Option(help="The pack it gets.")] = None,
    discard: Annotated[bool, typer.Option("--discard", help="Give up a swap that was begun.")] = False,
    failures: Annotated[Path, typer.Option(help="Where to list pictures that could not be taken.")] = Path(
        "failures.jsonl"
    ),
    json: output.Json = False,
) -> None:
    """Embed all its pictures again with another pack beside it, then put that in its place: it answers all the while.

    What ended early goes on with the same command. Example: boxlens collections swap shop --pack photo
    """
    from boxlens.library.reindex import ReindexJob
    from boxlens.wiring import open_boxlens

    if discard == (pack is not None):
        raise BadInput("Give either --pack or --discard.", hint=f"boxlens collections swap {name} --pack NAME")
    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        if pack is None:
            _discard(boxlens, name)
            return
        own = boxlens.index.setup(name, fresh=True).settings
        scoped = boxlens.for_pack(pack, own)
        job = ReindexJob(boxlens.index, name, scoped.pack, scoped.indexer, writer=boxlens.writer)

        def images() -> range:
            return range(boxlens.index.info(name).images)

        with Failures(failures) as failed, interruptible() as stop, ingest_progress(images, quiet=json) as progress:
            ended = job.run(on_progress=progress, on_failure=failed.add, stop=stop)
        if ended.done:
            boxlens.writer.configure(name, replace(own, pack_named=True))
    if json:
        output.print_json({"done": ended.done, "images": ended.images, "failed": ended.failed})
    elif ended.done:
        output.console.print(f"{name} answers with pack {pack} now: {ended.images:,} images.")
    else:
        output.console.print(
            f"{name} answers as before; {ended.images:,} images are ready for pack {pack}. To go on, run the same "
            f"command again; to give up: boxlens collections swap {name} --discard"
        )
        for failure in failed.first:
            output.line(f"  {failure.uri}: {failure.reason} {failure.hint}")
    if not ended.done:
        raise typer.Exit(3 if ended.failed else 130)


def _discard(boxlens: Boxlens, name: str) -> None:
    from boxlens.library.reindex import discard

    try:
        discard(boxlens.writer, name)
    except NotFound as error:
        raise NotFound(f"No swap of {name} was begun.", hint="Nothing is to be done.") from error
    output.console.print(f"What was ready for another pack is deleted; {name} is as it was.")
