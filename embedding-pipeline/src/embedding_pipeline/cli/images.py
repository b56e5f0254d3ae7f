"""``boxlens images``: one stored picture and its objects."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from embedding_pipeline.cli import output
from embedding_pipeline.domain import IndexedObject

app = typer.Typer(help="Show, tag and delete stored pictures.", no_args_is_help=True)


@app.command()
def show(image_id: str, collection: output.Collection = None, json: output.Json = False) -> None:
    """One picture and everything found in it. Example: boxlens images show 3f2a…"""
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        objects = boxlens.index.image(collection or settings.collection, image_id)
    if json:
        output.print_json(as_dict(objects))
        return
    image = objects[0].image
    output.console.print(
        f"{image.file_name}  {image.width} x {image.height} {image.format}  {image.source_uri}", markup=False
    )
    if image.caption or image.tags:
        output.console.print(f"{image.caption or ''} {' '.join('#' + t for t in image.tags)}".strip(), markup=False)
    output.print_table(("object", "label", "score", "box", "colours", "text"), [_row(found) for found in objects])


def _row(found: IndexedObject) -> tuple[object, ...]:
    box = ",".join(f"{side:.0f}" for side in found.box.as_list())
    texts = " / ".join(found.ocr_text)
    return found.number, found.label or found.kind, round(found.box_score, 2), box, " ".join(found.colours), texts


@app.command()
def tag(
    image_id: str,
    tags: Annotated[list[str], typer.Argument(help="The tags; a leading minus takes one away.")],
    collection: output.Collection = None,
) -> None:
    """Add or take away tags of a picture. Example: boxlens images tag 3f2a… shop -- -draft"""
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        present = list(boxlens.index.image(name, image_id)[0].image.tags)
        added = [t for t in tags if not t.startswith("-")]
        gone = {t[1:] for t in tags if t.startswith("-")}
        wanted = [t for t in dict.fromkeys([*present, *added]) if t not in gone]
        boxlens.index.annotate(name, image_id, tags=wanted)
    output.console.print("Tags: " + (", ".join(wanted) or "none"), markup=False)


@app.command()
def delete(image_ids: list[str], collection: output.Collection = None) -> None:
    """Delete pictures. For an hour the API can restore them; then their bytes go too, unless a collection shows them.

    Example: boxlens images delete 3f2a…
    """
    from embedding_pipeline.api import trash
    from embedding_pipeline.wiring import open_boxlens

    settings = output.settings()
    name = collection or settings.collection
    with output.download_bar() as bar, open_boxlens(settings, output.say, bar) as boxlens:
        for image_id in image_ids:
            trash.delete(boxlens, name, image_id)
            output.console.print(f"{image_id} is deleted.")


def as_dict(objects: list[IndexedObject]) -> dict[str, Any]:
    """A picture with its objects as plain values."""
    image = objects[0].image
    return {
        "image_id": image.image_id,
        "file_name": image.file_name,
        "source_uri": image.source_uri,
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
                "colours": list(o.colours),
                "ocr_text": list(o.ocr_text),
            }
            for o in objects
        ],
    }
