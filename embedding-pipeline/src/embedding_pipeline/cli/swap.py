"""``boxlens collections swap``: a collection over to another pack while it goes on answering."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedding_pipeline.cli import output
from embedding_pipeline.cli.ingest import Failures, interruptible
from embedding_pipeline.cli.progress import ingest_progress
from embedding_pipeline.errors import BadInput, NotFound

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens


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
    from embedding_pipeline.ingest.swapping import Swap
    from embedding_pipeline.wiring import open_boxlens

    if discard == (pack is not None):
        raise BadInput("Give either --pack or --discard.", hint=f"boxlens collections swap {name} --pack NAME")
    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        if pack is None:
            _discard(boxlens, name)
            return
        own = boxlens.index.setup(name, fresh=True).settings
        room = boxlens.room(pack, own)
        work = Swap(boxlens.index, name, room.pack, room.indexer)

        def images() -> range:
            return range(boxlens.index.info(name).images)

        with Failures(failures) as failed, interruptible() as stop, ingest_progress(images, quiet=json) as progress:
            ended = work.run(on_progress=progress, on_failure=failed.add, stop=stop)
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
            output.console.print(f"  {failure.uri}: {failure.reason} {failure.hint}", markup=False)
    if not ended.done:
        raise typer.Exit(3 if ended.failed else 130)


def _discard(boxlens: Boxlens, name: str) -> None:
    from embedding_pipeline.ingest.swapping import discard

    try:
        discard(boxlens.index, name)
    except NotFound as error:
        raise NotFound(f"No swap of {name} was begun.", hint="Nothing is to be done.") from error
    output.console.print(f"What was ready for another pack is deleted; {name} is as it was.")
