"""A folder into a data set: the layout as told, or as its files tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from embedding_pipeline.errors import BadSource
from embedding_pipeline.evaluation.sets.coco import is_coco, read_coco
from embedding_pipeline.evaluation.sets.coco_cn import is_coco_cn, read_coco_cn
from embedding_pipeline.evaluation.sets.flickr import is_flickr, read_flickr
from embedding_pipeline.evaluation.sets.lines import text_lines
from embedding_pipeline.evaluation.sets.muge import is_muge, read_muge
from embedding_pipeline.evaluation.sets.scenes import is_scenes, read_scenes
from embedding_pipeline.evaluation.sets.values import EvalSet, Layout


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
        found = read_flickr(folder, split)
    elif chosen == "coco-cn":
        found = read_coco_cn(folder, split)
    elif chosen == "coco":
        found = read_coco(folder, split)
    elif chosen == "scenes":
        found = read_scenes(folder)
    else:
        found = read_muge(folder, split)
    if not found.images or not found.texts:
        raise BadSource(f"{folder} has no pictures with texts in that split.", hint="Choose another with --split.")
    if absent is not None:
        found = replace(found, absent=tuple(text.strip() for _, text in text_lines(absent)))
    return found


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
