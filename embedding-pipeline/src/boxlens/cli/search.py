"""``boxlens search``: words, a picture, or both; hits as a table, JSON, or a sheet with the boxes drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from boxlens.cli import output
from boxlens.cli.stored import check_anything_stored, explaining_absence
from boxlens.domain.errors import BadBox, BadQuery, BadSource, EmptyInput

if TYPE_CHECKING:
    from boxlens.domain.answers.hits import Answer, Cut, Hit
    from boxlens.domain.pictures import Pixels
    from boxlens.domain.queries import Clause, Part, Reading, Sort
    from boxlens.wiring import Boxlens


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

    from boxlens.domain.filters import Filter
    from boxlens.domain.queries import Query
    from boxlens.filters.expression import parse_expression
    from boxlens.language.label_ids import with_label_ids
    from boxlens.library.own_labels import own_labels
    from boxlens.wiring import open_boxlens

    conditions, order, least = parse_expression(filter) if filter else Filter(), sort_of(sort), least_of(min_relevance)
    settings = output.settings()
    name = collection or settings.collection
    check_anything_stored(settings, name)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        clauses = _clauses(boxlens, text, image, box, not_ or [])
        if not clauses and conditions.empty:
            raise EmptyInput("There is nothing to look for.", hint="Give words, --image FILE, or --filter EXPR.")
        with explaining_absence(settings):
            scoped = boxlens.for_collection(name)
        query = Query(
            clauses,
            filter=with_label_ids(conditions, scoped.labels, own=own_labels(boxlens.index, name)),
            size=k,
            min_relevance=least,
            read_text=not plain,
            ignore=tuple(ignore or ()),
            sort=order,
        )
        answer = scoped.searcher.search(name, query)
        output.report(scoped.loaded.about)
        if json:
            from boxlens.api.image_urls import ImageUrls
            from boxlens.api.mappers import answer as plain_answer

            output.print_json(plain_answer(answer, ImageUrls(boxlens.store)))
        else:
            print_answer(answer)
            if not answer.hits and answer.cut is not None and answer.cut.dropped:
                nearest = scoped.searcher.search(name, replace(query, size=1, min_relevance=None))
                print_nearest(text, answer.cut, nearest)
        if save is not None:
            _save(boxlens, answer, save)


def _clauses(
    boxlens: Boxlens, text: str | None, image: Path | None, box: str | None, away: list[str]
) -> tuple[Clause, ...]:
    from boxlens.domain.boxes import Box
    from boxlens.domain.pictures import image_id_of
    from boxlens.domain.queries import PictureClause, TextClause

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

    from boxlens.domain.queries import SORT_FIELDS, Sort

    try:
        return Sort.named(text)
    except ValueError as error:
        orders = ", ".join(SORT_FIELDS)
        raise BadQuery(f"{error}.", hint=f"Orders: {orders}; a minus turns one round.", place="sort") from error


def print_nearest(text: str | None, cut: Cut, nearest: Answer) -> None:
    """Says so when nothing was near enough, and what came nearest."""
    subject = f" looks like {text!r}" if text else " looks like that"
    output.line(f"Nothing here{subject}: of {cut.dropped} pictures none is near enough.")
    for hit in nearest.hits:
        relevance = f" (relevance {hit.relevance:.2f})" if hit.relevance is not None else ""
        output.line(f"The nearest was {hit.image.file_name}{relevance}: see it with --min-relevance 0.")


def print_answer(answer: Answer) -> None:
    """What was read from the words, and hits as a table with the box of the best object of each."""
    for reading in answer.read:
        output.report(
            f"read as: {meaning(reading)} — from {reading.text!r}; --ignore {reading.key!r} takes it as words"
        )
    if answer.words_left:
        output.report(f"words: {answer.words_left}")
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
        output.report(f"{answer.cut.dropped} less relevant pictures were left out: --min-relevance 0 shows them.")
    if any(hit.weak for hit in answer.hits):
        output.report("A question mark says: near, but it may well be something else.")
    if "relevance_off" in answer.notes:
        output.report("The collection is too small to tell what is relevant: all that was found is shown.")
    if "negation_unread" in answer.notes:
        output.report("What the words deny was not understood: write a minus before what you do not want.")
    if "relation_unread" in answer.notes:
        output.report("How the things stand to each other was not understood: pictures that hold them are shown.")
    if "not_all_together" in answer.notes:
        output.report("No picture holds all of it: these hold most of it.")
    if "shards_lost" in answer.notes:
        output.report(f"{answer.lost_shards} parts of the index did not answer: their pictures are missing here.")
    if "clip_off" in answer.notes:
        output.report("The pack has no CLIP: words were matched with labels, captions, tags and text in pictures only.")


def meaning(reading: Reading) -> str:
    """A condition in words: ``2 or more: dogs``, ``cup left of computer``, ``taken 2023-07-01 to 2023-07-31``."""
    from boxlens.domain.filters import Period

    if reading.away is not None:
        return f"away from {reading.away.text}"
    phrases = [_part(part, reading) for part in reading.parts]
    for condition in reading.filter.conditions:
        if isinstance(condition.range, Period):
            edges = condition.range.first, condition.range.last
            low, high = (edge.date().isoformat() if edge else "…" for edge in edges)
            phrases.append(f"{condition.field} {low} to {high}")
    return " + ".join(phrases)


def _part(part: Part, reading: Reading) -> str:
    from boxlens.domain.queries import TextClause

    name = part.clause.text if isinstance(part.clause, TextClause) else ""
    if part.max_count is not None:
        name = (
            f"{part.min_count} to {part.max_count}: {name}"
            if part.max_count > part.min_count
            else f"{part.min_count} alone: {name}"
        )
    elif part.min_count > 1:
        name = f"{part.min_count} or more: {name}"
    if part.relation is None:
        return name
    other = reading.parts[part.relation.other - reading.first_part].clause
    beside = other.text if isinstance(other, TextClause) else ""
    return f"{name} {part.relation.name.replace('_', ' ')} {beside}"


def _save(boxlens: Boxlens, answer: Answer, path: Path) -> None:
    import cv2

    from boxlens.imaging.contact_sheet import contact_sheet

    def picture(hit: Hit) -> Pixels:
        if hit.image.image_key:
            data = boxlens.store.get(hit.image.bucket, hit.image.image_key)
        else:
            data = boxlens.fetcher.fetch(hit.image.source_uri)
        return boxlens.decode(data).pixels

    if not answer.hits:
        output.report("Nothing to draw.")
        return
    sheet = contact_sheet(answer.hits, picture)
    try:
        written = cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    except cv2.error:
        written = False
    if not written:
        raise BadSource(f"{path} cannot be written.", hint="Give a .jpg or .png in a folder you may write to.")
    output.report(f"Drawn: {path}")
