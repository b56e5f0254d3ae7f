"""Videos as pictures: one frame of every shot, and more of a long one, each with its moment.

Frames are read by OpenCV's own reader, one at a time. A shot ends where the mean difference of hue, saturation and
value from one sample to the next is large: the content detector of PySceneDetect, on small pictures. Within a shot a
further frame is taken every while, unless it shows what the one before does.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import BadSource, TooLarge
from boxlens.domain.local_files import is_unicode, manifest_path, regular_file, shown
from boxlens.domain.ports import ObjectStore
from boxlens.domain.references import REMOTE, ImageRef, SourceProblem
from boxlens.domain.videos import BUCKET, video_attributes

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".3gp", ".mpg", ".mpeg", ".wmv")
SAMPLE_S = 0.2
FLOOR_S = 10.0
CUT, SAME, BLANK = 15.0, 4.0, 2.0
"""Mean differences of a sample, 0..255: from which a shot ends, up to which two frames show the same, and the spread of
brightness up to which a frame shows nothing."""
MOST_FRAMES = 5000
MOST_PIXELS = 64_000_000
"""Of a frame; 8K has 33 million."""
_SMALL = (64, 36)
_QUALITY = 92
_HINT = "Save it again with another program, or leave it out."
# MP4 and QuickTime, AVI, Matroska and WebM, MPEG program and transport streams, Windows Media: never a playlist, which
# would lead the reader to other files
_STARTS = (
    (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (0, b"RIFF"), (0, b"\x1a\x45\xdf\xa3"), (0, b"\0\0\1\xba"),
    (0, b"\0\0\1\xb3"), (0, b"\x47"), (4, b"\x47"), (0, b"\x30\x26\xb2\x75"),
)  # fmt: skip


# the reader's remarks on damaged videos help nobody
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """``at_s``: seconds from the start; ``shot`` counts from 0; ``pixels``: uint8 (height, width, 3), BGR."""

    at_s: float
    shot: int
    pixels: npt.NDArray[np.uint8] = field(repr=False)


def is_video(ref: ImageRef) -> bool:
    """Whether a reference is a local video by its name."""
    local = ref.problem is None and ref.data is None and not ref.uri.startswith(REMOTE)
    return local and ref.uri.lower().endswith(SUFFIXES)


def frames_of(ref: ImageRef, store: ObjectStore | None) -> Iterator[ImageRef]:
    """The chosen frames of a video, each a picture with its moment; a reference with a problem for one that cannot be
    read. The video's bytes are kept in the object store, unless they are too large or stay where they are."""
    path, key = Path(ref.uri), None
    try:
        _require_video(path)
        for frame in chosen_frames(path):
            if key is None:
                key = _keep(path, store) if store is not None and not ref.reference else ""
            yield _picture(ref, frame, key)
    except BadSource as error:
        yield replace(ref, problem=SourceProblem(error, row={"uri": manifest_path(ref.uri)}))


def chosen_frames(path: Path) -> Iterator[VideoFrame]:
    """At least one, the first, where all show nothing. Raises BadSource for what cannot be read as a video."""
    with _readable_name(path) as name:
        reader = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
        try:
            if not reader.isOpened():
                raise BadSource(f"{shown(str(path))} cannot be read as a video.", hint=_HINT)
            width, height = (int(reader.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
            if width * height > MOST_PIXELS:
                detail = (
                    f"The frames of {shown(str(path))} have {width} x {height} pixels; at most {MOST_PIXELS} are read."
                )
                raise BadSource(detail, hint="Save it smaller, or leave it out.")
            choice, count = _Choice(), 0
            blank: VideoFrame | None = None
            for at_s, pixels in _samples(reader):
                if (shot := choice.take(at_s, pixels)) is not None:
                    count += 1
                    yield VideoFrame(at_s, shot, pixels)
                    if count == MOST_FRAMES:
                        break
                elif not count:
                    blank = blank or VideoFrame(at_s, 0, pixels)
            if not count:
                if blank is None:
                    raise BadSource(f"{shown(str(path))} holds no frame that can be read.", hint=_HINT)
                yield blank
        except cv2.error as error:
            raise BadSource(f"{shown(str(path))} cannot be read as a video.", hint=_HINT) from error
        finally:
            reader.release()


def _samples(reader: cv2.VideoCapture) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Frames that are ``SAMPLE_S`` apart, each with its second; recordings that were joined may begin at 0 again."""
    last = -math.inf
    while reader.grab():
        at_s = max(0.0, reader.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if 0 <= at_s - last < SAMPLE_S:
            continue
        last = at_s
        read, pixels = reader.retrieve()
        if read:
            yield at_s, np.asarray(pixels, np.uint8)


@contextmanager
def _readable_name(path: Path) -> Iterator[str]:
    """A name that the reader takes: it breaks down over bytes that are no UTF-8, and takes ``a:b`` for a protocol."""
    absolute = path.absolute()
    if is_unicode(str(absolute)):
        yield str(absolute)
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "video"
        link.symlink_to(absolute)
        yield str(link)


class _Choice:
    """Which samples are taken, in order."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.int16] | None = None
        self._chosen: npt.NDArray[np.int16] | None = None
        self._chosen_at = 0.0
        self._shot = 0

    def take(self, at_s: float, pixels: npt.NDArray[np.uint8]) -> int | None:
        """The shot of a sample that is taken; None for one that is not."""
        small = _hsv(pixels)
        before, self._before = self._before, small
        if before is not None and _difference(before, small) >= CUT:
            self._shot += 1
            self._chosen = None
        if self._chosen is not None:
            due = abs(at_s - self._chosen_at) >= FLOOR_S
            if not due or _difference(self._chosen, small) <= SAME:
                return None
        if float(small[..., 2].std()) <= BLANK:
            return None
        self._chosen, self._chosen_at = small, at_s
        return self._shot


def _hsv(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    small = cv2.resize(pixels, _SMALL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), np.int16)


def _difference(a: npt.NDArray[np.int16], b: npt.NDArray[np.int16]) -> float:
    """The mean over hue (which goes round at 180), saturation and value, 0..255."""
    parts: npt.NDArray[Any] = np.abs(a - b)
    parts[..., 0] = np.minimum(parts[..., 0], 180 - parts[..., 0])
    return float(parts.mean())


def _picture(ref: ImageRef, frame: VideoFrame, key: str) -> ImageRef:
    _, data = cv2.imencode(".jpg", frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    source = manifest_path(ref.uri)
    return replace(
        ref,
        uri=f"{source}#t={frame.at_s:.3f}",  # a media fragment (W3C)
        data=data.tobytes(),
        file_name=ref.name,
        attributes={**ref.attributes, **video_attributes(source, key, frame.at_s, frame.shot)},
        reference=False,
    )


def _require_video(path: Path) -> None:
    """Raises BadSource for a file that does not begin as a video does."""
    with regular_file(path) as file:
        start = file.read(16)
    if not any(start[at:].startswith(begin) for at, begin in _STARTS):
        raise BadSource(f"{shown(str(path))} is no video, by its content.", hint=_HINT)


def _keep(path: Path, store: ObjectStore) -> str:
    """Put the bytes into the bucket of videos; their key, "" for a video that is too large for the store."""
    with regular_file(path) as file:
        name, size = hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    key = f"{name[:2]}/{name}{path.suffix.lower()}"
    there = store.stat(BUCKET, key)
    if there is None or there.size != size:
        try:
            store.put_file(BUCKET, key, path)
        except TooLarge:
            return ""
    return key
