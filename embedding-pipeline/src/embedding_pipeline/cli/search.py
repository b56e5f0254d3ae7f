"""``boxlens search``: words, a picture, or both; hits as a table, JSON, or a sheet with the boxes drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedding_pipeline.cli import output
from embedding_pipeline.domain import Answer, Box, Clause, Filter, Hit, PictureClause, Pixels, Query, TextClause
from embedding_pipeline.errors import BadBox, BadSource, EmptyInput

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens


def add_to(app: typer.Typer) -> None:
    app.command()(search)


def search(
    text: Annotated[str | None, typer.Argument(help="What to look for, in Chinese, English or both.")] = None,
    image: Annotated[Path | None, typer.Option(help="An example picture.")] = None,
    box: Annotated[str | None, typer.Option(help="x1,y1,x2,y2 in pixels of the upright example picture.")] = None,
    not_: Annotated[list[str] | None, typer.Option("--not", help="What to keep away from; may be repeated.")] = None,
    filter: Annotated[str, typer.Option(help="Such as: label:car,truck score>=0.5 -tag:draft")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many images.")] = 10,
    collection: output.Collection = None,
    save: Annotated[Path | None, typer.Option(help="Draw the hits with their boxes into this file.")] = None,
    json: output.Json = False,
) -> None:
    """Find pictures that hold a thing. Example: boxlens search "红色 car" --filter "score>=0.5" --save hits.jpg"""
    from embedding_pipeline.filters import parse_expression
    from embedding_pipeline.wiring import open_boxlens

    wanted = parse_expression(filter) if filter else Filter()
    settings = output.settings()
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        clauses = _clauses(boxlens, text, image, box, not_ or [])
        if not clauses and wanted.empty:
            raise EmptyInput("There is nothing to look for.", hint="Give words, --image FILE, or --filter EXPR.")
        name = collection or settings.collection
        answer = boxlens.searcher.search(name, Query(clauses, filter=wanted, size=k))
        if json:
            from embedding_pipeline.api import convert
            from embedding_pipeline.api.pictures import address_of

            told = convert.answer(answer, lambda record, width: address_of(boxlens, record, width))
            output.print_json(told.model_dump(mode="json"))
        else:
            print_answer(answer)
        if save is not None:
            _save(boxlens, answer, save)


def _clauses(
    boxlens: Boxlens, text: str | None, image: Path | None, box: str | None, away: list[str]
) -> tuple[Clause, ...]:
    clauses: list[Clause] = [TextClause(text)] if text and text.strip() else []
    if image is not None:
        try:
            picture = boxlens.decode(image.read_bytes())
        except OSError as error:
            raise BadSource(f"{image}: {error.strerror}", hint="Check the path.") from error
        drawn = Box.within(_numbers(box), picture.width, picture.height) if box else None
        clauses.append(PictureClause(picture.pixels, drawn))
    elif box:
        raise BadBox("--box needs --image.", hint="The box is drawn on the example picture.")
    clauses.extend(TextClause(words, weight=-0.5) for words in away if words.strip())
    return tuple(clauses)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadBox(f"{text!r} is no box.", hint="Write x1,y1,x2,y2.") from error


def print_answer(answer: Answer) -> None:
    """Hits as a table with the box of the best object of each."""
    rows = []
    for rank, hit in enumerate(answer.hits, start=1):
        best = hit.objects[0]
        more = f" +{len(hit.objects) - 1}" if len(hit.objects) > 1 else ""
        why = " ".join(f"{w.signal} #{w.rank}" for w in best.why)
        box = "{:.0f},{:.0f},{:.0f},{:.0f}".format(*best.object.box.as_list())
        rows.append(
            (rank, hit.image.file_name, (best.object.label or best.object.kind) + more, box, f"{hit.score:.4f}", why)
        )
    if rows:
        output.print_table(("", "picture", "object", "box", "score", "why"), rows)
    else:
        output.console.print("Nothing found.")
    if "clip_off" in answer.notes:
        output.say("The pack has no CLIP: words were matched with labels, captions, tags and text in pictures only.")


def _save(boxlens: Boxlens, answer: Answer, path: Path) -> None:
    import cv2

    from embedding_pipeline.contact_sheet import contact_sheet

    def picture(hit: Hit) -> Pixels:
        if hit.image.image_key:
            data = boxlens.store.get(hit.image.bucket, hit.image.image_key)
        else:
            data = boxlens.fetcher.fetch(hit.image.source_uri)
        return boxlens.decode(data).pixels

    if not answer.hits:
        output.say("Nothing to draw.")
        return
    sheet = contact_sheet(answer.hits, picture)
    try:
        written = cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    except cv2.error:
        written = False
    if not written:
        raise BadSource(f"{path} cannot be written.", hint="Give a .jpg or .png in a folder you may write to.")
    output.say(f"Drawn: {path}")
