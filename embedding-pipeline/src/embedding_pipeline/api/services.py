"""What the API is given: the work it is a door to, as Protocols, so that it knows no adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from fastapi import Depends, Request

from embedding_pipeline.domain import (
    Answer,
    Detection,
    ImageRef,
    IndexedObject,
    Missing,
    PackInfo,
    Pixels,
    Query,
    Stage,
)
from embedding_pipeline.ports import Fetcher, ObjectIndex, ObjectStore
from embedding_pipeline.settings import Settings


class Indexer(Protocol):
    """Takes one picture in."""

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        """The objects, frame first, and True when newly stored; visible to searches on return. Raises BoxlensError."""
        ...


class Searcher(Protocol):
    """Answers queries. Raises BoxlensError."""

    def search(self, collection: str, query: Query) -> Answer: ...

    def similar(self, collection: str, object_id: str, size: int) -> Answer: ...

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
    def bucket(self) -> str: ...

    def decode(self, data: bytes) -> Picture:
        """Raises EmptyInput, UnreadablePicture, UnsupportedType, TooLarge."""
        ...

    def checks(self) -> Sequence[Missing]:
        """What is missing for work to be done now; empty when ready."""
        ...

    def stages(self) -> Mapping[str, Stage]:
        """Work done by each stage since the start, by name."""
        ...


def services_of(request: Request) -> Services:
    """The services the application was made with."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
