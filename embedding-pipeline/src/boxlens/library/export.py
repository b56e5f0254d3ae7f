"""Images as files for other programs: CSV, JSON, COCO, YOLO, and the pictures themselves.

An image is given as its objects, frame first. COCO: https://cocodataset.org/#format-data, boxes as x, y, width and
height in pixels. YOLO: one text file an image, lines of class, centre and size as shares of the picture.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from boxlens.domain.errors import NotFound
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.library.deletion import Library
from boxlens.library.exported_names import exported_names, printable

ExportFormat = Literal["csv", "json", "coco", "yolo", "zip"]
ImageObjects = Sequence[IndexedObject]

MEDIA_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "coco": "application/json",
    "yolo": "application/zip",
    "zip": "application/zip",
}
_COLUMNS = (
    *("image_id", "file_name", "width", "height", "taken_at", "camera", "caption", "tags", "object", "label"),
    *("score", "x1", "y1", "x2", "y2", "object_caption", "object_tags", "corrected_by", "corrected_at"),
)
_FORMULA = tuple("=+-@\t\n\uff1d\uff0b\uff0d\uff20")
"""How formulas of spreadsheets begin; the last four are the wide forms, which some take too."""

Corrected = Literal["pictures", "boxes"]


def stored_images(library: Library, collection: str, image_ids: Iterable[str]) -> Iterator[ImageObjects]:
    """The objects of each image that is still there, read one image at a time."""
    for image_id in dict.fromkeys(image_ids):
        try:
            yield library.index.image(collection, image_id)
        except NotFound:
            continue


def only_corrected(images: Iterable[ImageObjects], corrected: Corrected | None) -> Iterator[ImageObjects]:
    """Pictures of which a person corrected anything, with all their boxes, or with the corrected ones alone; every
    picture as it is, for None."""
    for objects in images:
        if corrected is None:
            yield objects
        elif objects[0].corrected_by:
            yield [obj for obj in objects if corrected == "pictures" or not obj.number or obj.corrected_by]


def to_csv(images: Iterable[ImageObjects]) -> Iterator[str]:
    """One line an object; an image without any has one line of its own. Begins with a byte order mark for Excel."""
    yield "\ufeff" + _line(_COLUMNS)
    for objects in images:
        record = objects[0].image
        of_image = (
            *(record.image_id, record.file_name, record.width, record.height),
            *(record.taken_at.isoformat() if record.taken_at else "", record.camera or "", record.caption or ""),
            ", ".join(record.tags),
        )
        for obj in boxed(objects):
            of_object = (obj.number, obj.label, round(obj.box_score, 4), *_corners(obj))
            by, at = _corrected(obj)
            yield _line((*of_image, *of_object, obj.caption or "", ", ".join(obj.tags), by or "", at or ""))
        if not boxed(objects):
            yield _line((*of_image, *[""] * (len(_COLUMNS) - len(of_image))))


def to_json(images: Iterable[ImageObjects]) -> Iterator[str]:
    """A list of images with their objects, written as it is read."""
    yield "["
    for i, objects in enumerate(images):
        yield ("," if i else "") + "\n" + json.dumps(_image_json(objects), ensure_ascii=False)
    yield "\n]\n"


def to_coco(images: Iterable[ImageObjects]) -> str:
    """One COCO document; categories are numbered from 1 in the order of their names."""
    read = list(images)
    categories = {label: i + 1 for i, label in enumerate(_labels(read))}
    names = exported_names([objects[0].image for objects in read])
    annotations: list[dict[str, Any]] = []
    for i, objects in enumerate(read):
        for obj in boxed(objects):
            x1, y1, x2, y2 = _corners(obj)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i + 1,
                    "category_id": categories[obj.label],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                    "score": round(obj.box_score, 4),
                    "corrected_by": _corrected(obj)[0],
                    "corrected_at": _corrected(obj)[1],
                }
            )
    documents = [
        {"id": i + 1, "file_name": name, "width": objects[0].image.width, "height": objects[0].image.height}
        for i, (objects, name) in enumerate(zip(read, names, strict=True))
    ]
    listed = [{"id": number, "name": label} for label, number in categories.items()]
    document = {"images": documents, "annotations": annotations, "categories": listed}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def to_yolo(images: Iterable[ImageObjects]) -> Iterator[bytes]:
    """A zip with ``labels/NAME.txt`` for each image, ``data.yaml`` with the names of the classes, and
    ``corrected.csv``, which tells the lines that a person corrected, as they know no column for that."""
    read = list(images)
    classes = {label: i for i, label in enumerate(_labels(read))}
    names = exported_names([objects[0].image for objects in read])

    def files() -> Iterator[tuple[str, bytes]]:
        listed = "".join(f"  {i}: {json.dumps(label, ensure_ascii=False)}\n" for label, i in classes.items())
        yield "data.yaml", f"path: .\ntrain: images\nval: images\nnames:\n{listed}".encode()
        corrected = [_line(("file", "line", "corrected_by", "corrected_at"))]
        for objects, name in zip(read, names, strict=True):
            file = f"labels/{PurePosixPath(name).stem}.txt"
            yield file, "".join(_yolo_line(obj, classes[obj.label]) for obj in boxed(objects)).encode()
            numbered = enumerate(boxed(objects), start=1)
            corrected += [_line((file, i, *_corrected(obj))) for i, obj in numbered if obj.corrected_by]
        yield "corrected.csv", "".join(corrected).encode()

    return _zipped(files())


def to_zip(library: Library, records: Sequence[ImageRecord]) -> Iterator[bytes]:
    """The pictures as they were taken in, each under a name of its own; one that is gone is left out."""

    def files() -> Iterator[tuple[str, bytes]]:
        for record, name in zip(records, exported_names(records), strict=True):
            try:
                yield name, library.store.get(record.bucket, record.image_key)
            except NotFound:
                continue

    return _zipped(files())


def boxed(objects: ImageObjects) -> list[IndexedObject]:
    """The objects of an image without its frame."""
    return [obj for obj in objects if obj.kind == "object"]


def _zipped(files: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    """A zip in pieces, a file at a time in memory; nothing is compressed, as pictures are already."""
    pieces = io.BytesIO()
    with zipfile.ZipFile(_Pieces(pieces), "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
            yield _taken(pieces)
    yield _taken(pieces)


class _Pieces(io.RawIOBase):
    """What zipfile writes to when it cannot go back: each write goes to the end of ``pieces``."""

    def __init__(self, pieces: io.BytesIO) -> None:
        self._pieces = pieces

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._pieces.write(data)


def _taken(pieces: io.BytesIO) -> bytes:
    data = pieces.getvalue()
    pieces.seek(0)
    pieces.truncate()
    return data


def _line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in values])
    return line.getvalue()


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula begins with an apostrophe; none steers a terminal."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _image_json(objects: ImageObjects) -> dict[str, Any]:
    record = objects[0].image
    return {
        "image_id": record.image_id,
        "file_name": record.file_name,
        "source_uri": record.source_uri,
        "width": record.width,
        "height": record.height,
        "taken_at": record.taken_at.isoformat() if record.taken_at else None,
        "camera": record.camera,
        "location": {"lat": record.location.lat, "lon": record.location.lon} if record.location else None,
        "caption": record.caption,
        "tags": list(record.tags),
        "albums": list(record.albums),
        "objects": [
            {
                "number": obj.number,
                "label": obj.label,
                "score": round(obj.box_score, 4),
                "box": list(_corners(obj)),
                "caption": obj.caption,
                "tags": list(obj.tags),
                "text": list(obj.ocr_text),
                "corrected_by": _corrected(obj)[0],
                "corrected_at": _corrected(obj)[1],
            }
            for obj in boxed(objects)
        ],
    }


def _corrected(obj: IndexedObject) -> tuple[str | None, str | None]:
    """By whom and when; None where no person corrected it."""
    return obj.corrected_by or None, obj.corrected_at.isoformat() if obj.corrected_at else None


def _corners(obj: IndexedObject) -> tuple[float, float, float, float]:
    return obj.box.x1, obj.box.y1, obj.box.x2, obj.box.y2


def _labels(images: Sequence[ImageObjects]) -> list[str]:
    return sorted({obj.label for objects in images for obj in boxed(objects)})


def _yolo_line(obj: IndexedObject, number: int) -> str:
    x1, y1, x2, y2 = _corners(obj)
    width, height = obj.image.width, obj.image.height
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return f"{number} {' '.join(f'{share:.6f}' for share in shares)}\n"


Writer = Callable[[Iterable[ImageObjects]], Iterator[str] | Iterator[bytes] | str]
WRITERS: dict[str, Writer] = {"csv": to_csv, "json": to_json, "coco": to_coco, "yolo": to_yolo}
