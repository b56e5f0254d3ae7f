"""The Protocols between work and adapters, each as narrow as its use.

All are called from several threads at once and must allow it. All raise errors of ``embedding_pipeline.errors`` only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from embedding_pipeline.domain import (
    Box,
    CollectionInfo,
    CollectionSettings,
    CollectionSetup,
    Detection,
    IndexedObject,
    IndexType,
    ItemResult,
    LabelName,
    PackInfo,
    Pixels,
    TextLine,
    Vector,
)
from embedding_pipeline.queries import BY_RELEVANCE, Filter, RankedObject, Sort, VectorQuery, WordQuery


class Detector(Protocol):
    """Finds objects. Boxes come back in pixels of the given picture, clipped, after NMS, best score first."""

    @property
    def labels(self) -> Sequence[LabelName]: ...

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]: ...


class ImageEncoder(Protocol):
    """Pictures (crops) to unit vectors, float32 of shape (n, dims)."""

    @property
    def dims(self) -> int: ...

    def encode_images(self, pictures: Sequence[Pixels]) -> Vector: ...


class TextEncoder(Protocol):
    """Texts to unit vectors in the space of the CLIP image encoder, float32 of shape (n, dims)."""

    @property
    def dims(self) -> int: ...

    def encode_texts(self, texts: Sequence[str]) -> Vector: ...


class TextReader(Protocol):
    """Reads the lines of text in one picture (OCR)."""

    def read(self, picture: Pixels) -> list[TextLine]: ...


class Fetcher(Protocol):
    """Bytes of an address a user gave. Guards against private hosts, loops, slow and large answers."""

    def fetch(self, uri: str) -> bytes: ...


class ObjectStore(Protocol):
    """Picture bytes behind minio-proxy."""

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None: ...

    def get(self, bucket: str, key: str) -> bytes: ...

    def put_at(self, bucket: str, key: str) -> datetime | None:
        """When it was last put, in UTC by the store's clock; None when it is not there."""
        ...

    def delete(self, bucket: str, key: str) -> None: ...

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]: ...

    def url(self, bucket: str, key: str, *, width: int | None = None, box: Box | None = None) -> str:
        """The address a browser uses: signed when a signing key is set, a thumbnail when ``width`` is given, a crop
        of the upright picture when ``box`` is."""
        ...


class ObjectIndex(Protocol):
    """Stored objects of all collections: Elasticsearch, or its exact in-memory twin.

    A collection is an alias over one concrete index whose ``_meta`` names its pack. The frame document of an image is
    its commit record: it is written after all the image's other objects are in, so an image whose frame is stored is
    stored whole.
    """

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None = None) -> CollectionInfo:
        """Make an empty collection; the same call again changes nothing. Raises PackMismatch when it stands with
        another pack, BadInput for a name that cannot be one."""
        ...

    def collections(self) -> list[CollectionInfo]: ...

    def info(self, collection: str) -> CollectionInfo:
        """Raises NotFound."""
        ...

    def drop(self, collection: str) -> None:
        """Delete a collection and all in it. Raises NotFound."""
        ...

    def check_pack(self, collection: str, pack: PackInfo) -> None:
        """Raises PackMismatch naming both packs, or NotFound."""
        ...

    def setup(self, collection: str, *, fresh: bool = False) -> CollectionSetup:
        """Its pack and settings, a few seconds old at most, or read anew. Cheap. Raises NotFound."""
        ...

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        """Replace the settings of a collection. Raises NotFound."""
        ...

    def stage(self, collection: str, pack: PackInfo) -> str:
        """Make an empty successor of a collection for another pack, with its settings, hidden from ``collections``; the
        name under which all other calls take it. The same call again gives the one that stands. Raises NotFound, and
        Conflict when it stands for another pack."""
        ...

    def unstage(self, collection: str) -> None:
        """Delete the successor of a collection. Raises NotFound when none stands."""
        ...

    def seal(self, collection: str, *, sealed: bool) -> None:
        """Refuse writes to a collection with Conflict, or take them again; on return none is under way. Searches go
        on. Raises NotFound."""
        ...

    def promote(self, collection: str) -> None:
        """Put the successor in the place of a collection and delete what was there. Searches that began before are
        still answered. Raises NotFound."""
        ...

    def write(self, collection: str, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        """Write whole images; objects of one image come one after the other. Documents of those images that are not
        in the new set are deleted. Frames go last. Bulk requests are sized by bytes; 429 and 503 are retried with
        back-off; each object is accounted for by one result. Raises ElasticsearchAway, DiskFull, PackMismatch."""
        ...

    def refresh(self, collection: str) -> None:
        """Make everything written so far visible to searches."""
        ...

    def serving(self, collection: str, *, loading: bool) -> None:
        """Switch index settings between loading (no periodic refresh) and serving."""
        ...

    def stored(self, collection: str, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        """The frames (without vectors) of those images that are stored whole, by image id; real-time."""
        ...

    def image(self, collection: str, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        """All objects of an image by number, frame first. Raises NotFound."""
        ...

    def objects(self, collection: str, object_ids: Sequence[str], *, vectors: bool = False) -> list[IndexedObject]:
        """Stored objects in the order asked for; unknown ids are left out."""
        ...

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        """Set caption or tags of an image (on all its objects), or of its object ``number`` alone; None leaves a
        value as it is. Raises NotFound."""
        ...

    def delete_image(self, collection: str, image_id: str) -> int:
        """Delete all objects of an image; how many there were. Raises NotFound."""
        ...

    def renew(self, collection: str) -> int:
        """Add what documents written by an older Boxlens lack, from what is stored; to how many images. May be ended
        and run again at any time. Raises NotFound, ElasticsearchAway."""
        ...

    def search(self, collection: str, queries: Sequence[VectorQuery | WordQuery]) -> list[list[RankedObject]]:
        """All queries in one round trip; a ranked list for each, best first. Ties are broken by detector score, then
        by id. Raises NotFound, ElasticsearchAway."""
        ...

    def sample(self, collection: str, signal: Literal["vit", "clip"], size: int) -> Vector:
        """Up to ``size`` vectors of a collection, float32 of shape (n, dims): those of the smallest object ids. Image
        ids are hashes, so that these images are a random sample, the same for every reader and changed but little by
        growth. Raises NotFound, ElasticsearchAway."""
        ...

    def matching(
        self,
        collection: str,
        filter: Filter,
        size: int,
        after: str | None = None,
        *,
        sort: Sort = BY_RELEVANCE,
        after_value: float | None = None,
    ) -> list[RankedObject]:
        """Objects that satisfy a filter, without any query: in the order of ``sort``, by object id where that is
        relevance, from behind the object ``after`` with its ``after_value``; similarity is 0. Frames have no place in
        the order of ``box_area`` and are left out of it."""
        ...

    def facets(
        self, collection: str, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """Images by label, tag, colour, format, year and camera of the objects under a filter, of these objects alone
        when ``object_ids`` (at most 65,536) are given. An image counts once for each value its objects have."""
        ...

    def ready(self) -> str:
        """ "" when the index answers and can be searched and written, otherwise what is missing."""
        ...
