"""Query pictures by plain calls of the same stages: what is in them, and the vectors of one box of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import ImageEncoder
from boxlens.pipeline.caching import Lookups, LruCache, pixel_digest
from boxlens.pipeline.model_set import ModelSet

Request = tuple[str, Box | None, int]  # pixel digest, box, how many objects are embedded


@dataclass(frozen=True, slots=True, eq=False)
class AnalyzedPicture:
    """What a query picture shows.

    ``objects``: best score first. ``box``: the box that is searched, in pixels; ``primary`` is its place among the
    objects, None for a drawn box or the whole frame. ``vit`` and ``clip``: unit vectors of that box, float32 of shape
    (dims,), None where the role is off. ``object_vectors``: (vit, clip) of the best objects, as many as were asked for.
    """

    objects: tuple[Detection, ...]
    box: Box
    primary: int | None
    vit: Vector | None
    clip: Vector | None
    object_vectors: tuple[tuple[Vector | None, Vector | None], ...] = ()


class QueryPipeline:
    """Detects, crops and embeds query pictures. Thread-safe.

    Results are cached by content: the last ``cache_size`` pictures, and as many boxes (0: none).
    """

    def __init__(self, models: ModelSet, cache_size: int = 0) -> None:
        self._models = models
        self._detections: LruCache[str, tuple[Detection, ...]] = LruCache(cache_size)
        self._analyses: LruCache[Request, AnalyzedPicture] = LruCache(cache_size)

    def analyze(
        self, pictures: Sequence[Pixels], boxes: Sequence[Box | None], *, embed_objects: int = 0
    ) -> list[AnalyzedPicture]:
        """One analysis per picture; a box of None means the primary object, or the frame when nothing is detected.

        ``embed_objects``: that many of the best objects of every picture are embedded too. All that is not cached goes
        through each network in one call.
        """
        requests = [(pixel_digest(p), box, embed_objects) for p, box in zip(pictures, boxes, strict=True)]
        analyses = self._analyses.get_many(requests)
        missing = {request: p for request, p in zip(requests, pictures, strict=True) if request not in analyses}
        if missing:
            computed = dict(zip(missing, self._analyze(missing, embed_objects), strict=True))
            self._analyses.put_many(computed)
            analyses |= computed
        return [analyses[request] for request in requests]

    @property
    def lookups(self) -> dict[str, Lookups]:
        """Hits and misses of boxes and of whole pictures."""
        return {"box": self._analyses.lookups, "picture": self._detections.lookups}

    def _analyze(self, requests: Mapping[Request, Pixels], embed_objects: int) -> list[AnalyzedPicture]:
        pictures = list(requests.values())
        detections = self._detect({digest: pixels for (digest, _, _), pixels in requests.items()})
        objects = [detections[digest] for digest, _, _ in requests]
        chosen = [
            choose_box(pixels, detected, box)
            for pixels, detected, (_, box, _) in zip(pictures, objects, requests, strict=True)
        ]
        # of parts of the picture itself: nothing of it is copied
        crops = [self._models.cut(pixels, box) for pixels, (box, _) in zip(pictures, chosen, strict=True)]
        for pixels, detected in zip(pictures, objects, strict=True):
            crops += [self._models.cut(pixels, detection.box) for detection in detected[:embed_objects]]
        vit, clip = _encode(self._models.vit, crops), _encode(self._models.clip, crops)
        analyses, start = [], len(pictures)
        for place, (detected, (box, primary)) in enumerate(zip(objects, chosen, strict=True)):
            end = start + min(embed_objects, len(detected))
            vectors = tuple(zip(vit[start:end], clip[start:end], strict=True))
            analyses.append(AnalyzedPicture(detected, box, primary, vit[place], clip[place], vectors))
            start = end
        return analyses

    def _detect(self, pictures: Mapping[str, Pixels]) -> dict[str, tuple[Detection, ...]]:
        """The objects of each picture by its digest; several boxes of one picture need it only once."""
        detections = self._detections.get_many(list(pictures))
        missing = {digest: pixels for digest, pixels in pictures.items() if digest not in detections}
        if missing:
            computed = dict(zip(missing, self._models.find(list(missing.values())), strict=True))
            self._detections.put_many(computed)
            detections |= computed
        return detections


def primary_object(objects: Sequence[Detection], width: int, height: int) -> int | None:
    """The place of the object a person most likely means; None without objects.

    It has the greatest product of score, the square root of its share of the picture's area, and a centring weight: 1
    in the middle of the picture and about 0.3 in a corner. ``width`` and ``height`` are the picture's, in pixels.
    """

    def appeal(place: int) -> float:
        box = objects[place].box
        x, y = (box.x1 + box.x2) / 2 / width - 0.5, (box.y1 + box.y2) / 2 / height - 0.5
        return objects[place].score * math.sqrt(box.area / (width * height)) * (1 - math.hypot(x, y))

    return max(range(len(objects)), key=appeal, default=None)


def choose_box(pixels: Pixels, objects: Sequence[Detection], box: Box | None) -> tuple[Box, int | None]:
    """The box that is searched in a picture, and its place among the objects when it is the primary one."""
    if box is not None:
        return box, None
    height, width = pixels.shape[:2]
    primary = primary_object(objects, width, height)
    return (Box(0, 0, width, height) if primary is None else objects[primary].box), primary


def _encode(encoder: ImageEncoder | None, crops: Sequence[Pixels]) -> Sequence[Vector | None]:
    """A vector for each crop; None for each where the role is off."""
    return [None] * len(crops) if encoder is None else list(encoder.encode_images(crops))
