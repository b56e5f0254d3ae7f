"""``boxlens images``: one stored picture and its objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from boxlens.cli import output
from boxlens.cli.keys import BY
from boxlens.cli.stored import check_anything_stored

if TYPE_CHECKING:
    from boxlens.domain.objects import IndexedObject

app = typer.Typer(help="Show, tag and delete stored pictures.", no_args_is_help=True)


@app.command()
def show(image_id: str, collection: output.Collection = None, json: output.Json = False) -> None:
    """One picture and everything detected in it. Example: boxlens images show 3f2a…"""
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    check_anything_stored(settings, name)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        objects = counted(boxlens.index.image(name, image_id))
    if json:
        output.print_json(as_dict(objects))
        return
    image = objects[0].image
    output.line(f"{image.file_name}  {image.width} x {image.height} {image.format}  {image.source_uri}")
    for source in image.other_sources:
        output.line(f"also at {source}")
    if image.caption or image.tags:
        output.line(f"{image.caption or ''} {' '.join('#' + t for t in image.tags)}".strip())
    output.print_table(("object", "label", "score", "box", "colours", "text"), [_row(stored) for stored in objects])


def _row(stored: IndexedObject) -> tuple[object, ...]:
    box = ",".join(f"{side:.0f}" for side in stored.box.as_list())
    texts = " / ".join(stored.ocr_text)
    return stored.number, stored.label or stored.kind, round(stored.box_score, 2), box, " ".join(stored.colours), texts


@app.command()
def tag(
    image_id: str,
    tags: Annotated[list[str], typer.Argument(help="The tags; a leading minus takes one away.")],
    collection: output.Collection = None,
) -> None:
    """Add or take away tags of a picture. Example: boxlens images tag 3f2a… shop -- -draft"""
    from boxlens.access.audit_log import AuditLog
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    check_anything_stored(settings, name)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        present = list(boxlens.index.image(name, image_id)[0].image.tags)
        added = [t for t in tags if not t.startswith("-")]
        gone = {t[1:] for t in tags if t.startswith("-")}
        remaining = [t for t in dict.fromkeys([*present, *added]) if t not in gone]
        boxlens.writer.annotate(name, image_id, tags=remaining, by=BY)
        AuditLog(settings.data_dir).add("edit", by=BY, collection=name, image_id=image_id)
    output.line("Tags: " + (", ".join(remaining) or "none"))


@app.command()
def delete(image_ids: list[str], collection: output.Collection = None) -> None:
    """Delete pictures. For an hour the API can restore them; then their bytes go too, unless a collection shows them.

    Example: boxlens images delete 3f2a…
    """
    from boxlens.access.audit_log import AuditLog
    from boxlens.library.deletion import delete_image
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    check_anything_stored(settings, name)
    with output.download_bar() as bar, open_boxlens(settings, output.report, bar) as boxlens:
        for image_id in image_ids:
            delete_image(boxlens, name, image_id)
            AuditLog(settings.data_dir).add("delete", by=BY, collection=name, image_id=image_id)
            output.line(f"{image_id} is deleted.")


def counted(objects: Sequence[IndexedObject]) -> list[IndexedObject]:
    """Frame and objects without the proposals."""
    return [stored for stored in objects if stored.kind != "proposal"]


def as_dict(objects: Sequence[IndexedObject]) -> dict[str, Any]:
    """A picture with its objects as plain values."""
    image = objects[0].image
    return {
        "image_id": image.image_id,
        "file_name": image.file_name,
        "source_uri": image.source_uri,
        "other_sources": list(image.other_sources),
        "other_names": list(image.other_names),
        "gone_at": image.gone_at,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "bytes": image.bytes,
        "taken_at": image.taken_at,
        "camera": image.camera,
        "caption": image.caption,
        "tags": list(image.tags),
        "attributes": dict(image.attributes),
        "objects": [
            {
                "object_id": o.object_id,
                "kind": o.kind,
                "label": o.label,
                "box": o.box.as_list(),
                "box_norm": o.box.norm(image.width, image.height),
                "box_score": o.box_score,
                "corrected_by": o.corrected_by or None,
                "colours": list(o.colours),
                "ocr_text": list(o.ocr_text),
            }
            for o in counted(objects)
        ],
    }
