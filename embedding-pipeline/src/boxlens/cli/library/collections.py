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

from boxlens.cli import output
from boxlens.cli.keys import BY
from boxlens.cli.library import images
from boxlens.cli.library.plan import plan
from boxlens.cli.library.swap import swap
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.share_out import Layout

if TYPE_CHECKING:
    from boxlens.domain.collections import CollectionInfo
    from boxlens.domain.ports import SearchIndex

_EXPORT_BATCH = 500
_FRAMES = Filter((Condition("kind", any_of=("frame",)),))
app = typer.Typer(help="List, create, export and delete collections.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All collections. Example: boxlens collections list"""
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
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
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        values = as_dict(boxlens.index.info(name))
    if json:
        output.print_json(values)
    else:
        output.print_mapping(values)


@app.command()
def create(
    name: str,
    pack: Annotated[str | None, typer.Option(help="Its pack (default: the active one).")] = None,
    index_type: Annotated[str | None, typer.Option(help="int8_hnsw, hnsw, bbq_hnsw, int8_flat or flat.")] = None,
    score_threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Drop detections below it.")] = None,
    nms_iou: Annotated[float | None, typer.Option(min=0, max=1, help="Overlap from which boxes are one.")] = None,
    min_relevance: Annotated[float | None, typer.Option(min=0, max=1, help="What auto means in its searches.")] = None,
    tiles: Annotated[
        bool | None, typer.Option("--tiles/--no-tiles", help="Look at quarters of pictures too, for small things.")
    ] = None,
    expect: Annotated[
        int | None, typer.Option(min=0, help="Boxes and frames to come: shards follow from it (`collections plan`).")
    ] = None,
    shards: Annotated[int | None, typer.Option(min=1, max=1024, help="Parts of its index; stay as they are.")] = None,
    replicas: Annotated[int | None, typer.Option(min=0, max=9, help="Copies of each part; may be changed.")] = None,
    json: output.Json = False,
) -> None:
    """Make a collection, or set what it has of its own. Example: boxlens collections create shop --pack photo"""
    from boxlens.wiring import open_boxlens

    changes: dict[str, Any] = {"index": {"type": index_type}} if index_type else {}
    settings = output.settings(**changes)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        scoped = boxlens.for_pack(pack) if pack else boxlens.for_collection_or_new(name)
        boxlens.writer.create(name, scoped.pack, settings.index.type, Layout(shards, replicas, expect))
        own: dict[str, Any] = {
            "score_threshold": score_threshold,
            "nms_iou": nms_iou,
            "min_relevance": min_relevance,
            "pack_named": bool(pack) or None,
            "tiles": tiles,
        }
        if changed := {setting: value for setting, value in own.items() if value is not None}:
            boxlens.writer.configure(name, replace(boxlens.index.setup(name, fresh=True).settings, **changed))
        values = as_dict(boxlens.index.info(name))
    if json:
        output.print_json(values)
    else:
        parts = f"{values['shards']} shards, {values['replicas']} copies of each"
        output.console.print(f"{name} is ready: {values['index_type']}, pack {values['pack']}, {parts}.")


app.command()(swap)
app.command()(plan)


@app.command()
def freeze(name: str) -> None:
    """Take no more changes, and merge what is there into few segments. Example: boxlens collections freeze old"""
    from boxlens.wiring import open_boxlens

    with (
        output.download_bar() as bar,
        open_boxlens(output.settings(), output.report, bar) as boxlens,
        output.stderr.status("Merging"),
    ):
        boxlens.writer.freeze(name)
    output.console.print(f"{name} is frozen. To change it again: boxlens collections thaw {name}")


@app.command()
def thaw(name: str) -> None:
    """Take changes again. Example: boxlens collections thaw old"""
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        boxlens.writer.thaw(name)
    output.console.print(f"{name} takes changes again.")


@app.command()
def renew(name: str) -> None:
    """Add to pictures of an older Boxlens what it did not store yet, so that all filters find them. No picture is
    read again. Example: boxlens collections renew default
    """
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        renewed = boxlens.writer.migrate(name)
    output.console.print(f"{name}: {renewed:,} images renewed.")


@app.command()
def rebuild(name: str, json: output.Json = False) -> None:
    """Make the index of a collection again from what the object store knows of its pictures: nothing is embedded.

    What stands is left alone, what ended early goes on. Example: boxlens collections rebuild default
    """
    from boxlens.library.rebuild import rebuild
    from boxlens.wiring import open_boxlens

    with (
        output.download_bar() as bar,
        open_boxlens(output.settings(), output.report, bar) as boxlens,
        output.stderr.status("Rebuilding") as status,
    ):
        report = rebuild(boxlens.index, boxlens.writer, name, lambda done: status.update(f"{done:,} images"))
    if json:
        output.print_json(asdict(report))
    else:
        output.console.print(
            f"{name}: {report.written:,} images with {report.objects:,} objects written in {report.seconds:.1f} s, "
            f"{report.standing:,} stood already, {report.failed:,} failed."
        )
        if report.failed:
            output.line(f"  {report.reason}")
    if report.failed:
        raise typer.Exit(3)


@app.command()
def export(
    name: str,
    to: Annotated[Path | None, typer.Option("--to", help="A file to write (default: standard output).")] = None,
) -> None:
    """Every picture with its objects as JSON Lines, without vectors.

    Example: boxlens collections export shop --to shop.jsonl
    """
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        boxlens.index.info(name)
        with to.open("wb") if to else contextlib.nullcontext(sys.stdout.buffer) as file:
            for line in _exported(boxlens.index, name):
                file.write(line)
            file.flush()


def _exported(index: SearchIndex, name: str) -> Iterator[bytes]:
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
    from boxlens.access.audit_log import AuditLog
    from boxlens.library.removal import remove_collection
    from boxlens.wiring import open_boxlens

    with output.download_bar() as bar, open_boxlens(output.settings(), output.report, bar) as boxlens:
        info = boxlens.index.info(name)
        if not yes:
            typer.confirm(f"Delete {name} with {info.images:,} images and {info.objects:,} objects?", abort=True)
        pictures_left = remove_collection(boxlens, name, pictures=pictures)
        AuditLog(boxlens.settings.data_dir).add("delete", by=BY, collection=name, images=info.images)
        bucket = boxlens.bucket
    if pictures:
        output.console.print(f"{name} is deleted, and the bytes of its pictures that nothing else needs.")
    elif pictures_left:
        output.console.print(
            f"{name} is deleted. The bytes of its {pictures_left:,} pictures stay in the bucket {bucket}: ingest "
            f"bucket://{bucket}/ --reference takes them in again; delete --pictures would have removed them."
        )
    else:
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
        "shards": info.shards,
        "replicas": info.replicas,
        "frozen": info.frozen,
        "indices": info.indices,
        **asdict(info.settings),
    }
