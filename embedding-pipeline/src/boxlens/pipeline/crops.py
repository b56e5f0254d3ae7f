"""A picture cut into its frame and its objects, with what a person said of them before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, IndexedObject, Kind
from boxlens.domain.pictures import Pixels
from boxlens.imaging.colours import dominant_colours
from boxlens.imaging.decoding import part
from boxlens.pipeline.annotations import transfer_annotations
from boxlens.pipeline.corrected_boxes import CorrectedBoxes
from boxlens.pipeline.model_set import ModelSet, assign_text
from boxlens.pipeline.rows import Crop, Opened


def cut_picture(row: Opened, models: ModelSet) -> list[Crop]:
    """The frame first, then its boxes by number: those that a person corrected keep theirs."""
    labels = models.detector.labels if models.detector else ()
    names = models.label_names
    corrected = CorrectedBoxes.of(row.ref.before)
    frame = Detection(Box(0, 0, row.image.width, row.image.height), "", 1.0)
    detections = (frame, *corrected.detections(labels), *corrected.others(row.objects))
    numbers = corrected.numbers(len(detections))
    counted = [detection for detection in detections if models.is_object(detection)]
    texts = assign_text(row.lines, [detection.box for detection in counted])
    texts += [[] for _ in detections[len(counted) :]]  # proposals come last, and take no text from what holds them
    crops: list[Crop] = []
    for place, (detection, lines) in enumerate(zip(detections, texts, strict=True)):
        kind: Kind = "frame" if not place else "object" if place < len(counted) else "proposal"
        label = "" if kind == "proposal" else detection.label
        indexed = IndexedObject(
            image=row.image,
            number=numbers[place],
            kind=kind,
            box=detection.box,
            label=label,
            box_score=detection.score,
            ocr_text=tuple(lines),
            colours=colours_of(row.pixels, detection.box, kind),
            label_names=names.get(label) or own_names(label),
        )
        crops.append(Crop(row.ref, indexed, models.shrink(row.pixels, detection.box)))
    if row.ref.before:
        objects = transfer_annotations(row.ref.before, [corrected.marked(crop.object) for crop in crops])
        crops = [replace(crop, object=obj) for crop, obj in zip(crops, objects, strict=True)]
    return sorted(crops, key=lambda crop: crop.object.number)


def own_names(label: str) -> tuple[str, ...]:
    """The names of a label that is no class but a person's own word."""
    return (label,) if label else ()


def colours_of(pixels: Pixels, box: Box, kind: Kind) -> tuple[str, ...]:
    """Of a frame all that it shows, of a box its middle."""
    own = part(pixels, box)
    return dominant_colours(own, middle=1.0) if kind == "frame" else dominant_colours(own)


def embedded(models: ModelSet, pixels: Pixels, objects: Sequence[IndexedObject]) -> list[IndexedObject]:
    """Objects of one picture with the vectors and colours of their boxes, made by these networks."""
    crops = [models.cut(pixels, obj.box) for obj in objects]
    vit = models.vit.encode_images(crops) if models.vit else [None] * len(crops)
    clip = models.clip.encode_images(crops) if models.clip else [None] * len(crops)
    return [
        replace(obj, vit_vector=vit[i], clip_vector=clip[i], colours=colours_of(pixels, obj.box, obj.kind))
        for i, obj in enumerate(objects)
    ]
