"""Prints how often a box gets the colour that a person named its thing by, with the margin and order of before and now.

``PYTHONPATH=embedding-pipeline python -m benchmarks.colour_names`` from the root of the repository, where
``tests.shared`` finds Flickr8k: boxes whose phrase is a colour and a thing ("a black dog"). Those that are watched
chose the numbers in ``imaging.colours``, those that measure chose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tests import shared
from training.photographs.splits import Photo, photos

from benchmarks.guides.tables import head, percent, table
from boxlens.domain.boxes import Box
from boxlens.domain.pictures import Pixels
from boxlens.imaging.colours import dominant_colours
from boxlens.imaging.decoding import crop

NAMED = {"gray": "grey"} | dict.fromkeys("black white grey red orange yellow green blue purple pink brown".split())
JOINED = {"in", "with", "wearing", "and"}
"""Words that give the colour to something else in the box."""
NOT_ITS_PIXELS = {"hair", "man", "woman", "people", "men", "girl", "boy", "child", "water", "background"}
MARGIN, LEAST_SIDE = 0.15, 8


@dataclass(frozen=True, slots=True)
class Named:
    """A box of a photograph, and the colour that its thing was called by."""

    pixels: Pixels
    box: Box
    colour: str


def main() -> None:
    print(head("python -m benchmarks.colour_names", "boxes of Flickr8k that people called by a colour"))
    columns = (
        "boxes",
        "how many",
        "how",
        "its colour first, %",
        "among those named, %",
        "grey first, %",
        "names a box",
    )
    print("\n" + table(columns, [row for use in ("watch", "measure") for row in rows(use)]))


def rows(use: str) -> Iterator[tuple[str, ...]]:
    boxes = [named for photo in photos(shared.DATA, ("flickr8k",)) if photo.use == use for named in named_boxes(photo)]
    what = "that chose" if use == "watch" else "that chose nothing"
    for how, name in {"before": before, "now": now}.items():
        given = [name(box) for box in boxes]
        first = [box.colour in colours[:1] for box, colours in zip(boxes, given, strict=True)]
        among = [box.colour in colours for box, colours in zip(boxes, given, strict=True)]
        grey = [colours[:1] == ("grey",) for colours in given]
        shares = [percent(float(np.mean(values))) for values in (first, among, grey)]
        yield (what, str(len(boxes)), how, *shares, f"{np.mean([len(colours) for colours in given]):.1f}")


def before(named: Named) -> tuple[str, ...]:
    """The whole of the box with its margin, and grey as good as any colour."""
    return dominant_colours(crop(named.pixels, named.box, MARGIN), middle=1.0, grey_weight=1.0)


def now(named: Named) -> tuple[str, ...]:
    return dominant_colours(crop(named.pixels, named.box))


def named_boxes(photo: Photo) -> Iterator[Named]:
    if "box_phrases" not in photo.about:
        return
    pixels = _read(photo.path)
    for (*sides, _), phrases in zip(photo.about["boxes"], photo.about["box_phrases"], strict=True):
        colour = colour_of(phrases[0].lower().split() if phrases else [])
        box = Box(*sides).rounded().clipped(pixels.shape[1], pixels.shape[0])
        if colour and min(box.x2 - box.x1, box.y2 - box.y1) >= LEAST_SIDE:
            yield Named(pixels, box, colour)


def colour_of(words: list[str]) -> str | None:
    """The colour of a phrase that is a colour and a thing, and nothing else has one."""
    if len(words) < 2 or words[-1] in NOT_ITS_PIXELS or JOINED & set(words):
        return None
    named = [word for word in words if word in NAMED]
    return NAMED[words[-2]] or words[-2] if len(named) == 1 and words[-2] in NAMED else None


def _read(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    main()
