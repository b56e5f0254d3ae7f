"""What the API is given: the work it is a door to, as Protocols, so that it knows no adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal, Protocol, TypeVar

from fastapi import Depends, Request

from boxlens.domain.answers.hits import Answer
from boxlens.domain.answers.spread import Spread
from boxlens.domain.answers.suggestions import Suggestion
from boxlens.domain.collections import CollectionSet, PackInfo
from boxlens.domain.errors import PackMismatch
from boxlens.domain.objects import Detection, IndexedObject, LabelName
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import Fetcher, ObjectStore, Poster, SearchIndex
from boxlens.domain.queries import Query
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Missing, Stage
from boxlens.language.label_ids import with_label_ids
from boxlens.library.corrections import Corrector
from boxlens.library.following.folders import FollowedFolder
from boxlens.library.own_labels import own_labels
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.library.saved.ledger import SavedSearches
from boxlens.library.saved.messages import Notifier
from boxlens.pipeline.caching import Lookups
from boxlens.settings import Settings

T = TypeVar("T")


class Indexer(Protocol):
    """Takes one picture in."""

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        """The objects, frame first, and True when newly stored; visible to searches on return. Raises BoxlensError."""
        ...


class Searcher(Protocol):
    """Answers queries. Raises BoxlensError."""

    def search(self, collection: str | CollectionSet, query: Query) -> Answer: ...

    def similar(
        self,
        collection: str,
        object_id: str,
        size: int,
        min_relevance: float | Literal["auto"] | None,
        cursor: str | None = None,
    ) -> Answer: ...

    def facets(self, collection: str | CollectionSet, query: Query) -> Mapping[str, Mapping[str, int]]: ...

    def spread(self, collection: str | CollectionSet, query: Query, halvings: int) -> Spread: ...

    def detect(self, pixels: Pixels) -> list[Detection]: ...


class Suggester(Protocol):
    """Suggests words. Raises BoxlensError."""

    def suggest(self, collection: str | CollectionSet, typed: str, limit: int) -> Sequence[Suggestion]: ...


class Picture(Protocol):
    """A decoded picture, upright; ``format`` is its short name such as ``jpeg``."""

    @property
    def pixels(self) -> Pixels: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def format(self) -> str: ...


class Pack(Protocol):
    """A pack of networks; ``about``: what it is good for, in a line."""

    @property
    def about(self) -> str: ...

    @property
    def info(self) -> PackInfo: ...


class FetcherAndPoster(Fetcher, Poster, Protocol):
    """Reads from addresses and posts to them, guarded."""


class Following(Protocol):
    """The followed folders. Raises Unavailable, DiskFull."""

    def folders(self) -> Sequence[FollowedFolder]: ...

    def folder(self, id: int) -> FollowedFolder:
        """Raises NotFound."""
        ...

    def update(self, id: int, *, paused: bool) -> None: ...


class Services(Protocol):
    """Everything the routes use. ``bucket`` is where pictures taken in are kept."""

    @property
    def settings(self) -> Settings: ...

    @property
    def index(self) -> SearchIndex: ...

    @property
    def writer(self) -> RecordedWriter: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def fetcher(self) -> FetcherAndPoster: ...

    @property
    def notifier(self) -> Notifier: ...

    @property
    def indexer(self) -> Indexer: ...

    @property
    def corrector(self) -> Corrector: ...

    @property
    def searcher(self) -> Searcher: ...

    @property
    def suggester(self) -> Suggester: ...

    @property
    def pack(self) -> PackInfo: ...

    @property
    def labels(self) -> Sequence[LabelName]:
        """The classes of the pack's detector."""
        ...

    @property
    def bucket(self) -> str: ...

    @property
    def following(self) -> Following: ...

    @property
    def saved(self) -> SavedSearches: ...

    def for_collection(self, collection: str | CollectionSet, *, fresh: bool = False) -> Services:
        """The services with the pack and thresholds of a collection; ``fresh`` reads anew which those are.

        Raises NotFound, ModelMissing."""
        ...

    def for_pictures(self, collection: str, *, fresh: bool = False) -> Services:
        """As ``for_collection``, for pictures to be taken into it. Raises FormerPack too."""
        ...

    def pack_named(self, name: str) -> Pack:
        """Raises ModelMissing."""
        ...

    def decode(self, data: bytes) -> Picture:
        """Raises EmptyInput, UnreadablePicture, UnsupportedType, TooLarge, Unavailable (memory is short)."""
        ...

    def decode_all(self, files: Sequence[bytes]) -> Sequence[Picture]:
        """As ``decode``, of pictures that are needed at the same time."""
        ...

    def checks(self) -> Sequence[Missing]:
        """What is missing for work to be done now; empty when ready."""
        ...

    def stages(self) -> Mapping[str, Stage]:
        """Work done by each stage since the start, by name."""
        ...

    def lookups(self) -> Mapping[str, Lookups]:
        """How often texts, boxes and pictures of queries were remembered and how often not."""
        ...


async def services_of(request: Request) -> Services:
    """The services the application was made with. It waits for nothing: as a coroutine it needs no thread."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


def with_pack(services: Services, collection: str | CollectionSet, work: Callable[[Services], T]) -> T:
    """Do something with the pack of a collection; once more when another came in its place meanwhile.

    Raises NotFound, ModelMissing, and whatever the work raises.
    """
    try:
        return work(services.for_collection(collection))
    except PackMismatch:
        return work(services.for_collection(collection, fresh=True))


def with_ids(query: Query, scoped: Services, collection: str | CollectionSet) -> Query:
    """The query with the classes of its filter by their ids, and labels of its collection that persons gave. Raises
    BadQuery for a name of none."""
    return replace(query, filter=with_label_ids(query.filter, scoped.labels, own=own_labels(scoped.index, collection)))
