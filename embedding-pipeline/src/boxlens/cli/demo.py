"""``boxlens demo``: everything from nothing, shown on photographs and drawings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output
from boxlens.cli.progress import ingest_progress
from boxlens.cli.search import print_answer
from boxlens.cli.serve import page_folder, serve_here, serving
from boxlens.cli.stored import demo_folder
from boxlens.domain.errors import BoxlensError, Unavailable

if TYPE_CHECKING:
    from boxlens.domain.answers.hits import Answer
    from boxlens.domain.queries import Clause
    from boxlens.domain.references import ImageRef
    from boxlens.settings import Settings
    from boxlens.wiring import Boxlens

_PHOTOGRAPHS, _DRAWINGS = "default", "drawings"
_DRAWN_BY = "demo"  # the pack that knows the drawings

# There are few photographs, and what is near is known by what else there is: so many drawings lie among them. They are
# not what the pack knows, so only what it is sure of counts as an object.
_BESIDE, _SURE = 100, 0.6

# What the pictures of each collection surely show.
_WORDS = ((_PHOTOGRAPHS, "猫"), (_PHOTOGRAPHS, "a person"), (_DRAWINGS, "红苹果"))


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Check everything and exit instead of serving.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 8080,
    data: Annotated[Path | None, typer.Option(help="Where the demo keeps its data (default: .data/demo).")] = None,
    json: output.Json = False,
) -> None:
    """Set up what is missing, index photographs and drawings, show four searches, then serve the page.

    Example: boxlens demo --once
    """

    from boxlens.listening import LOOPBACK, listen

    settings = output.settings()
    settings = output.settings(data_dir=data or demo_folder(settings), collection=_PHOTOGRAPHS)
    if once:
        with _prepared(settings, quiet=json) as (boxlens, page, answers), serving(boxlens, page) as address:
            _check(address)
        if json:
            output.print_json({title: [h.image.file_name for h in answer.hits] for title, answer in answers.items()})
        else:
            output.console.print("Everything works.")
        return
    with listen(LOOPBACK, port) as listening:
        page_port = listening.getsockname()[1]
        with _prepared(settings, quiet=json, page_port=page_port) as (boxlens, page, _):
            serve_here(boxlens, listening, page)


@contextmanager
def _prepared(
    settings: Settings, *, quiet: bool, page_port: int | None = None
) -> Iterator[tuple[Boxlens, Path | None, dict[str, Answer]]]:
    """Boxlens with the samples taken in, the folder of its page, and the answers of the four searches by title."""
    from boxlens.samples.bundled import copy_samples
    from boxlens.wiring import open_boxlens

    page = page_folder()
    manifest = copy_samples(settings.data_dir / "samples", output.report)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar, page_port) as boxlens:
        _ingest_photographs(boxlens, manifest.parent)
        _ingest_drawings(boxlens, manifest)
        yield boxlens, page, _searches(boxlens, manifest.parent, quiet=quiet)


def _ingest_photographs(boxlens: Boxlens, samples: Path) -> None:
    """The photographs, and some drawings among them, with the default pack. What an earlier version took into the
    collection with another pack is moved to it first."""
    from boxlens.domain.collections import CollectionSettings
    from boxlens.domain.errors import PackMismatch
    from boxlens.library.reindex import ReindexJob
    from boxlens.samples.bundled import PHOTOGRAPHS

    scoped = boxlens.for_pack(boxlens.pack.name, CollectionSettings(score_threshold=_SURE))
    try:
        boxlens.writer.create(_PHOTOGRAPHS, scoped.pack)
    except PackMismatch:
        output.report(f"Moving {_PHOTOGRAPHS} to the pack {scoped.pack.name} …")
        ReindexJob(boxlens.index, _PHOTOGRAPHS, scoped.pack, scoped.indexer).run()
    boxlens.writer.configure(_PHOTOGRAPHS, CollectionSettings(score_threshold=_SURE))
    drawings = sorted(samples.glob("scene-*.jpg"))[:_BESIDE]
    _ingest(scoped, _PHOTOGRAPHS, [PHOTOGRAPHS, *drawings])


def _ingest_drawings(boxlens: Boxlens, manifest: Path) -> None:
    from boxlens.domain.collections import CollectionSettings

    scoped = boxlens.for_pack(_DRAWN_BY)
    boxlens.writer.create(_DRAWINGS, scoped.pack)
    boxlens.writer.configure(_DRAWINGS, CollectionSettings(pack_named=True))
    _ingest(scoped, _DRAWINGS, [manifest])


def _ingest(boxlens: Boxlens, collection: str, sources: list[Path]) -> None:
    from boxlens.ingest.sources import references

    def refs() -> Iterator[ImageRef]:
        return references([str(source) for source in sources])

    output.report(boxlens.loaded.about)
    with ingest_progress(refs, quiet=False) as progress:
        report = boxlens.indexer.ingest(refs(), collection=collection, on_progress=progress)
    info = boxlens.index.info(collection)
    output.console.print(
        f"{collection}: {info.images:,} pictures with {info.objects:,} objects are searchable "
        f"({report.stored:,} new in {report.seconds:.0f} s)."
    )


def _searches(boxlens: Boxlens, samples: Path, *, quiet: bool) -> dict[str, Answer]:
    """Searches in Chinese and English, of photographs and of drawings, and with a picture, by title. Raises Unavailable
    when one finds nothing."""

    from boxlens.domain.pictures import image_id_of
    from boxlens.domain.queries import PictureClause, Query, TextClause
    from boxlens.samples.bundled import shown_twice
    from boxlens.search.scoring.thresholds import WEAK

    searches: list[tuple[str, str, Clause]] = [(collection, words, TextClause(words)) for collection, words in _WORDS]
    name, file, box = shown_twice(samples)
    data = (samples / file).read_bytes()
    picture = boxlens.decode(data)
    example = PictureClause(picture.pixels, box, image_id=image_id_of(data))
    searches.append((_DRAWINGS, f"the {name} of {file}", example))
    answers = {}
    for collection, title, clause in searches:
        query = Query((clause,), size=5, min_relevance=WEAK if isinstance(clause, TextClause) else "auto")
        answer = answers[title] = boxlens.for_collection(collection).searcher.search(collection, query)
        if not answer.hits:
            raise Unavailable(f"The search for {title} found nothing.", hint="Run `boxlens doctor`.")
        if not quiet:
            output.console.print(f"\n[bold]{title}[/]  {answer.took_ms['total']:.0f} ms  [dim]in {collection}[/]")
            print_answer(answer)
    return answers


def _check(address: str) -> None:
    """The served whole as a browser meets it. Raises Unavailable."""

    import httpx

    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        ready = client.get("/readyz")
        if ready.status_code != 200:
            raise Unavailable(f"The API is not ready: {ready.text}", hint="Run `boxlens doctor`.")
        page = client.get("/")
        if page.status_code != 200 or "<html" not in page.text.lower():
            raise Unavailable("The page does not come.", hint="Look at search-front and run the command again.")
        hits = client.get(f"/v1/collections/{_PHOTOGRAPHS}/search", params={"q": "cat", "size": 1}).json()["hits"]
        thumbnail = httpx.get(hits[0]["thumbnail_url"], timeout=30, trust_env=False)
        if thumbnail.status_code != 200 or not thumbnail.headers["content-type"].startswith("image/"):
            raise BoxlensError("A thumbnail does not come.", hint="Run `boxlens doctor`.")
