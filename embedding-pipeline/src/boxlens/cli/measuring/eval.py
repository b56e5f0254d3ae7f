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

from boxlens.cli import output
from boxlens.cli.progress import ingest_progress
from boxlens.domain.errors import BadSource, EmptyInput
from boxlens.evaluation.sets.layouts import Layout

if TYPE_CHECKING:
    from boxlens.evaluation.sets.values import EvalSet
    from boxlens.wiring import Boxlens


def add_to(app: typer.Typer) -> None:
    app.command("eval")(evaluate_set)


def evaluate_set(
    dataset: Annotated[Path | None, typer.Argument(help="The folder of the data set, with its pictures.")] = None,
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
    from_feedback: Annotated[
        bool, typer.Option("--from-feedback", help="Ask a collection by what people marked in it, without a data set.")
    ] = False,
    save: Annotated[Path | None, typer.Option(help="Write tables, JSON and predictions into this folder.")] = None,
    json: output.Json = False,
) -> None:
    """Recall through the index and exactly, boxes, and time. Example: boxlens eval ~/data/COCO-CN --format coco-cn"""
    from boxlens.evaluation import report as eval_report
    from boxlens.evaluation.evaluator import Setting, evaluate
    from boxlens.evaluation.sets.reading import read_set
    from boxlens.wiring import open_boxlens

    if from_feedback:
        _evaluate_feedback(collection, json=json)
        return
    if dataset is None:
        raise BadSource("There is no data set to ask with.", hint="Give its folder, or --from-feedback.")
    chosen = _with_absent(read_set(dataset, format, split, absent))
    settings = output.settings()
    with (
        output.download_bar() as bar,
        open_boxlens(settings, output.report, bar) as boxlens,
        _holding(boxlens, chosen, collection, quiet=json) as name,
    ):
        scoped = boxlens.for_collection(name)
        setting = Setting(boxlens.index, scoped.searcher, scoped.loaded.clip_text, name)
        done = evaluate(setting, chosen, limit=limit, pictures=objects, progress=output.report)
        facts = _facts(scoped)
    if save is not None:
        for path in eval_report.save(done, facts, save):
            output.report(f"Written: {path}")
    if json:
        output.print_json(done.as_dict() | facts)
    else:
        output.console.print(eval_report.markdown(done, facts), markup=False, soft_wrap=True)


def _evaluate_feedback(collection: str | None, *, json: bool) -> None:
    """Raises EmptyInput where nothing was marked, NotFound."""
    from boxlens.evaluation.feedback import evaluate_feedback
    from boxlens.library.feedback import FeedbackLog
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    marks = FeedbackLog(settings.data_dir, name).marks()
    if not marks:
        hint = "Set BOXLENS_API__KEEP_FEEDBACK=true where it is served, and mark hits."
        raise EmptyInput(f"Nothing was marked in {name}.", hint=hint)
    with open_boxlens(settings, output.report) as boxlens:
        scoped = boxlens.for_collection(name)
        quality = evaluate_feedback(scoped.searcher, name, marks).as_dict() | _facts(scoped)
    if json:
        output.print_json(quality)
    else:
        output.print_mapping(quality)


def _with_absent(chosen: EvalSet) -> EvalSet:
    """Scenes are drawn from a known list of things: what was not drawn is absent."""
    if chosen.layout != "scenes" or chosen.absent:
        return chosen
    from boxlens.samples.names import things

    drawn = {text.text for text in chosen.texts}
    return replace(chosen, absent=tuple(t.zh[0] for t in things() if t.zh[0] not in drawn and t.en[0] not in drawn))


@contextmanager
def _holding(boxlens: Boxlens, chosen: EvalSet, collection: str | None, *, quiet: bool) -> Iterator[str]:
    """A collection with the pictures of the set; one without a name goes away again."""
    from boxlens.evaluation.evaluator import references

    name = collection or f"eval-{uuid.uuid4().hex[:8]}"
    failed: list[str] = []
    try:
        with ingest_progress(lambda: references(chosen.images), quiet=quiet) as progress:
            boxlens.for_collection_or_new(name).indexer.ingest(
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
            boxlens.writer.drop(name)


def _facts(boxlens: Boxlens) -> dict[str, Any]:
    return {
        "pack": f"{boxlens.pack.name} {boxlens.pack.revision[:12]}",
        "index": boxlens.settings.index.type,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
