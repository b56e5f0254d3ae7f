"""The one module that knows every adapter: settings and addresses in, a working Boxlens out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock

from embedding_pipeline.domain import CollectionSettings, LabelName, Missing, PackInfo, Stage
from embedding_pipeline.errors import BoxlensError, NotFound
from embedding_pipeline.ingest.indexing import Indexer
from embedding_pipeline.models.packs import Pack, RunOptions, find_pack, load_pack
from embedding_pipeline.models.sessions import Running
from embedding_pipeline.models.ways import Wanted
from embedding_pipeline.pictures.images import DecodedPicture, decode
from embedding_pipeline.pipeline.graph import IngestPipeline, QueryPipeline
from embedding_pipeline.pipeline.networks import Limits, Networks
from embedding_pipeline.pipeline.remembering import Lookups, RememberedTexts
from embedding_pipeline.pipeline.stages import KnownImages, StageClock, Stages
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.servers import Addresses, Downloaded, Say, servers
from embedding_pipeline.settings import Settings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.fetching import GuardedFetcher
from embedding_pipeline.stores.proxy_client import ProxyStore

PICTURES = "pictures"  # the bucket of a folder store; S3 names its own


class Boxlens:
    """A whole Boxlens over two addresses. Parts are made when first used: listing collections loads no network."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        *,
        index: ObjectIndex | None = None,
        say: Say = lambda text: None,
        whole: Boxlens | None = None,
    ) -> None:
        """``say`` is told which way of running each network was measured to be the fastest.

        ``whole`` is the Boxlens this one is a room of: the same servers, a pack or thresholds of its own.
        """
        self.settings, self.addresses = settings, addresses
        self._say = say
        self.bucket = settings.proxy.s3_bucket or PICTURES
        self._given_index, self._whole = index, whole
        self._rooms: dict[str, Boxlens] = {}
        self._packs: dict[str, Pack] = {}
        self._lock = Lock()

    @cached_property
    def index(self) -> ObjectIndex:
        if self._given_index is not None:
            return self._given_index
        if self._whole is not None:
            return self._whole.index
        client = connect(self.addresses.elasticsearch, self.settings.elasticsearch)
        return ElasticIndex(client, self.settings.index)

    @cached_property
    def store(self) -> ProxyStore:
        if self._whole is not None:
            return self._whole.store
        chosen = self.settings.proxy
        return ProxyStore(
            self.addresses.proxy,
            public_url=chosen.public_url,
            write_key=chosen.write_key.get_secret_value() if chosen.write_key else None,
            signing_key=chosen.signing_key.get_secret_value() if chosen.signing_key else None,
        )

    @cached_property
    def fetcher(self) -> GuardedFetcher:
        return GuardedFetcher(self.settings.fetch, self.settings.api.max_upload_bytes)

    @cached_property
    def loaded(self) -> Pack:
        """The pack with its networks. Raises ModelMissing."""
        chosen = self.settings.pipeline
        if self._whole is not None:
            pack = self._whole.pack_named(self.settings.pack)
            return pack.at(score_threshold=chosen.score_threshold, nms_iou=chosen.nms_iou)
        options = RunOptions(running(self.settings, self._say), chosen.score_threshold, chosen.nms_iou)
        return load_pack(find_pack(self.settings.pack, *pack_places(self.settings)), options)

    def pack_named(self, name: str) -> Pack:
        """A pack of any name, loaded once. Raises ModelMissing."""
        if name == self.settings.pack:
            return self.loaded
        with self._lock:
            if name not in self._packs:
                options = RunOptions(running(self.settings, self._say))
                self._packs[name] = load_pack(find_pack(name, *pack_places(self.settings)), options)
            return self._packs[name]

    def at(self, collection: str, *, fresh: bool = False) -> Boxlens:
        """Boxlens with the pack and the thresholds of a collection; ``fresh`` reads anew which those are.

        Raises NotFound, and ModelMissing when its pack is not here.
        """
        setup = self.index.setup(collection, fresh=fresh)
        return self.room(setup.pack.name, setup.settings)

    def at_or_new(self, collection: str) -> Boxlens:
        """Boxlens for a collection, which may be one that is still to be made. Raises ModelMissing."""
        try:
            return self.at(collection, fresh=True)
        except NotFound:
            return self

    def room(self, pack: str, own: CollectionSettings = CollectionSettings()) -> Boxlens:
        """Boxlens with a pack and thresholds of its own; one is kept of each kind. Nothing is loaded by this."""
        if self._whole is not None:
            return self._whole.room(pack, own)
        chosen = self.settings.pipeline
        given = {"score_threshold": own.score_threshold, "nms_iou": own.nms_iou}
        pipeline = chosen.model_copy(update={name: value for name, value in given.items() if value is not None})
        if pack == self.settings.pack and pipeline == chosen:
            return self
        key = f"{pack} {pipeline.score_threshold} {pipeline.nms_iou}"
        with self._lock:
            if key not in self._rooms:
                settings = self.settings.model_copy(update={"pack": pack, "pipeline": pipeline})
                self._rooms[key] = Boxlens(settings, self.addresses, say=self._say, whole=self)
            return self._rooms[key]

    @property
    def pack(self) -> PackInfo:
        return self.loaded.info

    @property
    def labels(self) -> Sequence[LabelName]:
        return self.loaded.labels

    @cached_property
    def networks(self) -> Networks:
        chosen, pack = self.settings.pipeline, self.loaded
        return Networks(
            detector=pack.detector,
            vit=pack.vit,
            clip=pack.clip_image,
            reader=pack.ocr if chosen.ocr else None,
            crop_padding=pack.crop_padding,
            limits=Limits(chosen.min_area_share, chosen.min_side, chosen.max_objects, self.settings.api.max_pixels),
        )

    @cached_property
    def indexer(self) -> Indexer:
        chosen = self.settings.pipeline

        def pipeline_for(known: KnownImages, clock: StageClock) -> IngestPipeline:
            stages = Stages(
                self.networks, fetcher=self.fetcher, store=self.store, known=known, bucket=self.bucket, clock=clock
            )
            return IngestPipeline(stages, detect_batch=chosen.detect_batch, embed_batch=chosen.embed_batch)

        return Indexer(self.index, self.pack, pipeline_for, slab=chosen.slab)

    @cached_property
    def searcher(self) -> Searcher:
        return Searcher(self.index, self.pack, self.pictures, self.texts, self.labels)

    @cached_property
    def pictures(self) -> QueryPipeline:
        return QueryPipeline(self.networks, self.settings.pipeline.remembered)

    @cached_property
    def texts(self) -> RememberedTexts | None:
        encoder = self.loaded.clip_text
        return RememberedTexts(encoder, self.settings.pipeline.remembered) if encoder else None

    def decode(self, data: bytes) -> DecodedPicture:
        """An uploaded picture, upright. Raises BadInput."""
        return decode(data, max_pixels=self.settings.api.max_pixels)

    def checks(self) -> list[Missing]:
        """What is missing before this can serve."""
        missing = []
        if problem := self.index.ready():
            repair = "Start it with `boxlens es start`, or set BOXLENS_ELASTICSEARCH__URL."
            missing.append(Missing("elasticsearch", problem, repair))
        if problem := self.store.ready():
            repair = "Start it with `boxlens proxy`, or set BOXLENS_PROXY__URL."
            missing.append(Missing("minio-proxy", problem, repair))
        try:
            _ = self.loaded
        except BoxlensError as error:
            missing.append(Missing("pack", error.detail, error.hint))
        return missing

    def stages(self) -> dict[str, Stage]:
        """Time per ingest stage since the start."""
        clock = StageClock()
        for room in (self, *self._rooms.values()):
            if "indexer" in room.__dict__:
                for stage in room.indexer.clock.stages():
                    clock.add(stage.name, stage.items, stage.seconds)
        return {stage.name: stage for stage in clock.stages()}

    def lookups(self) -> dict[str, Lookups]:
        """How often what a query brought was known, by what it was."""
        return self.pictures.lookups | ({"text": self.texts.lookups} if self.texts else {})

    def close(self) -> None:
        """Let connections go."""
        if "store" in self.__dict__:
            self.store.close()


def running(settings: Settings, say: Say = lambda text: None) -> Running:
    """How the settings want networks to be run."""
    wanted = Wanted(settings.runtime, settings.precision, settings.device)
    return Running(wanted, settings.threads, settings.choices, say)


def pack_places(settings: Settings) -> tuple[Path, Path]:
    """Where packs are looked for: the user's own folder, then the packs that came with the program."""
    return settings.packs, Path(__file__).parent / "packs"


@contextmanager
def open_boxlens(
    settings: Settings, say: Say = lambda text: None, downloaded: Downloaded | None = None
) -> Iterator[Boxlens]:
    """A Boxlens with the servers it needs, for the length of the block."""
    with servers(settings, say, downloaded) as addresses:
        boxlens = Boxlens(settings, addresses, say=say)
        try:
            yield boxlens
        finally:
            boxlens.close()
