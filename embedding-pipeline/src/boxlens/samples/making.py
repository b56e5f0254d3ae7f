"""Writes sample pictures with a manifest to ingest and a ground truth to measure against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from boxlens.samples.artwork import DEMO_STYLES, Artwork
from boxlens.samples.backgrounds import paint
from boxlens.samples.bundled import MANIFEST, TRUTH
from boxlens.samples.names import Thing, things
from boxlens.samples.scenes import Chosen, Scene, draw

SHAPES = ((480, 640), (640, 480), (512, 512), (432, 640))  # height, width


def sample_scenes(count: int, seed: int, styles: Sequence[str] = DEMO_STYLES) -> list[Scene]:
    """Scenes of 3 to 7 things on drawn backgrounds; every thing comes up about equally often.

    Raises Unavailable when the artwork is not in the cache and cannot be fetched.
    """
    art = Artwork(things(), styles)
    by_id = {thing.id: thing for thing in things() if art.styles_of(thing.id)}
    queue: list[str] = []
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(count):
        chosen = []
        for _ in range(int(rng.integers(3, 8))):
            if not queue:
                queue = [str(t) for t in rng.permutation(sorted(by_id))]
            thing_id = queue.pop()
            style = str(rng.choice(art.styles_of(thing_id)))
            chosen.append(Chosen(thing_id, style, art.sprite(style, thing_id)))
        height, width = SHAPES[int(rng.integers(len(SHAPES)))]
        scenes.append(draw(rng, paint(rng, height, width), chosen))
    return scenes


def make_samples(folder: Path, count: int = 300, seed: int = 1, styles: Sequence[str] = DEMO_STYLES) -> Path:
    """Write ``count`` JPEG scenes, ``manifest.jsonl`` to ingest and ``truth.json`` into a folder; the manifest's path.

    The truth lists for every picture its objects: thing, style, group, names in both languages, box xyxy in pixels.
    Raises Unavailable when the artwork cannot be had.
    """
    named = {thing.id: thing for thing in things()}
    folder.mkdir(parents=True, exist_ok=True)
    lines, truth = [], []
    for number, scene in enumerate(sample_scenes(count, seed, styles)):
        name = f"scene-{number:04d}.jpg"
        done, data = cv2.imencode(".jpg", scene.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not done:
            raise ValueError(f"opencv wrote no JPEG for {name}")
        (folder / name).write_bytes(data.tobytes())
        lines.append(json.dumps({"uri": name, "source": "samples", "styles": _styles(scene)}))
        height, width = scene.picture.shape[:2]
        objects = [_truth_entry(named[o.thing_id], o.style, o.box.as_list()) for o in scene.objects]
        truth.append({"file": name, "width": width, "height": height, "objects": objects})
    (folder / TRUTH).write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    manifest = folder / MANIFEST
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def _styles(scene: Scene) -> str:
    return ",".join(sorted({o.style for o in scene.objects}))


def _truth_entry(thing: Thing, style: str, box: list[float]) -> dict[str, object]:
    return {
        "thing": thing.id,
        "style": style,
        "group": thing.group,
        "en": list(thing.en),
        "zh": list(thing.zh),
        "box": [int(v) for v in box],
    }
