"""The one module that knows every adapter: settings and addresses in, a working Boxlens out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from embedding_pipeline.domain import Missing, PackInfo, Stage
from embedding_pipeline.errors import BoxlensError
from embedding_pipeline.images import DecodedPicture, decode
from embedding_pipeline.indexing import Indexer
from embedding_pipeline.models.packs import Pack, RunOptions, find_pack, load_pack
from embedding_pipeline.pipeline import IngestPipeline, QueryPipeline
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.searching import Searcher
from embedding_pipeline.servers import Addresses, Downloaded, Say, servers
from embedding_pipeline.settings import Settings
from embedding_pipeline.stages import KnownImages, Limits, Networks, StageClock, Stages
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.fetching import GuardedFetcher
from embedding_pipeline.stores.proxy_client import ProxyStore

PICTURES = "pictures"  # the bucket of a folder store; S3 names its own


class Boxlens:
    """A whole Boxlens over two addresses. Parts are made when first used: listing collections loads no network."""

    def __init__(self, settings: Settings, addresses: Addresses, *, index: ObjectIndex | None = None) -> None:
        self.settings, self.addresses = settings, addresses
        self.bucket = settings.proxy.s3_bucket or PICTURES
        self._given_index = index

    @cached_property
    def index(self) -> ObjectIndex:
        if self._given_index is not None:
            return self._given_index
        client = connect(self.addresses.elasticsearch, self.settings.elasticsearch)
        return ElasticIndex(client, self.settings.index)

    @cached_property
    def store(self) -> ProxyStore:
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
        options = RunOptions(self.settings.threads, chosen.score_threshold, chosen.nms_iou)
        return load_pack(find_pack(self.settings.pack, *pack_places(self.settings)), options)

    @property
    def pack(self) -> PackInfo:
        return self.loaded.info

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
        pack = self.loaded
        return Searcher(self.index, self.pack, QueryPipeline(self.networks), pack.clip_text, pack.labels)

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
        return {stage.name: stage for stage in self.indexer.clock.stages()}

    def close(self) -> None:
        """Let connections go."""
        if "store" in self.__dict__:
            self.store.close()


def pack_places(settings: Settings) -> tuple[Path, Path]:
    """Where packs are looked for: the user's own folder, then the packs that came with the program."""
    return settings.packs, Path(__file__).parent / "packs"


@contextmanager
def open_boxlens(
    settings: Settings, say: Say = lambda text: None, downloaded: Downloaded | None = None
) -> Iterator[Boxlens]:
    """A Boxlens with the servers it needs, for the length of the block."""
    with servers(settings, say, downloaded) as addresses:
        boxlens = Boxlens(settings, addresses)
        try:
            yield boxlens
        finally:
            boxlens.close()
