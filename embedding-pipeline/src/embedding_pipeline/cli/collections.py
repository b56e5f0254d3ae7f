"""``boxlens collections``: what is stored, and in which pack."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from embedding_pipeline.cli import images, output
from embedding_pipeline.cli.swap import swap
from embedding_pipeline.domain import CollectionInfo, ImageRecord
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens

_EXPORT_BATCH = 500
_FRAMES = Filter((Condition("kind", any_of=("frame",)),))
TRASH = "trash"  # the bucket of api.trash, whose import would load the whole API
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
    pack: Annotated[str | None, typer.Option(help="Its pack (default: the active one).")] = None,
    index_type: Annotated[str | None, typer.Option(help="int8_hnsw, hnsw, bbq_hnsw, int8_flat or flat.")] = None,
    score_threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Drop detections below it.")] = None,
    nms_iou: Annotated[float | None, typer.Option(min=0, max=1, help="Overlap from which boxes are one.")] = None,
    min_relevance: Annotated[float | None, typer.Option(min=0, max=1, help="What auto means in its searches.")] = None,
    json: output.Json = False,
) -> None:
    """Make a collection, or set what it has of its own. Example: boxlens collections create shop --pack photo"""
    from embedding_pipeline.wiring import open_boxlens

    changes: dict[str, Any] = {"index": {"type": index_type}} if index_type else {}
    settings = output.settings(**changes)
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        room = boxlens.room(pack) if pack else boxlens.at_or_new(name)
        boxlens.index.create(name, room.pack, settings.index.type)
        own = {"score_threshold": score_threshold, "nms_iou": nms_iou, "min_relevance": min_relevance}
        if given := {setting: value for setting, value in own.items() if value is not None}:
            boxlens.index.configure(name, replace(boxlens.index.setup(name, fresh=True).settings, **given))
        told = as_dict(boxlens.index.info(name))
    if json:
        output.print_json(told)
    else:
        output.console.print(f"{name} is ready: {told['index_type']}, pack {told['pack']}.")


app.command()(swap)


@app.command()
def renew(name: str) -> None:
    """Add to pictures of an older Boxlens what it did not store yet, so that all filters find them. No picture is
    read again. Example: boxlens collections renew default
    """
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        renewed = boxlens.index.renew(name)
    output.console.print(f"{name}: {renewed:,} images renewed.")


@app.command()
def export(
    name: str,
    to: Annotated[Path | None, typer.Option("--to", help="A file to write (default: standard output).")] = None,
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
    after: str | None = None
    while batch := index.matching(name, _FRAMES, _EXPORT_BATCH, after):
        for match in batch:
            yield orjson.dumps(images.as_dict(index.image(name, match.image_id)), option=orjson.OPT_APPEND_NEWLINE)
        after = batch[-1].object_id


@app.command()
def delete(
    name: str,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Delete the bytes of pictures too that no other collection holds.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a collection and all its objects; the bytes of its pictures stay, unless --pictures is given.

    Example: boxlens collections delete old --pictures
    """
    from embedding_pipeline.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.say, bar) as boxlens:
        found = boxlens.index.info(name)
        if not yes:
            typer.confirm(f"Delete {name} with {found.images:,} images and {found.objects:,} objects?", abort=True)
        kept = _own_pictures(boxlens, name)
        boxlens.index.drop(name)
        if pictures:
            for record in _unneeded(boxlens, name, kept):
                boxlens.store.delete(record.bucket, record.image_key)
    if pictures:
        output.console.print(f"{name} is deleted, and the bytes of its pictures that nothing else needs.")
    elif kept:
        output.console.print(
            f"{name} is deleted. The bytes of its {len(kept):,} pictures stay in the bucket {kept[0].bucket}: ingest "
            f"bucket://{kept[0].bucket}/ --reference takes them in again; delete --pictures would have removed them."
        )
    else:
        output.console.print(f"{name} is deleted.")


def _own_pictures(boxlens: Boxlens, name: str) -> list[ImageRecord]:
    """Its pictures whose bytes lie in our bucket; those elsewhere are not ours to delete."""
    records: list[ImageRecord] = []
    after: str | None = None
    while batch := boxlens.index.matching(name, _FRAMES, _EXPORT_BATCH, after):
        after = batch[-1].object_id
        found = boxlens.index.objects(name, [match.object_id for match in batch])
        records += [frame.image for frame in found if frame.image.bucket == boxlens.bucket]
    return records


def _unneeded(boxlens: Boxlens, name: str, records: list[ImageRecord]) -> Iterator[ImageRecord]:
    """Those that no other collection holds, and none can bring back from its trash."""
    awaited = {key.rpartition("/")[2] for key in boxlens.store.keys(TRASH) if not key.startswith(f"{name}/")}
    others = [info.name for info in boxlens.index.collections() if info.name != name]
    for start in range(0, len(records), _EXPORT_BATCH):
        part = records[start : start + _EXPORT_BATCH]
        held: set[str] = set()
        for other in others:
            held |= boxlens.index.stored(other, [record.image_id for record in part]).keys()
        yield from (r for r in part if r.image_id not in held and f"{r.image_id}.json" not in awaited)


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
        **asdict(info.settings),
    }
