"""The services of the API for its tests: the real work over the exact index and the real minio-proxy in this process.

Only the networks are small: they find blocks of pure colour and tell them apart by histogram (``tests.parts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx
from starlette.testclient import TestClient
from tests import parts

import minio_proxy.app
from embedding_pipeline.domain import Box, ImageRef, LabelName, Missing, PackInfo, Stage, object_id
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.ingest.indexing import Indexer
from embedding_pipeline.pictures import images
from embedding_pipeline.pipeline.graph import IngestPipeline, QueryPipeline
from embedding_pipeline.pipeline.remembering import Lookups, RememberedTexts
from embedding_pipeline.pipeline.stages import KnownImages, StageClock, Stages
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Filter
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.settings import Settings
from embedding_pipeline.stores.exact import ExactIndex
from embedding_pipeline.stores.fetching import GuardedFetcher
from embedding_pipeline.stores.proxy_client import ProxyStore
from minio_proxy.settings import ProxySettings

RED, BLUE = Box(10, 10, 60, 50), Box(90, 60, 150, 110)
SIZE = (160, 120)


def picture_bytes(seed: int = 0, *, left: str = "red", right: str = "blue") -> bytes:
    """A picture of 160 x 120 pixels with two blocks of colour; each seed is another picture."""
    return parts.png(parts.scene((left, RED), (right, BLUE), size=SIZE, seed=seed))


def no_names(host: str, port: int) -> list[str]:
    """A resolver that knows this machine alone: tests leave the network alone."""
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    raise OSError(f"{host} is not looked up in tests")


class InProcess(httpx.BaseTransport, AbstractContextManager["InProcess"]):
    """Carries requests to an ASGI application; ``status`` makes it answer so instead, 0 as if nobody listened."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.status: int | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.status == 0:
            raise httpx.ConnectError("nobody listens", request=request)
        if self.status is not None:
            return httpx.Response(self.status)
        path = request.url.raw_path.decode()
        answer = self._client.request(request.method, path, content=request.read(), headers=dict(request.headers))
        dated = {name: value for name, value in answer.headers.items() if name == "last-modified"}
        return httpx.Response(answer.status_code, content=answer.content, headers=dated)

    def __enter__(self) -> InProcess:
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)


def proxy_in_process(root: Path) -> InProcess:
    """The real minio-proxy over a folder."""
    app = minio_proxy.app.create_app(ProxySettings(root=root))
    return InProcess(TestClient(app, raise_server_exceptions=False))


@dataclass(frozen=True)
class NamedPack:
    """What is known of a pack that this world never runs."""

    info: PackInfo


@dataclass
class World:
    """``Services`` over parts that a test may exchange."""

    transport: InProcess
    settings: Settings = field(default_factory=Settings)
    index: ObjectIndex = field(default_factory=ExactIndex)
    pack: PackInfo = parts.PACK
    bucket: str = "pictures"
    missing: list[Missing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = ProxyStore("http://pictures.test", transport=self.transport, sleep=lambda seconds: None)
        self.fetcher = GuardedFetcher(self.settings.fetch, self.settings.api.max_upload_bytes, resolve=no_names)
        self.networks = parts.networks()
        self.indexer = Indexer(self.index, self.pack, self._pipeline)
        self.pictures = QueryPipeline(self.networks, self.settings.pipeline.remembered)
        self.texts = RememberedTexts(parts.ColourWords(), self.settings.pipeline.remembered)
        self.searcher = Searcher(self.index, self.pack, self.pictures, self.texts, parts.LABELS)

    def _pipeline(self, known: KnownImages, clock: StageClock) -> IngestPipeline:
        stages = Stages(
            self.networks, fetcher=self.fetcher, store=self.store, known=known, bucket=self.bucket, clock=clock
        )
        return IngestPipeline(stages, detect_batch=2, embed_batch=8)

    def at(self, collection: str, *, fresh: bool = False) -> World:
        return self

    def pack_named(self, name: str) -> NamedPack:
        if name not in (self.pack.name, "other"):
            raise ModelMissing(f"There is no pack named {name!r}.", hint="Take one in: boxlens models add FOLDER")
        return NamedPack(PackInfo(name, "7" * 64, self.pack.vit_dims, self.pack.clip_dims))

    @property
    def labels(self) -> Sequence[LabelName]:
        return parts.LABELS

    def decode(self, data: bytes) -> images.DecodedPicture:
        return images.decode(data, max_pixels=self.settings.api.max_pixels)

    def checks(self) -> list[Missing]:
        return self.missing

    def lookups(self) -> dict[str, Lookups]:
        return self.pictures.lookups | {"text": self.texts.lookups}

    def stages(self) -> dict[str, Stage]:
        return {stage.name: stage for stage in self.indexer.clock.stages()}

    def add(
        self,
        seed: int = 0,
        *,
        left: str = "red",
        right: str = "blue",
        tags: tuple[str, ...] = (),
        caption: str | None = None,
        collection: str = "photos",
    ) -> str:
        """Take a picture in past the API; its image id."""
        data = picture_bytes(seed, left=left, right=right)
        reference = ImageRef(f"test:{seed}", data=data, tags=tags, caption=caption)
        objects, _ = self.indexer.add(reference, collection=collection)
        return objects[0].image.image_id

    def files(self) -> set[tuple[str, str]]:
        """Everything in the object store, as (bucket, key)."""
        return {(bucket, key) for bucket in (self.bucket, "uploads", "trash") for key in self.store.keys(bucket)}

    def images(self) -> set[str]:
        """The ids of all stored images of the collection ``photos``."""
        return {match.image_id for match in self.index.matching("photos", Filter(), 1000)}


def first_object(image_id: str) -> str:
    return object_id(image_id, 1)
