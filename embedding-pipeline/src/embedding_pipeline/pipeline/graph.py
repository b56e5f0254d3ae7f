"""The Towhee graph: image references in, stored objects out. The only file that knows Towhee.

Crops of many pictures meet in one batch of each encoder, stages overlap in threads, and order is kept. Towhee's queues
are unbounded within one run, so a run takes a slab of pictures and two runs overlap: memory stays constant.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedding_pipeline.domain import Box, Detection, ImageRef, IndexedObject, Pixels, Vector
from embedding_pipeline.pipeline.networks import Networks
from embedding_pipeline.pipeline.remembering import Lookups, Memory, content_of
from embedding_pipeline.pipeline.rows import Crop, Ended, Row
from embedding_pipeline.pipeline.stages import Stages

with warnings.catch_warnings():  # towhee imports pkg_resources and Pydantic V1 names
    warnings.simplefilter("ignore")
    from towhee import ops, pipe, register
    from towhee.runtime.runtime_pipeline import RuntimePipeline

_numbers = itertools.count()


def _operator(work: Callable[..., Any]) -> Any:
    """Registers a callable as a local Towhee operator under a name of its own.

    Registered by name because Towhee deep-copies whatever is handed to a graph, networks included.
    """
    name = f"{work.__name__.strip('_').replace('_', '-')}-{next(_numbers)}"
    register(name=f"boxlens/{name}")(work)
    return getattr(ops.boxlens, name)()


def _runnable(graph: Any) -> RuntimePipeline:
    """A graph with a thread for every node of two overlapping runs; Towhee's default pool would let them starve."""
    dag = graph.dag_repr
    return RuntimePipeline(dag, max_workers=2 * len(dag.nodes))


class IngestPipeline:
    """fetch, known?, decode, keep, detect, read, cut, embed; many pictures at a time."""

    def __init__(self, stages: Stages, *, detect_batch: int, embed_batch: int, known_batch: int = 16) -> None:
        graph = (
            pipe.input("refs")
            .flat_map("refs", "ref", _operator(_each))
            .map("ref", "row", _operator(stages.fetch))
            .window("row", "rows", known_batch, known_batch, _operator(stages.sort_known))
            .flat_map("rows", "row", _operator(_each))
            .map("row", "row", _operator(stages.open))
            .map("row", "row", _operator(stages.keep))
            .window("row", "rows", detect_batch, detect_batch, _operator(stages.detect))
            .flat_map("rows", "row", _operator(_each))
        )
        networks = stages.networks
        if networks.reader is not None:
            graph = graph.map("row", "row", _operator(stages.read))
        graph = graph.flat_map("row", "row", _operator(stages.cut))
        for encoder, embed in ((networks.vit, stages.embed_vit), (networks.clip, stages.embed_clip)):
            if encoder is not None:
                graph = graph.window("row", "rows", embed_batch, embed_batch, _operator(embed))
                graph = graph.flat_map("rows", "row", _operator(_each))
        self.stages = stages
        self._run = _runnable(graph.output("row"))

    def run(self, refs: Sequence[ImageRef]) -> Iterator[tuple[IndexedObject, ...] | Ended]:
        """One outcome per reference, in order: all objects of the picture (frame first), or how it ended early.

        The references must be distinct objects: a picture's crops are told from its neighbour's by them.
        """
        queue = self._run(list(refs))
        rows: Iterator[Row] = (queue.get()[0] for _ in range(queue.size))
        for _, of_one_picture in itertools.groupby(rows, key=lambda row: id(row.ref)):
            yield _outcome(list(of_one_picture))


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a query picture shows: its objects, the box that is searched (``primary`` is its place among the objects,
    None for a drawn box or the whole frame) and that box's vectors; ``each`` has the vectors (vit, clip) of its
    best objects, where they were asked for."""

    objects: tuple[Detection, ...]
    box: Box
    primary: int | None
    vit: Vector | None
    clip: Vector | None
    each: tuple[tuple[Vector | None, Vector | None], ...] = ()


class QueryPipeline:
    """Query pictures through the same operators: what is in them, and the vectors of one box of each.

    What was seen is remembered by content, for the ``remembered`` pictures and boxes used last.
    """

    def __init__(self, networks: Networks, remembered: int = 0) -> None:
        self._networks = networks
        self._found: Memory[str, tuple[Detection, ...]] = Memory(remembered)
        self._looked: Memory[tuple[str, Box | None, int], Looked] = Memory(remembered)
        graph = (
            pipe.input("pictures", "contents", "boxes", "each")
            .map(("pictures", "contents"), "found", _operator(self._find))
            .map(("pictures", "found", "boxes"), "chosen", _operator(_choose))
            .map(("pictures", "chosen", "found", "each"), "crops", _operator(self._cut))
        )
        columns = ["found", "chosen"]
        for name, encoder in (("vit", networks.vit), ("clip", networks.clip)):
            if encoder is not None:
                graph = graph.map("crops", name, _operator(encoder.encode_images))
                columns.append(name)
        self._columns = columns
        self._run = _runnable(graph.output(*columns))

    def look(self, pictures: Sequence[Pixels], boxes: Sequence[Box | None], *, each: int = 0) -> list[Looked]:
        """One answer per picture; a box of None means its primary object, or the frame when nothing is found. The best
        ``each`` objects of every picture are embedded too.

        All that is not known yet goes through each network together.
        """
        asked = [(content_of(pixels), box, each) for pixels, box in zip(pictures, boxes, strict=True)]
        looked = self._looked.known(asked)
        missing = {key: pixels for key, pixels in zip(asked, pictures, strict=True) if key not in looked}
        if missing:
            new = dict(zip(missing, self._see(missing, each), strict=True))
            self._looked.keep(new)
            looked |= new
        return [looked[key] for key in asked]

    @property
    def lookups(self) -> dict[str, Lookups]:
        """How often boxes and whole pictures were known."""
        return {"box": self._looked.lookups, "picture": self._found.lookups}

    def _see(self, wanted: Mapping[tuple[str, Box | None, int], Pixels], each: int) -> list[Looked]:
        given = list(wanted.values()), [content for content, _, _ in wanted], [box for _, box, _ in wanted]
        row = dict(zip(self._columns, self._run(*given, each).get(), strict=True))
        vit, clip = (row.get(name) for name in ("vit", "clip"))
        answers, start = [], len(wanted)
        for i, (found, (box, primary)) in enumerate(zip(row["found"], row["chosen"], strict=True)):
            end = start + min(each, len(found))
            vectors = tuple((_row(vit, n), _row(clip, n)) for n in range(start, end))
            answers.append(Looked(found, box, primary, _row(vit, i), _row(clip, i), vectors))
            start = end
        return answers

    def _find(self, pictures: list[Pixels], contents: list[str]) -> list[tuple[Detection, ...]]:
        """The objects of each picture; several boxes of one picture need it only once."""
        found = self._found.known(contents)
        missing = {content: p for content, p in zip(contents, pictures, strict=True) if content not in found}
        if missing:
            new = dict(zip(missing, self._networks.find(list(missing.values())), strict=True))
            self._found.keep(new)
            found |= new
        return [found[content] for content in contents]

    def _cut(
        self,
        pictures: list[Pixels],
        chosen: list[tuple[Box, int | None]],
        found: list[tuple[Detection, ...]],
        each: int,
    ) -> list[Pixels]:
        """The chosen box of each picture, then the best ``each`` objects of every one."""
        boxes = [(pixels, box) for pixels, (box, _) in zip(pictures, chosen, strict=True)]
        boxes += [(p, d.box) for p, detections in zip(pictures, found, strict=True) for d in detections[:each]]
        return [self._networks.cut(pixels, box) for pixels, box in boxes]


def _row(vectors: Vector | None, place: int) -> Vector | None:
    return None if vectors is None else vectors[place]


def primary_of(objects: Sequence[Detection], width: int, height: int) -> int | None:
    """The place of the object a person most likely means: certain, large, and near the middle."""

    def appeal(place: int) -> float:
        box = objects[place].box
        x, y = (box.x1 + box.x2) / 2 / width - 0.5, (box.y1 + box.y2) / 2 / height - 0.5
        centred = 1 - math.hypot(x, y)  # 1 in the middle, about 0.3 in a corner
        return objects[place].score * math.sqrt(box.area / (width * height)) * centred

    return max(range(len(objects)), key=appeal, default=None)


def _choose(
    pictures: list[Pixels], found: list[tuple[Detection, ...]], boxes: list[Box | None]
) -> list[tuple[Box, int | None]]:
    """The box that is searched in each picture, and its place among the objects when it is the primary one."""
    chosen: list[tuple[Box, int | None]] = []
    for pixels, objects, box in zip(pictures, found, boxes, strict=True):
        height, width = pixels.shape[:2]
        primary = primary_of(objects, width, height) if box is None else None
        if box is None:
            box = Box(0, 0, width, height) if primary is None else objects[primary].box
        chosen.append((box, primary))
    return chosen


def _outcome(rows: list[Row]) -> tuple[IndexedObject, ...] | Ended:
    """A picture whose crop failed in an encoder fails as a whole: half a picture is never stored."""
    ended = [row for row in rows if not isinstance(row, Crop)]
    if ended:
        assert isinstance(ended[0], Ended)
        return ended[0]
    return tuple(row.object for row in rows if isinstance(row, Crop))


def _each(rows: list[Any]) -> list[Any]:
    return rows
