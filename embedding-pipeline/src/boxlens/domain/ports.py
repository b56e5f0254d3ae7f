"""The Protocols between work and adapters, each as narrow as its use.

All are called from several threads at once and must allow it. All raise errors of ``boxlens.domain.errors`` only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from boxlens.domain.answers.spread import Spread
from boxlens.domain.boxes import Box
from boxlens.domain.collections import (
    CollectionInfo,
    CollectionSet,
    CollectionSettings,
    CollectionSetup,
    IndexType,
    PackInfo,
)
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Detection, IndexedObject, LabelName, TextLine, Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.queries import BY_RELEVANCE, RankedObject, Sort, VectorQuery, WordQuery
from boxlens.domain.reports import ItemResult
from boxlens.domain.share_out import Layout


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


class Poster(Protocol):
    """Sends bytes to an address that the owner gave, guarded as a Fetcher is."""

    def post(self, uri: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send, and wait until they are taken. Raises ForbiddenUrl, and FetchFailed unless the answer is 2xx in
        time; redirects are not followed."""
        ...


class StoredBytes(NamedTuple):
    """``size`` in bytes; ``put_at`` is when they were last put, in UTC by the store's clock."""

    size: int
    put_at: datetime


class ObjectStore(Protocol):
    """Picture bytes behind minio-proxy."""

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None: ...

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """Put a local file, however large, without reading it into memory. Raises TooLarge."""
        ...

    def get(self, bucket: str, key: str) -> bytes: ...

    def stat(self, bucket: str, key: str) -> StoredBytes | None:
        """What is known of it without reading it; None when it is not there."""
        ...

    def delete(self, bucket: str, key: str) -> None: ...

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]: ...

    def url(self, bucket: str, key: str, *, width: int | None = None, box: Box | None = None) -> str:
        """The address a browser uses: signed when a signing key is set, a thumbnail when ``width`` is given, a crop
        of the upright picture when ``box`` is."""
        ...


MAX_RESULTS = 10_000
"""The longest list that an index gives for one query, the deepest graph search, and the most ids of one page: a limit
of Elasticsearch. The index in memory keeps to none, so that whoever asks keeps to it."""

MAX_FACET_OBJECTS = 65_536
"""Objects that facets may be counted among."""


class IndexSearch(Protocol):
    """Rankings, lists and counts of stored objects.

    All calls take the name of one collection, or a CollectionSet: then they see the objects of all of them, and of an
    object that several hold, one. Where a part of the index does not answer they raise ElasticsearchAway, or answer
    without it for those who allow that (``partial_answers``).
    """

    def search(
        self, collection: str | CollectionSet, queries: Sequence[VectorQuery | WordQuery]
    ) -> list[list[RankedObject]]:
        """All queries in one round trip; a ranked list for each, best first. Ties are broken by detector score, then
        by id. Raises NotFound, ElasticsearchAway."""
        ...

    def sample(self, collection: str | CollectionSet, signal: Literal["vit", "clip"], size: int) -> Vector:
        """Up to ``size`` vectors of a collection, float32 of shape (n, dims): those of the smallest object ids. Image
        ids are hashes, so that these images are a random sample, the same for every reader and changed but little by
        growth. Raises NotFound, ElasticsearchAway."""
        ...

    def matching(
        self,
        collection: str | CollectionSet,
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
        self, collection: str | CollectionSet, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """Images by label, tag, album, colour, format, year and camera of the objects under a filter, of these objects
        alone when ``object_ids`` (at most 65,536) are given. An image counts once for each value its objects have."""
        ...

    def spread(
        self,
        collection: str | CollectionSet,
        filter: Filter,
        image_ids: Collection[str] | None = None,
        halvings: int = 6,
    ) -> Spread:
        """When and where the images of the objects under a filter were taken; with ``image_ids`` (at most 65,536) those
        images, whatever the filter. ``halvings`` of the map make its cells, up to ``spread.FINEST``."""
        ...


class IndexReader(Protocol):
    """Stored objects by id, and what must be known to work with their collection.

    The frame of an image is its commit record: it is written after all the image's other objects are in, so an image
    whose frame is stored is stored whole. A CollectionSet may be given as for IndexSearch.
    """

    def setup(self, collection: str | CollectionSet, *, fresh: bool = False) -> CollectionSetup:
        """Its pack and settings, a few seconds old at most, or read anew. Cheap. Raises NotFound."""
        ...

    def info(self, collection: str | CollectionSet) -> CollectionInfo:
        """Where shards do not answer, with the counts of the others. Raises NotFound."""
        ...

    def check_pack(self, collection: str | CollectionSet, pack: PackInfo) -> None:
        """Raises PackMismatch naming both packs, or NotFound."""
        ...

    def collections(self) -> list[CollectionInfo]:
        """All of them by name; one that goes away meanwhile is left out."""
        ...

    def ready(self) -> str:
        """ "" when the index answers and can be searched and written, otherwise what is missing."""
        ...

    def stored(self, collection: str | CollectionSet, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        """The frames (without vectors) of those images that are stored whole, by image id; real-time."""
        ...

    def numbers(self, collection: str, image_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """The numbers of the objects that the frames of stored images say they have, by image id; real-time."""
        ...

    def image(self, collection: str | CollectionSet, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        """All objects of an image by number, frame first. Raises NotFound."""
        ...

    def objects(
        self, collection: str | CollectionSet, object_ids: Sequence[str], *, vectors: bool = False
    ) -> list[IndexedObject]:
        """Stored objects in the order asked for; unknown ids are left out. With vectors they may be those of the last
        refresh, which are what searches see."""
        ...


class IndexWriter(Protocol):
    """Whole images in, changed, and out of one collection.

    Each change of an image ends whole, whoever else changes it at the same time, in this process or another.
    """

    def exclusive(self, collection: str, image_ids: Iterable[str]) -> AbstractContextManager[None]:
        """While the block lasts no other thread of this process changes these images. Inside it, ask for none but
        these again."""
        ...

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        """Write whole images; objects of one image come one after the other. Documents of those images that are not
        in the new set are deleted. Frames go last. Bulk requests are sized by bytes; 429 and 503 are retried with
        back-off; each object is accounted for by one result. ``ingested``: when images that are not stored were first
        taken in, by id; now, for the others. Raises ElasticsearchAway, DiskFull, PackMismatch."""
        ...

    def correct(self, collection: str, image: Sequence[IndexedObject], over: Sequence[str]) -> None:
        """Put corrected objects in the place of a stored image's. ``over``: the corrections it must still have; raises
        Conflict, before anything is written, when it has others or is gone. Raises what ``write`` raises, and
        Unavailable when an object is refused."""
        ...

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
        albums: Sequence[str] | None = None,
        visible: bool = True,
    ) -> list[IndexedObject]:
        """Set caption, tags or albums of an image, or caption or tags of its object ``number`` alone; None leaves it.
        ``visible``: to searches at once, else after ``refresh``. The image as it is then. Raises NotFound."""
        ...

    def delete_image(self, collection: str, image_id: str, *, strays: bool = False, visible: bool = True) -> int:
        """Delete all objects of an image; how many there were. Raises NotFound, also for an image without its frame:
        what is left of it may just be becoming whole. ``strays``: that too. ``visible``: as above; else strays are
        those that searches see already."""
        ...

    def refresh(self, collection: str) -> None:
        """Make everything written so far visible to searches."""
        ...

    def serving(self, collection: str, *, loading: bool) -> None:
        """Switch index settings between loading (no periodic refresh, few merges) and serving."""
        ...

    def merge(self, collection: str) -> int:
        """Merge the index into few segments, which makes searches faster; how many there are then. May take minutes for
        a large collection, in which it is searched and written to as ever. Raises NotFound, ElasticsearchAway."""
        ...


class IndexAdmin(Protocol):
    """Collections: made, listed, configured, moved to another pack, and dropped.

    A collection is an alias over one index, or several where it has outgrown one, whose ``_meta`` names its pack.
    """

    def create(
        self, collection: str, pack: PackInfo, index_type: IndexType | None = None, layout: Layout = Layout()
    ) -> CollectionInfo:
        """Make an empty collection; the same call again changes nothing but the number of copies where that is given.
        Raises PackMismatch when it stands with another pack, Conflict when it stands with other shards than are given,
        BadInput for a name that cannot be one."""
        ...

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        """Replace the settings of a collection. Raises NotFound."""
        ...

    def freeze(self, collection: str, *, wait: bool = True) -> None:
        """Take no more changes, and merge what is there into few segments; on return no write is under way. ``wait``:
        until it is merged as well. The same call again goes on. Searches go on; all that changes the collection or its
        images raises Frozen. Raises NotFound, and Conflict while it moves to another pack."""
        ...

    def thaw(self, collection: str) -> None:
        """Take changes again. Raises NotFound."""
        ...

    def drop(self, collection: str) -> None:
        """Delete a collection and all in it. Raises NotFound, Frozen."""
        ...

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        """Make an empty successor of a collection for another pack, with its settings, hidden from ``collections``; the
        name under which all other calls take it. The same call again gives the one that stands. Raises NotFound, and
        Conflict when it stands for another pack."""
        ...

    def drop_successor(self, collection: str) -> None:
        """Delete the successor of a collection. Raises NotFound when none stands."""
        ...

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        """Refuse writes to a collection with Conflict, or take them again; on return none is under way. Searches go
        on. Raises NotFound."""
        ...

    def switch_alias(self, collection: str) -> None:
        """Put the successor in the place of a collection and delete what was there. Searches that began before are
        still answered. Raises NotFound."""
        ...

    def migrate(self, collection: str) -> int:
        """Add what documents written by an older Boxlens lack, from what is stored; to how many images. May be ended
        and run again at any time. Raises NotFound, ElasticsearchAway."""
        ...


class SearchIndex(IndexSearch, IndexReader, Protocol):
    """What answering a query needs of an index: it changes nothing."""


class ChangingIndex(IndexWriter, IndexAdmin, Protocol):
    """What changes images and collections."""


class ObjectIndex(SearchIndex, ChangingIndex, Protocol):
    """All of an index, for those that put the program together: Elasticsearch, or the index in memory."""
