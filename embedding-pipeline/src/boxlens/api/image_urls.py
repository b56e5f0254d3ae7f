"""Where browsers find stored pictures, whole, as thumbnails and as crops."""

from __future__ import annotations

from boxlens.domain.boxes import Box
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.ports import ObjectStore
from boxlens.domain.videos import BUCKET, video_moment


class ImageUrls:
    """Addresses of pictures in one object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def image(self, record: ImageRecord, width: int | None = None) -> str | None:
        """The picture, ``width`` pixels wide when given; one without a bucket only when it lies on the web."""
        if record.bucket and record.image_key:
            return self._store.url(record.bucket, record.image_key, width=width)
        return record.source_uri if record.source_uri.startswith(("http://", "https://")) else None

    def crop(self, record: ImageRecord, box: Box) -> str | None:
        """The part in ``box``, in pixels of the upright picture; None for pictures that lie elsewhere."""
        if record.bucket and record.image_key:
            return self._store.url(record.bucket, record.image_key, box=box)
        return None

    def video(self, record: ImageRecord) -> dict[str, object] | None:
        """The video that a picture is a frame of, and the moment; it plays where its bytes are kept, or on the web."""
        moment = video_moment(record.attributes)
        if moment is None:
            return None
        away = moment.source_uri if moment.source_uri.startswith(("http://", "https://")) else None
        url = self._store.url(BUCKET, moment.key) if moment.key else away
        return {"url": url, "source_uri": moment.source_uri, "at_s": moment.at_s, "shot": moment.shot}
