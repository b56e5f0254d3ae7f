"""``python -m training.quantised``: what int8 costs the bundled pack in retrieval, also where precisions mix.

Its ViT and text tower are quantised, static and dynamic; its image tower is a ResNet, which stays fp32. Scenes are
those of the evaluation, never trained on; the ranges of "static" are measured on other scenes than those searched.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import crop
from boxlens.models.export.quantise import quantise_file
from boxlens.models.image_encoder import OnnxImageEncoder, cosines
from boxlens.models.packs.pack import Pack, load_pack
from boxlens.models.runtimes.onnx_session import OnnxSession
from boxlens.models.text_encoder import ClipTextEncoder, WordPieces
from boxlens.samples.names import things
from training.__main__ import PACK
from training.evaluate import SETS, _recall, _scenes

SHOWN = ("trained styles", "unseen style")
PAIRS = (("static", "static"), ("dynamic", "dynamic"), ("static", "fp32"), ("fp32", "static"), ("dynamic", "fp32"))
_CALIBRATED = 200  # crops, and names in each of two languages / 5
Crops = tuple[npt.NDArray[np.int64], list[Pixels]]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Vectors of one form of the networks: per set, ViT of the gallery and of the queries; texts per language."""

    gallery: Mapping[str, Vector]
    queries: Mapping[str, Vector]
    texts: Mapping[str, Vector]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.quantised")
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--scenes", type=int, default=180, help="scenes of each set")
    chosen = parser.parse_args()
    pack = load_pack(chosen.pack)
    gallery = {name: _crops(pack, name, 0, chosen.scenes) for name in SHOWN}
    queries = _crops(pack, "trained styles", 1, chosen.scenes)
    clip = {name: _encoded(pack.clip_image, pictures) for name, (_, pictures) in gallery.items()}
    with tempfile.TemporaryDirectory() as folder:
        forms = {how: _seen(pack, how, gallery, queries, Path(folder)) for how in ("fp32", "static", "dynamic")}
    plain = _recalls(forms["fp32"], forms["fp32"], gallery, queries[0], clip)
    near = {how: _nearness(forms[how], forms["fp32"]) for how in ("static", "dynamic")}
    lines = [
        "`python -m training.quantised` prints this: changes in points of R@1, R@5 and R@10, "
        f"{chosen.scenes} scenes of each set, pack {pack.info.name} of revision {pack.info.revision}; "
        f"{os.cpu_count()} shared cores, {platform.system()} {platform.machine()}, {datetime.now(UTC).date()}.",
        "",
        "| queries | gallery | least cosine to fp32, ViT | texts | worst change | mean change |",
        "|---|---|---|---|---|---|",
    ]
    for queried, stored in PAIRS:
        changed = 100 * (_recalls(forms[queried], forms[stored], gallery, queries[0], clip) - plain)
        points_text = [
            ", ".join(f"{points:+.2f}" for points in way) for way in (changed.min(axis=0), changed.mean(axis=0))
        ]
        nearest = near[queried] if queried == stored else ("", "")
        lines.append(f"| {queried} | {stored} | {nearest[0]} | {nearest[1]} | {points_text[0]} | {points_text[1]} |")
    print("\n".join(lines))  # noqa: T201


def _crops(pack: Pack, name: str, part: int, scenes: int) -> Crops:
    """The first crop of every thing, with its number in ``things()``."""
    number_of = {thing.id: number for number, thing in enumerate(things())}
    cut: dict[int, Pixels] = {}
    for scene in _scenes(SETS[name], part, scenes):
        for obj in scene.objects:
            cut.setdefault(number_of[obj.thing_id], crop(scene.picture, obj.box, pack.crop_padding))
    numbers = sorted(cut)
    return np.array(numbers), [cut[number] for number in numbers]


def _names(language: str) -> list[str]:
    return [(thing.zh if language == "zh" else thing.en)[0] for thing in things()]


def _seen(pack: Pack, how: str, gallery: Mapping[str, Crops], queries: Crops, folder: Path) -> Seen:
    assert pack.spec.vit is not None
    assert pack.spec.clip is not None
    vit, text = pack.vit, pack.clip_text
    if how != "fp32":
        pieces = WordPieces(pack.folder / pack.spec.clip.vocabulary.path)
        count = _CALIBRATED // 5
        crops = pack.spec.vit.preprocess.batch(queries[1][:_CALIBRATED])
        words = pieces([*_names("zh")[:count], *_names("en")[:count]])
        for name, inputs in (("vit", crops), ("clip_text", words)):
            source = pack.files["vit" if name == "vit" else "clip_text"].fp32
            quantise_file(source, folder / f"{name}.{how}.onnx", inputs if how == "static" else None)
        vit = OnnxImageEncoder(OnnxSession(folder / f"vit.{how}.onnx"), pack.spec.vit.preprocess, pack.spec.vit.dims)
        text = ClipTextEncoder(OnnxSession(folder / f"clip_text.{how}.onnx"), pieces, pack.spec.clip.dims)
    assert text is not None
    return Seen(
        {name: _encoded(vit, pictures) for name, (_, pictures) in gallery.items()},
        {"trained styles": _encoded(vit, queries[1])},
        {language: text.encode_texts(_names(language)) for language in ("zh", "en")},
    )


def _encoded(encoder: OnnxImageEncoder | None, pictures: Sequence[Pixels]) -> Vector:
    assert encoder is not None
    return np.concatenate([encoder.encode_images(pictures[at : at + 64]) for at in range(0, len(pictures), 64)])


def _recalls(
    queried: Seen,
    stored: Seen,
    gallery: Mapping[str, Crops],
    numbers: npt.NDArray[np.int64],
    clip: Mapping[str, Vector],
) -> npt.NDArray[np.float64]:
    """R@1, R@5 and R@10 of each kind of search on each set, one kind a row."""
    rows = []
    for name, (are, _) in gallery.items():
        for language in ("zh", "en"):
            rows.append(_recall(queried.texts[language][are], are, clip[name], are))
        rows.append(_recall(queried.queries["trained styles"], numbers, stored.gallery[name], are))
    return np.array([list(row.values()) for row in rows])


def _nearness(form: Seen, plain: Seen) -> tuple[str, str]:
    """The least cosine to fp32 of crops through the ViT, and of texts, each with how many there are."""
    crops = np.concatenate([cosines(form.gallery[name], plain.gallery[name]) for name in SHOWN])
    words = np.concatenate([cosines(form.texts[language], plain.texts[language]) for language in ("zh", "en")])
    return f"{crops.min():.4f} of {len(crops):,} crops", f"{words.min():.4f} of {len(words):,}"


if __name__ == "__main__":
    main()
