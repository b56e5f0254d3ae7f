"""MUGE, and any set in the layout of Chinese-CLIP: ``{split}_texts.jsonl`` beside ``{split}_imgs.tsv``.

Texts are ``{"text_id": 8428, "text": "高级感托特包斜挎", "image_ids": [1076345, 517602]}``; each line of pictures is an
id, a tab and base64. MUGE's own download says ``MR_{split}_queries.jsonl`` with ``query_id``, ``query_text`` and
``item_ids``; both are read. The LMDB that Chinese-CLIP makes of them holds pickles, which could run code when read:
give the files it was made from.
"""

from __future__ import annotations

from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.layouts import Layout
from boxlens.evaluation.sets.lines import json_lines, whole_number
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText, broken, require_pictures

_TEXTS = ("{}_texts.jsonl", "MR_{}_queries.jsonl")
_PICTURES = ("{}_imgs.tsv", "MR_{}_imgs.tsv")
_SPLITS = ("test", "valid", "val", "train")


def is_muge(folder: Path) -> bool:
    return any(folder.glob("*_texts.jsonl")) or any(folder.glob("MR_*_queries.jsonl"))


def read_muge(folder: Path, split: str | None = None, layout: Layout = "muge") -> EvalSet:
    """The pictures and texts of a split (without one: test if it has answers, else valid). Raises BadSource."""
    texts_path, pictures_path, split = _files(folder, split)
    images = _pictures(pictures_path)
    texts: list[EvalText] = []
    named: dict[int, int] = {}
    seen: set[int] = set()
    for number, line in json_lines(texts_path):
        text = _text(texts_path, number, line)
        if text.id in seen:
            raise broken(texts_path, number, f"text_id {text.id} comes twice")
        seen.add(text.id)
        texts.append(text)
        for image_id in text.image_ids:
            named.setdefault(image_id, number)
    require_pictures(texts_path, named, images)
    return EvalSet(f"{folder.resolve().name} {split}", layout, tuple(images.values()), tuple(texts))


def _files(folder: Path, split: str | None) -> tuple[Path, Path, str]:
    for name in (split,) if split else _SPLITS:
        texts = next((p for t in _TEXTS if (p := folder / t.format(name)).is_file()), None)
        pictures = next((p for t in _PICTURES if (p := folder / t.format(name)).is_file()), None)
        if texts is None or (split is None and not _answered(texts)):
            continue
        if pictures is None:
            raise BadSource(f"{texts} has no {name}_imgs.tsv beside it.", hint="Fetch the pictures of this split.")
        return texts, pictures, name
    if (folder / "lmdb").is_dir():
        raise BadSource(
            f"{folder} holds an LMDB alone, whose pickles are not read.",
            hint="Give the folder with {split}_texts.jsonl and {split}_imgs.tsv it was made from.",
        )
    raise BadSource(
        f"{folder} has no {split or 'test'}_texts.jsonl with answers.",
        hint="MUGE keeps the answers of its test split to itself: use --split valid.",
    )


def _answered(path: Path) -> bool:
    """Whether the first text tells its pictures."""
    _, line = next(json_lines(path), (0, {}))
    return bool(line.get("image_ids") or line.get("item_ids"))


def _text(path: Path, number: int, line: dict[str, object]) -> EvalText:
    words = line.get("text", line.get("query_text"))
    ids = line.get("image_ids", line.get("item_ids"))
    if not isinstance(words, str) or not words.strip():
        raise broken(path, number, "no text")
    if not isinstance(ids, list) or not ids:
        raise broken(path, number, "no image_ids", hint="This split has no answers: use another with --split.")
    text_id = whole_number(path, number, line.get("text_id", line.get("query_id")), "text_id")
    return EvalText(text_id, words.strip(), frozenset(whole_number(path, number, i, "image id") for i in ids))


def _pictures(path: Path) -> dict[int, EvalImage]:
    """Where each picture lies in the table; their bytes stay there until they are needed."""
    images: dict[int, EvalImage] = {}
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            key, tab, data = line.rstrip(b"\r\n").partition(b"\t")
            if line.strip():
                image_id = whole_number(path, number, key.decode("utf-8", "replace"), "image id")
                if not tab or not data:
                    raise broken(path, number, f"picture {image_id} has no bytes")
                if image_id in images:
                    raise broken(path, number, f"picture {image_id} comes twice")
                images[image_id] = EvalImage(image_id, path, start + len(key) + 1, len(data), number)
            start += len(line)
    return images
