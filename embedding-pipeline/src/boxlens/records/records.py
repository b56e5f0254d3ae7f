"""The records of all images in the object store, in the bucket ``records``.

::

    records/{collection}/collection.json                            its pack, index type and settings
    records/{collection}/{pack revision, 12}/{ab}/{image_id}.json   one image: see ``recorded_image``

Records of two packs of a collection lie apart, so that a swap to another pack may end early, and never mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from boxlens.domain.collections import CollectionSettings, IndexType, PackInfo
from boxlens.domain.errors import BadInput, NotFound
from boxlens.domain.ports import ObjectStore
from boxlens.records.recorded_image import RecordedImage, decode, encode

BUCKET = "records"
_FORMAT = 1
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class RecordedCollection:
    """What must be known to make a collection again."""

    pack: PackInfo
    index_type: IndexType
    settings: CollectionSettings


class Records:
    """Written and read one by one; all calls allow several threads. Raises ProxyAway, Unavailable and DiskFull."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, collection: str, recorded: RecordedImage) -> None:
        """Write the record of an image whole; what stood there is replaced."""
        self._store.put(BUCKET, _key(collection, recorded.pack.revision, recorded.image_id), encode(recorded), _JSON)

    def get(self, collection: str, pack: PackInfo, image_id: str) -> RecordedImage:
        """Raises NotFound, and BadInput for a file that is damaged or was written by a newer program."""
        key = _key(collection, pack.revision, image_id)
        try:
            return decode(self._store.get(BUCKET, key))
        except (LookupError, ValueError, TypeError) as error:
            hint = "`boxlens audit --repair` writes it again from the index."
            raise BadInput(f"The record {BUCKET}/{key} cannot be read: {error}.", hint=hint) from error

    def delete(self, collection: str, pack: PackInfo, image_id: str) -> None:
        """Deleting what is not there is no error."""
        self._store.delete(BUCKET, _key(collection, pack.revision, image_id))

    def image_ids(self, collection: str, pack: PackInfo) -> Iterator[str]:
        """The ids of all recorded images in order."""
        for key in self._store.keys(BUCKET, f"{collection}/{pack.revision[:12]}/"):
            yield key.rpartition("/")[2].removesuffix(".json")

    def put_collection(self, collection: str, recorded: RecordedCollection) -> None:
        document = {"format": _FORMAT, **asdict(recorded)}
        self._store.put(BUCKET, f"{collection}/collection.json", orjson.dumps(document), _JSON)

    def collection(self, collection: str) -> RecordedCollection:
        """Raises NotFound, and BadInput for a file that is damaged or was written by a newer program."""
        try:
            document = orjson.loads(self._store.get(BUCKET, f"{collection}/collection.json"))
            if document["format"] > _FORMAT:
                raise ValueError(f"a newer Boxlens wrote it, in format {document['format']}")
            return RecordedCollection(
                PackInfo(**document["pack"]), document["index_type"], CollectionSettings(**document["settings"])
            )
        except NotFound as error:
            raise NotFound(
                f"The object store has no records of a collection {collection!r}.",
                hint="Its pictures may still be there: boxlens ingest bucket://NAME/ --reference takes them in again.",
            ) from error
        except (LookupError, ValueError, TypeError) as error:
            raise BadInput(f"The record of the collection {collection!r} cannot be read: {error}.") from error

    def forget(self, collection: str, pack: PackInfo | None = None) -> None:
        """Delete all records of a collection, or those of its images with one pack."""
        prefix = f"{collection}/" if pack is None else f"{collection}/{pack.revision[:12]}/"
        for key in list(self._store.keys(BUCKET, prefix)):
            self._store.delete(BUCKET, key)


def _key(collection: str, revision: str, image_id: str) -> str:
    return f"{collection}/{revision[:12]}/{image_id[:2]}/{image_id}.json"
