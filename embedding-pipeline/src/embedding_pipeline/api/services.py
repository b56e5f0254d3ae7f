"""What the API is given: the work it is a door to, as Protocols, so that it knows no adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal, Protocol, TypeVar

from fastapi import Depends, Request

from embedding_pipeline.answers import Answer
from embedding_pipeline.domain import Detection, ImageRef, IndexedObject, LabelName, Missing, PackInfo, Pixels, Stage
from embedding_pipeline.errors import PackMismatch
from embedding_pipeline.pipeline.remembering import Lookups
from embedding_pipeline.ports import Fetcher, ObjectIndex, ObjectStore
from embedding_pipeline.queries import Query
from embedding_pipeline.settings import Settings
from embedding_pipeline.text.label_ids import with_label_ids

T = TypeVar("T")


class Indexer(Protocol):
    """Takes one picture in."""

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        """The objects, frame first, and True when newly stored; visible to searches on return. Raises BoxlensError."""
        ...


class Searcher(Protocol):
    """Answers queries. Raises BoxlensError."""

    def search(self, collection: str, query: Query) -> Answer: ...

    def similar(
        self,
        collection: str,
        object_id: str,
        size: int,
        min_relevance: float | Literal["auto"] | None,
        cursor: str | None = None,
    ) -> Answer: ...

    def facets(self, collection: str, query: Query) -> Mapping[str, Mapping[str, int]]: ...

    def detect(self, pixels: Pixels) -> list[Detection]: ...


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
    """A pack of networks."""

    @property
    def info(self) -> PackInfo: ...


class Services(Protocol):
    """Everything the routes use. ``bucket`` is where pictures taken in are kept."""

    @property
    def settings(self) -> Settings: ...

    @property
    def index(self) -> ObjectIndex: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def fetcher(self) -> Fetcher: ...

    @property
    def indexer(self) -> Indexer: ...

    @property
    def searcher(self) -> Searcher: ...

    @property
    def pack(self) -> PackInfo: ...

    @property
    def labels(self) -> Sequence[LabelName]:
        """The classes of the pack's detector."""
        ...

    @property
    def bucket(self) -> str: ...

    def at(self, collection: str, *, fresh: bool = False) -> Services:
        """The services with the pack and thresholds of a collection; ``fresh`` reads anew which those are.

        Raises NotFound, ModelMissing."""
        ...

    def pack_named(self, name: str) -> Pack:
        """Raises ModelMissing."""
        ...

    def decode(self, data: bytes) -> Picture:
        """Raises EmptyInput, UnreadablePicture, UnsupportedType, TooLarge."""
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


def services_of(request: Request) -> Services:
    """The services the application was made with."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


def with_pack(services: Services, collection: str, work: Callable[[Services], T]) -> T:
    """Do something with the pack of a collection; once more when another came in its place meanwhile.

    Raises NotFound, ModelMissing, and whatever the work raises.
    """
    try:
        return work(services.at(collection))
    except PackMismatch:
        return work(services.at(collection, fresh=True))


def with_ids(query: Query, room: Services) -> Query:
    """The query with the classes of its filter by their ids. Raises BadQuery for a name of none."""
    return replace(query, filter=with_label_ids(query.filter, room.labels))
