"""``boxlens collections``: what is stored, and in which pack."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from embedding_pipeline.cli import images, output
from embedding_pipeline.domain import CollectionInfo, Condition, Filter
from embedding_pipeline.ports import ObjectIndex

_EXPORT_BATCH = 500
app = typer.Typer(help="List, create, export and delete collections.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All collections. Example: boxlens collections list"""
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        infos = boxlens.index.collections()
    if json:
        output.print_json([as_dict(info) for info in infos])
    elif infos:
        rows = [
            (i.name, i.images, i.objects, f"{i.size_bytes / 2**20:.1f} MiB", f"{i.pack} {i.pack_revision[:12]}")
            for i in infos
        ]
        output.print_table(("collection", "images", "objects", "size", "pack"), rows)
    else:
        output.console.print("No collections yet. Make one: boxlens ingest FOLDER")


@app.command()
def info(name: str, json: output.Json = False) -> None:
    """One collection. Example: boxlens collections info default"""
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        told = as_dict(boxlens.index.info(name))
    if json:
        output.print_json(told)
    else:
        output.print_mapping(told)


@app.command()
def create(
    name: str,
    index_type: Annotated[str | None, typer.Option(help="int8_hnsw, hnsw, bbq_hnsw, int8_flat or flat.")] = None,
    json: output.Json = False,
) -> None:
    """Make an empty collection for the active pack. Example: boxlens collections create shop --index-type hnsw"""
    from embedding_pipeline.wiring import open_boxlens

    changes: dict[str, Any] = {"index": {"type": index_type}} if index_type else {}
    settings = output.settings(**changes)
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        told = as_dict(boxlens.index.create(name, boxlens.pack, settings.index.type))
    if json:
        output.print_json(told)
    else:
        output.console.print(f"{name} is ready: {told['index_type']}, pack {told['pack']}.")


@app.command()
def export(
    name: str,
    to: Annotated[Path | None, typer.Option("--to", help="A file to write [default: standard output].")] = None,
) -> None:
    """Every picture with its objects as JSON Lines, without vectors.

    Example: boxlens collections export shop --to shop.jsonl
    """
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        boxlens.index.info(name)
        with to.open("wb") if to else contextlib.nullcontext(sys.stdout.buffer) as file:
            for line in _exported(boxlens.index, name):
                file.write(line)
            file.flush()


def _exported(index: ObjectIndex, name: str) -> Iterator[bytes]:
    frames = Filter((Condition("kind", any_of=("frame",)),))
    after: str | None = None
    while batch := index.matching(name, frames, _EXPORT_BATCH, after):
        for match in batch:
            yield orjson.dumps(images.as_dict(index.image(name, match.image_id)), option=orjson.OPT_APPEND_NEWLINE)
        after = batch[-1].object_id


@app.command()
def delete(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a collection and all its objects; the pictures stay in the object store.

    Example: boxlens collections delete old
    """
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        found = boxlens.index.info(name)
        if not yes:
            typer.confirm(f"Delete {name} with {found.images:,} images and {found.objects:,} objects?", abort=True)
        boxlens.index.drop(name)
    output.console.print(f"{name} is deleted.")


def as_dict(info: CollectionInfo) -> dict[str, Any]:
    """A collection as plain values."""
    return {
        "name": info.name,
        "pack": info.pack,
        "pack_revision": info.pack_revision,
        "index_type": info.index_type,
        "images": info.images,
        "objects": info.objects,
        "size_bytes": info.size_bytes,
        "last_change": info.last_change,
    }
