"""A collection of photos with dates, cameras, places and tags, taken in through the API as a person's own would be."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from tests.e2e.steps import PICTURES

CANON, FUJI = ("Canon", "Canon EOS R6"), ("FUJIFILM", "X-T5")
FORBIDDEN_CITY, TEMPLE_OF_HEAVEN, SHANGHAI = (39.9163, 116.3972), (39.8822, 116.4066), (31.2304, 121.4737)


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo and what its camera and its owner say of it."""

    photo: str
    taken: str = ""  # 2023:07:04 10:00:00, as cameras write it
    camera: tuple[str, str] = ("", "")
    place: tuple[float, float] | None = None
    tags: tuple[str, ...] = ()


SHOTS = {
    "table": Shot("000000000790", "2023:07:04 10:00:00", CANON, FORBIDDEN_CITY, ("holiday", "garden")),
    "race": Shot("000000007281", "2023:07:31 23:30:00", CANON, TEMPLE_OF_HEAVEN, ("race",)),
    "cat": Shot("000000196393", "2023:11:02 08:15:00", CANON),
    "frisbee": Shot("000000442450", "2022:07:15 12:00:00", FUJI, SHANGHAI, ("holiday",)),
    "herd": Shot("000000078499", "2021:05:01 09:00:00", FUJI, tags=("holiday", "race")),
    "hydrant": Shot("000000377575", tags=("garden",)),
    "elephant": Shot("000000519208"),
}


@dataclass(frozen=True, slots=True)
class Album:
    """The collection and the id of each of its pictures."""

    collection: str
    ids: dict[str, str] = field(default_factory=dict)

    def names(self, ids: Iterable[str | None]) -> list[str]:
        """What the pictures of some ids are called in ``SHOTS``."""
        named = {image_id: name for name, image_id in self.ids.items()}
        return [named[image_id or ""] for image_id in ids]


def make_album(
    site: str, shots: Mapping[str, Shot] = SHOTS, folder: Path = PICTURES, collection: str | None = None
) -> Album:
    """A collection that holds these shots of the photos in a folder; a new one where none is named."""
    album = Album(collection or f"album-{uuid.uuid4().hex[:8]}")
    with httpx.Client(base_url=site, timeout=120) as api:
        api.put(f"/v1/collections/{album.collection}", json={}).raise_for_status()
        for name, shot in shots.items():
            album.ids[name] = put(api, album.collection, f"{name}.jpg", jpeg(shot, folder), tags=list(shot.tags))
    return album


def put(api: httpx.Client, collection: str, name: str, data: bytes, **description: str | list[str]) -> str:
    """One picture taken in; its id."""
    files = {"file": (name, data, "image/jpeg")}
    answer = api.post(f"/v1/collections/{collection}/images", files=files, data=description)
    answer.raise_for_status()
    return str(answer.json()["image_id"])


def jpeg(shot: Shot, folder: Path = PICTURES) -> bytes:
    """The photo with the notes of its camera in it."""
    exif = Image.Exif()
    if shot.camera != ("", ""):
        exif[Base.Make], exif[Base.Model] = shot.camera
    if shot.taken:
        exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = shot.taken
    if shot.place:
        (lat, lon), gps = shot.place, exif.get_ifd(IFD.GPSInfo)
        gps[GPS.GPSLatitudeRef], gps[GPS.GPSLatitude] = "N" if lat >= 0 else "S", (abs(lat), 0.0, 0.0)
        gps[GPS.GPSLongitudeRef], gps[GPS.GPSLongitude] = "E" if lon >= 0 else "W", (abs(lon), 0.0, 0.0)
    out = io.BytesIO()
    with Image.open(folder / f"{shot.photo}.jpg") as photo:
        photo.save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()
