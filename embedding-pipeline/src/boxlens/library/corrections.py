"""Labels and boxes of a stored picture corrected by a person, and corrections taken back.

A box that is new or was moved is embedded with the networks of the collection's pack, from the stored picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BadInput, Conflict, EmptyInput, NotFound
from boxlens.domain.judgements.corrections import BoxState, Correction, judged, read_corrections, with_step
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord, Pixels
from boxlens.domain.ports import Fetcher, ObjectStore, SearchIndex
from boxlens.imaging.decoding import decode
from boxlens.language.label_recognition import label_of
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.pipeline.crops import embedded, own_names
from boxlens.pipeline.model_set import ModelSet, assign_text
from boxlens.pipeline.picture_files import stored_picture_bytes

MOST_OBJECTS = 1000
"""Boxes of one picture, above which no more are drawn."""
LOCAL = "local"
"""The author where no keys are in use."""
CERTAIN = 1.0
"""The score of a box that a person corrected."""


@dataclass(frozen=True, slots=True)
class Corrector:
    """Corrects pictures of collections that belong to one pack, whose networks ``models`` are.

    Every method gives all objects of the picture as they are then, frame first, visible to searches. All raise
    NotFound, Conflict when somebody else corrected the picture at the same time or writes are refused just now,
    PackMismatch, and what is raised where its bytes, a server or a model are away.
    """

    index: SearchIndex
    writer: RecordedWriter
    store: ObjectStore
    fetcher: Fetcher
    models: ModelSet
    pack: PackInfo

    def change(
        self,
        collection: str,
        image_id: str,
        number: int,
        *,
        label: str | None = None,
        box: Sequence[float] | None = None,
        by: str = "",
    ) -> list[IndexedObject]:
        """Another label, another box, or both, for one object. Raises BadInput for the frame, EmptyInput, BadBox."""
        if label is None and box is None:
            raise EmptyInput("There is nothing to correct.", hint="Give label, box, or both.")

        def correct(whole: Sequence[IndexedObject]) -> tuple[BoxState | None, BoxState | None]:
            before = BoxState.of(_object(whole, number))
            after = replace(
                before,
                label=before.label if label is None else self._label(label),
                box=before.box if box is None else _box(box, whole[0].image),
                score=CERTAIN,
                kind="object",
            )
            if not after.label:
                raise BadInput("This box has no label yet.", hint="Give label, a class or a word of your own.")
            return before, after

        return self._step(collection, image_id, lambda whole: number, correct, by)

    def add(
        self, collection: str, image_id: str, *, label: str, box: Sequence[float], by: str = ""
    ) -> list[IndexedObject]:
        """One more object. Raises BadBox, and BadInput when the picture has too many."""

        def free_number(whole: Sequence[IndexedObject]) -> int:
            if len(whole) > MOST_OBJECTS:
                raise BadInput(f"The picture has {len(whole) - 1} boxes: no more are drawn.", hint="Remove some first.")
            return max(*(obj.number for obj in whole), 0, *judged(read_corrections(whole[0].corrections))) + 1

        def correct(whole: Sequence[IndexedObject]) -> tuple[BoxState | None, BoxState | None]:
            return None, BoxState(_box(box, whole[0].image), self._label(label), CERTAIN)

        return self._step(collection, image_id, free_number, correct, by)

    def remove(self, collection: str, image_id: str, number: int, *, by: str = "") -> list[IndexedObject]:
        """Take an object away. Raises BadInput for the frame."""

        def correct(whole: Sequence[IndexedObject]) -> tuple[BoxState | None, BoxState | None]:
            return BoxState.of(_object(whole, number)), None

        return self._step(collection, image_id, lambda whole: number, correct, by)

    def undo(self, collection: str, image_id: str, number: int | None = None) -> list[IndexedObject]:
        """Take back the last correction of a picture, or of one of its objects. Raises Conflict when there is none."""
        with self.writer.exclusive(collection, [image_id]):
            whole = self._whole(collection, image_id)
            steps = read_corrections(whole[0].corrections)
            last = next((step for step in reversed(steps) if number in (None, step.number)), None)
            if last is None:
                raise Conflict("Nothing of it was corrected: there is nothing to take back.")
            steps.remove(last)
            return self._write(collection, whole, steps, last.number, last.before)

    # --- one step ----------------------------------------------------------------------------------------------------

    def _step(
        self,
        collection: str,
        image_id: str,
        number_of: Callable[[Sequence[IndexedObject]], int],
        correct: Callable[[Sequence[IndexedObject]], tuple[BoxState | None, BoxState | None]],
        by: str,
    ) -> list[IndexedObject]:
        with self.writer.exclusive(collection, [image_id]):
            whole = self._whole(collection, image_id)
            number = number_of(whole)
            before, after = correct(whole)
            step = Correction(number, by or LOCAL, datetime.now(UTC), before, after)
            if before == after:
                return list(whole)
            steps = with_step(read_corrections(whole[0].corrections), step)
            return self._write(collection, whole, steps, number, after)

    def _whole(self, collection: str, image_id: str) -> list[IndexedObject]:
        self.index.check_pack(collection, self.pack)
        return self.index.image(collection, image_id, vectors=True)

    def _write(
        self,
        collection: str,
        whole: Sequence[IndexedObject],
        steps: Sequence[Correction],
        number: int,
        state: BoxState | None,
    ) -> list[IndexedObject]:
        """The picture with object ``number`` as it is in ``state``, and with these steps behind it."""
        objects = [obj for obj in whole if obj.number != number]
        if state is not None:
            standing = next((obj for obj in whole if obj.number == number), None)
            objects.append(self._object(whole[0], number, state, standing))
        objects.sort(key=lambda obj: obj.number)
        if state is None or state.box != next((obj.box for obj in whole if obj.number == number), None):
            objects = self._with_text(objects)
        marked = [_marked(obj, steps) for obj in objects]
        self.writer.correct(collection, marked, whole[0].corrections)
        self.writer.refresh(collection)
        return self.index.image(collection, whole[0].image.image_id)

    def _object(
        self, frame: IndexedObject, number: int, state: BoxState, standing: IndexedObject | None
    ) -> IndexedObject:
        obj = standing or IndexedObject(
            frame.image, number, state.kind, state.box, state.label, state.score, caption=state.caption, tags=state.tags
        )
        names = self.models.label_names.get(state.label) or own_names(state.label)
        obj = replace(obj, kind=state.kind, box=state.box, label=state.label, box_score=state.score, label_names=names)
        if standing is not None and standing.box == state.box:
            return obj
        return embedded(self.models, self._pixels(frame.image), [obj])[0]

    def _with_text(self, objects: Sequence[IndexedObject]) -> list[IndexedObject]:
        """The lines that were read in the picture, each with the smallest box that holds it now."""
        if self.models.reader is None:
            return list(objects)
        counted = [obj for obj in objects if obj.kind != "proposal"]
        lines = self.models.read(self._pixels(objects[0].image))
        texts = assign_text(lines, [obj.box for obj in counted])
        read = {obj.number: tuple(text) for obj, text in zip(counted, texts, strict=True)}
        return [replace(obj, ocr_text=read.get(obj.number, obj.ocr_text)) for obj in objects]

    def _pixels(self, image: ImageRecord) -> Pixels:
        """Raises NotFound, BadSource or FetchFailed where the bytes of a picture are not there any more."""
        data = stored_picture_bytes(image, self.store, self.fetcher)
        return decode(data, max_pixels=self.models.limits.max_pixels).pixels

    def _label(self, text: str) -> str:
        """The class that has this name, or the text itself."""
        labels = self.models.detector.labels if self.models.detector else ()
        return label_of(text, labels) or text


def _object(whole: Sequence[IndexedObject], number: int) -> IndexedObject:
    if number == 0:
        raise BadInput("The whole picture has neither a label nor a box to correct.", hint="Choose one of its objects.")
    chosen = next((obj for obj in whole if obj.number == number), None)
    if chosen is None:
        numbers = ", ".join(str(obj.number) for obj in whole[1:])
        raise NotFound(f"The image has no object {number}.", hint=f"Its objects are {numbers or 'none'}.")
    return chosen


def _box(numbers: Sequence[float], image: ImageRecord) -> Box:
    return Box.within(numbers, image.width, image.height).rounded().clipped(image.width, image.height)


def _marked(obj: IndexedObject, steps: Sequence[Correction]) -> IndexedObject:
    """The object with who corrected it last, if anybody did; the frame with all steps."""
    own = steps if obj.number == 0 else [step for step in steps if step.number == obj.number]
    by, at = (own[-1].by, own[-1].at) if own else ("", None)
    texts = tuple(step.as_text() for step in steps) if obj.number == 0 else ()
    return replace(obj, corrected_by=by, corrected_at=at, corrections=texts)
