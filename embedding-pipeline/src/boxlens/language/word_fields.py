"""Which words belong to an object: the texts of every field that words are looked for in."""

from __future__ import annotations

from collections.abc import Iterable

from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord


def all_tags(obj: IndexedObject) -> list[str]:
    """The image's tags and the object's own, each once."""
    return list(dict.fromkeys((*obj.image.tags, *obj.tags)))


def image_texts(image: ImageRecord) -> dict[str, tuple[str, ...]]:
    """Tags, caption and file names of an image, by field; fields without a text are left out."""
    return _present(
        {"tags": image.tags, "caption": (image.caption,), "file_name": (image.file_name, *image.other_names)}
    )


def own_texts(obj: IndexedObject) -> dict[str, tuple[str, ...]]:
    """Names of the label, tags, read text and caption of one object, by field; fields without a text are left out."""
    names = dict.fromkeys((*obj.label_names, obj.label))
    return _present({"label_names": names, "tags": obj.tags, "ocr_text": obj.ocr_text, "caption": (obj.caption,)})


def word_texts(obj: IndexedObject) -> dict[str, tuple[str, ...]]:
    """The texts by which words find an object, by field.

    What is said of a whole image (caption, tags, file name) belongs to its frame: a caption that speaks of a dog must
    not make every box of the picture one.
    """
    own = own_texts(obj)
    whole = image_texts(obj.image) if obj.kind == "frame" else {}
    return {name: (*whole.get(name, ()), *own.get(name, ())) for name in (*own, *whole)}


def _present(fields: dict[str, Iterable[str | None]]) -> dict[str, tuple[str, ...]]:
    present = {name: tuple(text for text in texts if text) for name, texts in fields.items()}
    return {name: texts for name, texts in present.items() if texts}
