"""A folder into a data set: the layout as told, or as its files tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.coco import is_coco, read_coco
from boxlens.evaluation.sets.coco_cn import is_coco_cn, read_coco_cn
from boxlens.evaluation.sets.flickr import is_flickr, read_flickr
from boxlens.evaluation.sets.layouts import Layout
from boxlens.evaluation.sets.lines import text_lines
from boxlens.evaluation.sets.muge import is_muge, read_muge
from boxlens.evaluation.sets.scenes import is_scenes, read_scenes
from boxlens.evaluation.sets.values import EvalSet


def read_set(
    folder: Path, layout: Layout | None = None, split: str | None = None, absent: Path | None = None
) -> EvalSet:
    """The data set in a folder; ``absent`` is a file with a text a line of what none of its pictures shows.

    Raises BadSource, with file and line where there is one.
    """
    if not folder.is_dir():
        raise BadSource(f"{folder} is no folder.", hint="Give the folder of the data set.")
    chosen = layout or _told_by_files(folder)
    if chosen == "flickr30k-cn":
        eval_set = read_flickr(folder, split)
    elif chosen == "coco-cn":
        eval_set = read_coco_cn(folder, split)
    elif chosen == "coco":
        eval_set = read_coco(folder, split)
    elif chosen == "scenes":
        eval_set = read_scenes(folder)
    else:
        eval_set = read_muge(folder, split)
    if not eval_set.images or not eval_set.texts:
        raise BadSource(f"{folder} has no pictures with texts in that split.", hint="Choose another with --split.")
    if absent is not None:
        eval_set = replace(eval_set, absent=tuple(text.strip() for _, text in text_lines(absent)))
    return eval_set


def _told_by_files(folder: Path) -> Layout:
    layouts: tuple[tuple[Layout, bool], ...] = (
        ("scenes", is_scenes(folder)),
        ("muge", is_muge(folder)),
        ("coco-cn", is_coco_cn(folder)),
        ("flickr30k-cn", is_flickr(folder)),
        ("coco", is_coco(folder)),
    )
    for layout, fits in layouts:
        if fits:
            return layout
    raise BadSource(
        f"{folder} is no layout that is known.",
        hint="Give --format flickr30k-cn, muge, coco-cn, coco or scenes; docs/evaluation.md shows what each needs.",
    )
