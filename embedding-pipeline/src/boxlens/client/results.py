"""Results of a search as people look at them and programs keep them: in a notebook, drawn, as JSON, CSV and COCO."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr

from boxlens.api.schemas.answers import Answer, Hit, StoredObject

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080")
_CARD = "display:inline-block;vertical-align:top;margin:4px;width:220px;font:12px sans-serif"
_COLUMNS = (
    "rank", "collection", "image_id", "file_name", "source_uri", "image_score", "object_id", "kind", "label",
    "box_score", "score", "relevance", "x1", "y1", "x2", "y2",
)  # fmt: skip


class Results(Answer):
    """One page of hits. ``query`` and ``collection`` are what was asked."""

    _query: dict[str, Any] = PrivateAttr(default_factory=dict)
    _collection: str = PrivateAttr(default="")
    _draw: Callable[..., PilImage] | None = PrivateAttr(default=None)

    def belong(self, collection: str, query: dict[str, Any], draw: Callable[..., PilImage]) -> None:
        """Remember what was asked, and who can fetch the pictures."""
        self._collection, self._query, self._draw = collection, query, draw

    @property
    def query(self) -> dict[str, Any]:
        return self._query

    @property
    def collection(self) -> str:
        return self._collection

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, place: int) -> Hit:
        return self.hits[place]

    def draw(self, place: int = 0, *, width: int | None = None) -> PilImage:
        """The picture of a hit with its boxes. Raises FetchFailed."""
        if self._draw is None:
            raise ValueError("These results were not asked for by a Client.")
        return self._draw(self.hits[place], width=width)

    def _repr_html_(self) -> str:
        """A notebook's view: thumbnails with their boxes. Whatever people wrote is escaped."""
        more = "+" if self.total.relation == "gte" else ""
        head = f"<div>{self.total.value}{more} images, {self.took_ms.get('total', 0):.0f} ms</div>"
        return head + "".join(_card(hit) for hit in self.hits)

    def to_json(self, path: str | Path) -> None:
        """The whole answer as the API sent it."""
        Path(path).write_text(self.model_dump_json(indent=1), encoding="utf-8")

    def to_csv(self, path: str | Path) -> None:
        """A line for every matching object, UTF-8 with a header."""
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for rank, hit in enumerate(self.hits, start=1):
                for obj in hit.objects:
                    facts = (rank, hit.collection, hit.image_id, hit.file_name, hit.source_uri, hit.score)
                    values = (obj.object_id, obj.kind, obj.label, obj.box_score, obj.score, obj.relevance)
                    writer.writerow((*facts, *values, *obj.box))

    def to_coco(self, path: str | Path) -> None:
        """Matching objects as COCO instances, ``score`` beside each box; frames are pictures without a box."""
        labels = sorted({obj.label for hit in self.hits for obj in hit.objects if obj.kind == "object"})
        numbers = {label: number for number, label in enumerate(labels, start=1)}
        images: list[dict[str, Any]] = []
        notes: list[dict[str, Any]] = []
        for number, hit in enumerate(self.hits, start=1):
            images.append(
                {"id": number, "file_name": hit.file_name, "width": hit.width, "height": hit.height}
                | {"boxlens_image_id": hit.image_id}
            )
            for obj in (obj for obj in hit.objects if obj.kind == "object"):
                x1, y1, x2, y2 = obj.box
                note: dict[str, Any] = {
                    "id": len(notes) + 1,
                    "image_id": number,
                    "category_id": numbers[obj.label],
                    "iscrowd": 0,
                }
                note |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "score": obj.box_score}
                notes.append(note)
        categories = [{"id": number, "name": label} for label, number in numbers.items()]
        dataset = {"images": images, "annotations": notes, "categories": categories}
        Path(path).write_text(json.dumps(dataset, ensure_ascii=False), encoding="utf-8")


def _card(hit: Hit) -> str:
    address = hit.thumbnail_url or ""
    picture = f'<img src="{escape(address)}" style="width:100%;display:block">' if _on_the_web(address) else ""
    boxes = "".join(_box(obj, i) for i, obj in enumerate(hit.objects) if obj.kind != "frame")
    labels = ", ".join(dict.fromkeys(obj.label or obj.kind for obj in hit.objects))
    words = f"{escape(hit.file_name)}<br>{escape(labels)} · {hit.score:.4f}"
    return f'<div style="{_CARD}"><div style="position:relative">{picture}{boxes}</div>{words}</div>'


def _box(obj: StoredObject, place: int) -> str:
    x1, y1, x2, y2 = (100 * side for side in obj.box_norm)
    where = f"left:{x1:.2f}%;top:{y1:.2f}%;width:{x2 - x1:.2f}%;height:{y2 - y1:.2f}%"
    colour = _COLOURS[place % len(_COLOURS)]
    style = f"position:absolute;box-sizing:border-box;border:2px solid {colour};{where}"
    return f'<div title="{escape(obj.label)}" style="{style}"></div>'


def _on_the_web(address: str) -> bool:
    return address.startswith(("http://", "https://", "/"))


def drawn(data: bytes, objects: Sequence[StoredObject], width: int | None) -> PilImage:
    """The picture of these bytes, upright, with the boxes of the objects drawn; ``width`` only scales down."""
    from PIL import Image, ImageDraw, ImageOps

    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    if width is not None and width < picture.width:
        picture = picture.resize((width, max(1, round(picture.height * width / picture.width))))
    pen = ImageDraw.Draw(picture)
    line = max(2, picture.width // 200)
    for place, obj in enumerate(obj for obj in objects if obj.kind != "frame"):
        x1, y1, x2, y2 = obj.box_norm
        box = (x1 * picture.width, y1 * picture.height, x2 * picture.width - 1, y2 * picture.height - 1)
        pen.rectangle(box, outline=_COLOURS[place % len(_COLOURS)], width=line)
    return picture
