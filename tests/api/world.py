"""The services of the API for its tests: the real work over the exact index and the real minio-proxy in this process.

Only the networks are small: they find blocks of pure colour and tell them apart by histogram (``tests.parts``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx
from starlette.testclient import TestClient
from tests import parts

import minio_proxy.app
from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet, PackInfo
from boxlens.domain.errors import ModelMissing
from boxlens.domain.filters import Filter
from boxlens.domain.objects import LabelName, object_id
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Missing, Stage
from boxlens.fetch.guarded import GuardedFetcher
from boxlens.fetch.notifier import AppriseNotifier
from boxlens.imaging import decoding as images
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.indexer import Indexer
from boxlens.library.corrections import Corrector
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.following.ledger import Ledger
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.library.saved.ledger import SavedSearches
from boxlens.objectstore.proxy_client import ProxyStore
from boxlens.pipeline.caching import CachedTextEncoder, Lookups
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines.sequential import SequentialEngine
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.records.records import Records
from boxlens.search.searcher import Searcher
from boxlens.settings import Settings
from boxlens.suggestions.suggester import Suggester
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
        kept = {name: value for name, value in answer.headers.items() if name in ("last-modified", "content-length")}
        return httpx.Response(answer.status_code, content=answer.content, headers=kept)

    def __enter__(self) -> InProcess:
        self._client.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._client.__exit__(kind, error, trace)


def proxy_in_process(root: Path) -> InProcess:
    """The real minio-proxy over a folder."""
    app = minio_proxy.app.create_app(ProxySettings(root=root, allowed_hosts=("pictures.test",)))
    return InProcess(TestClient(app, raise_server_exceptions=False))


@dataclass(frozen=True)
class NamedPack:
    """What is known of a pack that this world never runs."""

    info: PackInfo
    about: str = "Pack of blocks."


@dataclass
class World:
    """``Services`` over parts that a test may exchange."""

    transport: InProcess
    settings: Settings = field(default_factory=Settings)
    index: ObjectIndex = field(default_factory=InMemoryIndex)
    pack: PackInfo = parts.PACK
    bucket: str = "pictures"
    missing: list[Missing] = field(default_factory=list)
    proxy: str = "http://pictures.test"

    def __post_init__(self) -> None:
        self.store = ProxyStore(self.proxy, transport=self.transport, pause_s=0)
        self.fetcher = GuardedFetcher(self.settings.fetch, self.settings.api.max_upload_bytes, resolve=no_names)
        self.notifier = AppriseNotifier(self.settings.notify.apprise, self.settings.fetch)
        self.networks = parts.networks()
        self._folder = tempfile.TemporaryDirectory(prefix="boxlens-world-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.following, self.saved = Ledger(folder / "following.sqlite"), SavedSearches(folder / "saved.sqlite")
        self.writer = RecordedWriter(self.index, Records(self.store))
        deletions = DeletedIds(self.store)
        self.indexer = Indexer(self.index, self.pack, self._pipeline, deletions=deletions, writer=self.writer)
        self.corrector = Corrector(self.index, self.writer, self.store, self.fetcher, self.networks, self.pack)
        self.pictures = QueryPipeline(self.networks, self.settings.pipeline.remembered)
        self.texts = CachedTextEncoder(parts.ColourWords(), self.settings.pipeline.remembered)
        self.searcher = Searcher(self.index, self.pack, self.pictures, self.texts, parts.LABELS)
        self.suggester = Suggester(self.index, parts.LABELS)

    def close(self) -> None:
        """Close the ledgers: a process that made hundreds of worlds would have no descriptors left."""
        self.following.close()
        self.saved.close()
        self._folder.cleanup()

    def _pipeline(self, stored: StoredImages, clock: StageClock) -> IngestEngine:
        stages = Stages(
            self.networks, fetcher=self.fetcher, store=self.store, stored=stored, bucket=self.bucket, clock=clock
        )
        return SequentialEngine(stages, BatchSizes(detect=2, embed=8))

    def for_collection(self, collection: str | CollectionSet, *, fresh: bool = False) -> World:
        return self

    def for_pictures(self, collection: str, *, fresh: bool = False) -> World:
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

    def decode_all(self, files: Sequence[bytes]) -> list[images.DecodedPicture]:
        return images.decode_all(files, max_pixels=self.settings.api.max_pixels)

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
