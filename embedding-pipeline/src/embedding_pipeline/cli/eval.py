"""``boxlens eval``: how well a search answers, measured on a data set with known answers."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from embedding_pipeline.cli import output
from embedding_pipeline.cli.progress import ingest_progress
from embedding_pipeline.errors import BadSource
from embedding_pipeline.evaluation.sets.values import EvalSet, Layout

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens


def add_to(app: typer.Typer) -> None:
    app.command("eval")(evaluate_set)


def evaluate_set(
    dataset: Annotated[Path, typer.Argument(help="The folder of the data set, with its pictures.")],
    format: Annotated[Layout | None, typer.Option("--format", help="Its layout (default: as its files tell).")] = None,
    split: Annotated[str | None, typer.Option(help="Such as test, valid, val2017 (default: test where it is).")] = None,
    collection: Annotated[
        str | None, typer.Option("-c", "--collection", help="Keep its pictures in this one (default: one for the run).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask with so many of its texts only.")] = None,
    objects: Annotated[
        int, typer.Option(min=0, help="Ask with so many of its things that are in several pictures, as examples.")
    ] = 0,
    absent: Annotated[Path | None, typer.Option(help="A text a line of what no picture of it shows.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write tables, JSON and predictions into this folder.")] = None,
    json: output.Json = False,
) -> None:
    """Recall through the index and exactly, boxes, and time. Example: boxlens eval ~/data/COCO-CN --format coco-cn"""
    from embedding_pipeline.evaluation import report as eval_report
    from embedding_pipeline.evaluation.evaluating import Setting, evaluate
    from embedding_pipeline.evaluation.sets.reading import read_set
    from embedding_pipeline.wiring import open_boxlens

    chosen = _with_absent(read_set(dataset, format, split, absent))
    settings = output.settings()
    with (
        output.download_bar() as bar,
        open_boxlens(settings, output.say, bar) as boxlens,
        _holding(boxlens, chosen, collection, quiet=json) as name,
    ):
        room = boxlens.at(name)
        setting = Setting(boxlens.index, room.searcher, room.loaded.clip_text, name)
        done = evaluate(setting, chosen, limit=limit, pictures=objects, say=output.say)
        facts = _facts(room)
    if save is not None:
        for path in eval_report.save(done, facts, save):
            output.say(f"Written: {path}")
    if json:
        output.print_json(done.as_dict() | facts)
    else:
        output.console.print(eval_report.markdown(done, facts), markup=False, soft_wrap=True)


def _with_absent(chosen: EvalSet) -> EvalSet:
    """Scenes are drawn from a known list of things: what was not drawn is absent."""
    if chosen.layout != "scenes" or chosen.absent:
        return chosen
    from embedding_pipeline.samples.names import things

    drawn = {text.text for text in chosen.texts}
    return replace(chosen, absent=tuple(t.zh[0] for t in things() if t.zh[0] not in drawn and t.en[0] not in drawn))


@contextmanager
def _holding(boxlens: Boxlens, chosen: EvalSet, collection: str | None, *, quiet: bool) -> Iterator[str]:
    """A collection with the pictures of the set; one without a name goes away again."""
    from embedding_pipeline.evaluation.evaluating import references

    name = collection or f"eval-{uuid.uuid4().hex[:8]}"
    failed: list[str] = []
    try:
        with ingest_progress(lambda: references(chosen.images), quiet=quiet) as progress:
            boxlens.at_or_new(name).indexer.ingest(
                references(chosen.images),
                collection=name,
                on_progress=progress,
                on_failure=lambda ref, failure: failed.append(f"{ref.uri}: {failure.reason}"),
            )
        if failed:
            raise BadSource(f"{len(failed)} pictures cannot be used; {failed[0]}", hint="Fetch them again.")
        yield name
    finally:
        if collection is None and any(info.name == name for info in boxlens.index.collections()):
            boxlens.index.drop(name)


def _facts(boxlens: Boxlens) -> dict[str, Any]:
    return {
        "pack": f"{boxlens.pack.name} {boxlens.pack.revision[:12]}",
        "index": boxlens.settings.index.type,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
