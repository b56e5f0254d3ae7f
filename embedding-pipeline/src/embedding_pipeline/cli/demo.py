"""``boxlens demo``: everything from nothing, shown on sample pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from embedding_pipeline.answers import Answer
from embedding_pipeline.cli import output
from embedding_pipeline.cli.progress import ingest_progress
from embedding_pipeline.cli.search import print_answer
from embedding_pipeline.domain import ImageRef, image_id_of
from embedding_pipeline.errors import BoxlensError, Unavailable
from embedding_pipeline.queries import PictureClause, Query, TextClause

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens

_COLLECTION, _PACK = "default", "demo"

_SCENES, _SEED = 200, 1
# What the samples surely hold: every thing of the artwork comes up in 200 scenes, some twice.
_WORDS = ("红苹果", "dog", "雨伞 umbrella")


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Check everything and exit instead of serving.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 8080,
    data: Annotated[Path | None, typer.Option(help="Where the demo keeps its data (default: .data/demo).")] = None,
    json: output.Json = False,
) -> None:
    """Set up what is missing, index sample pictures, show four searches, then serve the page.

    Example: boxlens demo --once
    """
    from embedding_pipeline.cli.serve import page_folder, serve_here, serving
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    settings = output.settings(data_dir=data or settings.data_dir / "demo", pack=_PACK, collection=_COLLECTION)
    page = page_folder()
    manifest = _samples(settings.data_dir / "samples")
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        _ingest(boxlens, manifest)
        searches = _searches(boxlens, manifest.parent, quiet=json)
        if once:
            with serving(boxlens, page) as address:
                _check(address)
            if json:
                output.print_json(
                    {title: [h.image.file_name for h in answer.hits] for title, answer in searches.items()}
                )
            else:
                output.console.print("Everything works.")
            return
        serve_here(boxlens, "127.0.0.1", port, page)


def _samples(folder: Path) -> Path:
    """The manifest of the sample pictures, drawn once. Raises Unavailable when their artwork cannot be fetched."""
    from embedding_pipeline.samples.making import MANIFEST, make_samples

    manifest = folder / MANIFEST  # written last
    if not manifest.is_file():
        output.say(f"Drawing {_SCENES} sample pictures …")
        make_samples(folder, _SCENES, _SEED)
    return manifest


def _ingest(boxlens: Boxlens, manifest: Path) -> None:
    from embedding_pipeline.ingest.sources import references

    def refs() -> Iterator[ImageRef]:
        return references([str(manifest)])

    with ingest_progress(refs, quiet=False) as progress:
        report = boxlens.indexer.ingest(refs(), collection=_COLLECTION, on_progress=progress)
    info = boxlens.index.info(_COLLECTION)
    output.console.print(
        f"{info.images:,} pictures with {info.objects:,} objects are searchable "
        f"({report.stored:,} new in {report.seconds:.0f} s)."
    )


def _searches(boxlens: Boxlens, samples: Path, *, quiet: bool) -> dict[str, Answer]:
    """Searches in Chinese, English, both at once, and with a picture. Raises Unavailable when one finds nothing."""
    from embedding_pipeline.samples.making import shown_twice

    queries = {words: Query((TextClause(words),), size=5) for words in _WORDS}
    name, file, box = shown_twice(samples)
    data = (samples / file).read_bytes()
    picture = boxlens.decode(data)
    example = PictureClause(picture.pixels, box, image_id=image_id_of(data))
    queries[f"the {name} of {file}"] = Query((example,), size=5)
    answers = {}
    for title, query in queries.items():
        answer = answers[title] = boxlens.searcher.search(_COLLECTION, query)
        if not answer.hits:
            raise Unavailable(f"The search for {title} found nothing.", hint="Run `boxlens doctor`.")
        if not quiet:
            output.console.print(f"\n[bold]{title}[/]  {answer.took_ms['total']:.0f} ms")
            print_answer(answer)
    return answers


def _check(address: str) -> None:
    """The served whole as a browser meets it. Raises Unavailable."""
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        ready = client.get("/readyz")
        if ready.status_code != 200:
            raise Unavailable(f"The API is not ready: {ready.text}", hint="Run `boxlens doctor`.")
        page = client.get("/")
        if page.status_code != 200 or "<html" not in page.text.lower():
            raise Unavailable("The page does not come.", hint="Look at search-front and run the command again.")
        hits = client.get(f"/v1/collections/{_COLLECTION}/search", params={"q": "dog", "size": 1}).json()["hits"]
        thumbnail = httpx.get(hits[0]["thumbnail_url"], timeout=30, trust_env=False)
        if thumbnail.status_code != 200 or not thumbnail.headers["content-type"].startswith("image/"):
            raise BoxlensError("A thumbnail does not come.", hint="Run `boxlens doctor`.")
