"""``boxlens search``: words, a picture, or both; hits as a table, JSON, or a sheet with the boxes drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from embedding_pipeline.answers import Answer, Cut, Hit
from embedding_pipeline.cli import output
from embedding_pipeline.domain import Box, Pixels, image_id_of
from embedding_pipeline.errors import BadBox, BadQuery, BadSource, EmptyInput
from embedding_pipeline.queries import (
    SORT_FIELDS,
    Clause,
    Filter,
    Part,
    PictureClause,
    Query,
    Reading,
    Sort,
    TextClause,
)

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
    min_relevance: Annotated[
        str, typer.Option(metavar="auto|0..1", help="Leave out what is less relevant; 0 leaves nothing out.")
    ] = "auto",
    plain: Annotated[bool, typer.Option("--plain", help='Search words as words: "two dogs" is no condition.')] = False,
    ignore: Annotated[list[str] | None, typer.Option(help="A condition not to read, by the key that is shown.")] = None,
    sort: Annotated[
        str, typer.Option(metavar="NAME", help="relevance, taken_at, ingested_at or box_area; -taken_at: newest first.")
    ] = "relevance",
    save: Annotated[Path | None, typer.Option(help="Draw the hits with their boxes into this file.")] = None,
    json: output.Json = False,
) -> None:
    """Find pictures that hold a thing. Example: boxlens search "红色 car" --filter "score>=0.5" --save hits.jpg"""
    from embedding_pipeline.filters import parse_expression
    from embedding_pipeline.text.label_ids import with_label_ids
    from embedding_pipeline.wiring import open_boxlens

    wanted, order, least = parse_expression(filter) if filter else Filter(), sort_of(sort), least_of(min_relevance)
    settings = output.settings()
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        clauses = _clauses(boxlens, text, image, box, not_ or [])
        if not clauses and wanted.empty:
            raise EmptyInput("There is nothing to look for.", hint="Give words, --image FILE, or --filter EXPR.")
        name = collection or settings.collection
        room = boxlens.at(name)
        query = Query(
            clauses,
            filter=with_label_ids(wanted, room.labels),
            size=k,
            min_relevance=least,
            read_text=not plain,
            ignore=tuple(ignore or ()),
            sort=order,
        )
        answer = room.searcher.search(name, query)
        if json:
            from embedding_pipeline.api import convert
            from embedding_pipeline.api.pictures import address_of

            told = convert.answer(answer, lambda record, width: address_of(boxlens, record, width))
            output.print_json(told.model_dump(mode="json"))
        else:
            print_answer(answer)
            if not answer.hits and answer.cut is not None and answer.cut.dropped:
                nearest = room.searcher.search(name, replace(query, size=1, min_relevance=None))
                print_nearest(text, answer.cut, nearest)
        if save is not None:
            _save(boxlens, answer, save)


def _clauses(
    boxlens: Boxlens, text: str | None, image: Path | None, box: str | None, away: list[str]
) -> tuple[Clause, ...]:
    clauses: list[Clause] = [TextClause(text)] if text and text.strip() else []
    if image is not None:
        try:
            data = image.read_bytes()
        except OSError as error:
            raise BadSource(f"{image}: {error.strerror}", hint="Check the path.") from error
        picture = boxlens.decode(data)
        drawn = Box.within(_numbers(box), picture.width, picture.height) if box else None
        clauses.append(PictureClause(picture.pixels, drawn, image_id=image_id_of(data)))
    elif box:
        raise BadBox("--box needs --image.", hint="The box is drawn on the example picture.")
    clauses.extend(TextClause(words, weight=-0.5) for words in away if words.strip())
    return tuple(clauses)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadBox(f"{text!r} is no box.", hint="Write x1,y1,x2,y2.") from error


def least_of(text: str) -> float | Literal["auto"]:
    """The value of ``--min-relevance``. Raises BadQuery."""
    if text == "auto":
        return "auto"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise BadQuery(f"{text!r} is no relevance.", hint="Write auto, or a number from 0 to 1.", place="min_relevance")
    return number


def sort_of(text: str) -> Sort:
    """The value of ``--sort``. Raises BadQuery."""
    try:
        return Sort.named(text)
    except ValueError as error:
        orders = ", ".join(SORT_FIELDS)
        raise BadQuery(f"{error}.", hint=f"Orders: {orders}; a minus turns one round.", place="sort") from error


def print_nearest(text: str | None, cut: Cut, nearest: Answer) -> None:
    """Says so when nothing was near enough, and what came nearest."""
    subject = f" looks like {text!r}" if text else " looks like that"
    output.console.print(f"Nothing here{subject}: of {cut.dropped} pictures none is near enough.", markup=False)
    for hit in nearest.hits:
        known = f" (relevance {hit.relevance:.2f})" if hit.relevance is not None else ""
        output.console.print(
            f"The nearest was {hit.image.file_name}{known}: see it with --min-relevance 0.", markup=False
        )


def print_answer(answer: Answer) -> None:
    """What was read from the words, and hits as a table with the box of the best object of each."""
    for one in answer.read:
        output.say(f"read as: {meaning(one)} — from {one.text!r}; --ignore {one.key!r} takes it as words")
    if answer.words_left:
        output.say(f"words: {answer.words_left}")
    rows = []
    for rank, hit in enumerate(answer.hits, start=1):
        best = hit.objects[0]
        more = f" +{len(hit.objects) - 1}" if len(hit.objects) > 1 else ""
        why = " ".join(f"{w.signal} #{w.rank}" for w in best.why)
        box = "{:.0f},{:.0f},{:.0f},{:.0f}".format(*best.object.box.as_list())
        thing = (best.object.label or best.object.kind) + more
        sure = "" if hit.relevance is None else f"{hit.relevance:.2f}" + ("?" if hit.weak else "")
        rows.append((rank, hit.image.file_name, thing, box, sure, f"{hit.score:.4f}", why))
    if rows:
        output.print_table(("", "picture", "object", "box", "relevance", "score", "why"), rows)
    elif answer.cut is None or not answer.cut.dropped:
        output.console.print("Nothing found.")
    if answer.hits and answer.cut is not None and answer.cut.dropped:
        output.say(f"{answer.cut.dropped} less relevant pictures were left out: --min-relevance 0 shows them.")
    if any(hit.weak for hit in answer.hits):
        output.say("A question mark says: near, but it may well be something else.")
    if "relevance_off" in answer.notes:
        output.say("The collection is too small to tell what is relevant: all that was found is shown.")
    if "clip_off" in answer.notes:
        output.say("The pack has no CLIP: words were matched with labels, captions, tags and text in pictures only.")


def meaning(one: Reading) -> str:
    """A condition in words: ``2 or more: dogs``, ``cup left of computer``, ``taken 2023-07-01 to 2023-07-31``."""
    if one.away is not None:
        return f"away from {one.away.text}"
    said = [_part(part, one) for part in one.parts]
    for condition in one.filter.conditions:
        if condition.range is not None:
            low, high = (str(edge)[:10] if edge else "…" for edge in (condition.range.gte, condition.range.lte))
            said.append(f"{condition.field} {low} to {high}")
    return " + ".join(said)


def _part(part: Part, one: Reading) -> str:
    name = part.clause.text if isinstance(part.clause, TextClause) else ""
    if part.most is not None:
        name = f"{part.least} to {part.most}: {name}" if part.most > part.least else f"{part.least} alone: {name}"
    elif part.least > 1:
        name = f"{part.least} or more: {name}"
    if part.relation is None:
        return name
    other = one.parts[part.relation.other - one.first_part].clause
    beside = other.text if isinstance(other, TextClause) else ""
    return f"{name} {part.relation.name.replace('_', ' ')} {beside}"


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
