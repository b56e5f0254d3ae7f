"""``boxlens demo``: everything from nothing, shown on sample pictures."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from embedding_pipeline.cli import output
from embedding_pipeline.cli.progress import ingest_progress
from embedding_pipeline.cli.search import print_answer
from embedding_pipeline.domain import Answer, ImageRef, PictureClause, Query, TextClause
from embedding_pipeline.errors import BoxlensError, ModelMissing, Unavailable

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens

_COLLECTION = "default"


@dataclass(frozen=True, slots=True)
class Samples:
    """What the demo shows: a pack, pictures, and searches with something to find."""

    pack: str
    packs_dir: Path
    pictures: Path
    chinese: str
    english: str
    picture: Path


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Check everything and exit instead of serving.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 8080,
    data: Annotated[Path | None, typer.Option(help="Where the demo keeps its data [default: .data/demo].")] = None,
    json: output.Json = False,
) -> None:
    """Set up what is missing, index sample pictures, show three searches, then serve the page.

    Example: boxlens demo --once
    """
    from embedding_pipeline.cli.serve import page_folder, serve_here
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    data_dir = data or settings.data_dir / "demo"
    samples = find_samples(data_dir)
    settings = output.settings(
        data_dir=data_dir, pack=samples.pack, packs_dir=samples.packs_dir, collection=_COLLECTION
    )
    page = page_folder()
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        _ingest(boxlens, samples)
        searches = _searches(boxlens, samples, quiet=json)
        if once:
            with _serving(boxlens, page) as address:
                _check(address)
            if json:
                output.print_json(
                    {title: [h.image.file_name for h in answer.hits] for title, answer in searches.items()}
                )
            else:
                output.console.print("Everything works.")
            return
        serve_here(boxlens, "127.0.0.1", port, page)


def find_samples(data_dir: Path) -> Samples:
    """The trial pack and the photos of the development data, where they are. Raises ModelMissing."""
    from embedding_pipeline.models.trial_pack import make_test_pack

    named = os.environ.get("BOXLENS_SHARED_DATA")
    shared = Path(named) if named else Path(__file__).parents[5] / "shared" / "data"
    if not (shared / "models").is_dir():
        raise ModelMissing(
            "No sample pack is bundled yet, and the trial models and photos are not beside the project.",
            hint="Name their folder with BOXLENS_SHARED_DATA, or use your own pack: BOXLENS_PACK and `boxlens ingest`.",
        )
    make_test_pack(shared, data_dir / "packs")
    photos = shared / "photos" / "images"
    return Samples("coco-test", data_dir / "packs", photos, "狗", "dog", photos / "000000000790.jpg")


def _ingest(boxlens: Boxlens, samples: Samples) -> None:
    from embedding_pipeline.sources import references

    def refs() -> Iterator[ImageRef]:
        return references([str(samples.pictures)])

    with ingest_progress(refs, quiet=False) as progress:
        report = boxlens.indexer.ingest(refs(), collection=_COLLECTION, on_progress=progress)
    info = boxlens.index.info(_COLLECTION)
    output.console.print(
        f"{info.images:,} pictures with {info.objects:,} objects are searchable "
        f"({report.stored:,} new in {report.seconds:.0f} s)."
    )


def _searches(boxlens: Boxlens, samples: Samples, *, quiet: bool) -> dict[str, Answer]:
    """A Chinese, an English and a picture search. Raises Unavailable when one finds nothing."""
    picture = boxlens.decode(samples.picture.read_bytes())
    queries = {
        samples.chinese: Query((TextClause(samples.chinese),), size=5),
        samples.english: Query((TextClause(samples.english),), size=5),
        f"the picture {samples.picture.name}": Query((PictureClause(picture.pixels),), size=5),
    }
    answers = {}
    for title, query in queries.items():
        answer = answers[title] = boxlens.searcher.search(_COLLECTION, query)
        if not answer.hits:
            raise Unavailable(f"The search for {title} found nothing.", hint="Run `boxlens doctor`.")
        if not quiet:
            output.console.print(f"\n[bold]{title}[/]  {answer.took_ms['total']:.0f} ms")
            print_answer(answer)
    return answers


@contextmanager
def _serving(boxlens: Boxlens, page: Path | None) -> Iterator[str]:
    """API and page on a free port for the length of the block."""
    import uvicorn

    from embedding_pipeline.api.app import create_app
    from embedding_pipeline.cli.serve import listen

    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(boxlens, page_dir=page), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


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
