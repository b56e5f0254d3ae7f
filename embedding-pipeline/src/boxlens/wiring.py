"""The one module that knows every adapter: settings and addresses in, a working Boxlens out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from cachetools import LRUCache

from boxlens.domain.collections import CollectionSet, CollectionSettings, PackInfo
from boxlens.domain.errors import BoxlensError, NotFound
from boxlens.domain.objects import LabelName
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.reports import Missing, Stage
from boxlens.embedded.config import home_of
from boxlens.embedded.state import embedded_address
from boxlens.fetch.guarded import GuardedFetcher
from boxlens.fetch.notifier import AppriseNotifier
from boxlens.imaging.decoding import DecodedPicture, decode, decode_all
from boxlens.index.elasticsearch.client import connect, following
from boxlens.index.elasticsearch.errors import START as START_ELASTICSEARCH
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.names import require_current_pack
from boxlens.ingest.indexer import Indexer
from boxlens.library.corrections import Corrector
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.following.ledger import LEDGER, Ledger
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.library.saved.ledger import LEDGER as SAVED
from boxlens.library.saved.ledger import SavedSearches
from boxlens.made_once import made_once
from boxlens.models.packs.pack import BUNDLED, Pack, RunOptions, find_pack, load_pack
from boxlens.models.runtimes.backends import BackendRequest
from boxlens.models.runtimes.session_factory import RunSettings
from boxlens.objectstore.proxy_client import START as START_PROXY
from boxlens.objectstore.proxy_client import ProxyStore
from boxlens.pipeline.caching import CachedTextEncoder, Lookups
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines import make_engine
from boxlens.pipeline.model_set import Limits, ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.records.records import Records
from boxlens.search.searcher import Searcher
from boxlens.servers import EMBEDDED, Addresses, DownloadProgress, Report, servers
from boxlens.settings import Settings
from boxlens.suggestions.suggester import Suggester
from picture_decoding import process_budget

_MAX_CHILDREN, _MAX_PACKS = 32, 4  # kept at a time, beside those in use
_MAX_WARMED = 8  # collections made ready at the start of a server
PICTURES = "pictures"  # the bucket of a folder store; S3 names its own


class Boxlens:
    """A whole Boxlens over two addresses. Parts are made when first used: listing collections loads no network."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        *,
        index: ObjectIndex | None = None,
        report: Report = lambda text: None,
        parent: Boxlens | None = None,
    ) -> None:
        """``report`` is told which way of running each network was measured to be the fastest.

        ``parent`` is the Boxlens whose servers this one shares, with a pack or thresholds of its own.
        """
        self.settings, self.addresses = settings, addresses
        self._report = report
        self.bucket = settings.proxy.s3_bucket or PICTURES
        self._given_index, self._parent = index, parent
        self._children: LRUCache[str, Boxlens] = LRUCache(_MAX_CHILDREN)
        self._packs: LRUCache[str, Pack] = LRUCache(_MAX_PACKS)
        self._lock = Lock()
        if parent is None:
            process_budget.govern(settings.pipeline.decode_budget_bytes, "BOXLENS_PIPELINE__DECODE_BUDGET_BYTES")

    @made_once
    def index(self) -> ObjectIndex:
        if self._given_index is not None:
            return self._given_index
        if self._parent is not None:
            return self._parent.index
        chosen, home = self.settings.elasticsearch, home_of(self.settings.data_dir)
        more = {"node_class": following(lambda: embedded_address(home))} if chosen.url == EMBEDDED else {}
        client = connect(self.addresses.elasticsearch, chosen, **more)
        return ElasticsearchIndex(client, self.settings.index)

    @made_once
    def writer(self) -> RecordedWriter:
        """What changes the index, and the records in the object store with it."""
        return self._parent.writer if self._parent is not None else RecordedWriter(self.index, Records(self.store))

    @made_once
    def store(self) -> ProxyStore:
        if self._parent is not None:
            return self._parent.store
        chosen = self.settings.proxy
        return ProxyStore(
            self.addresses.proxy,
            public_url=chosen.public_url,
            write_key=chosen.write_key.get_secret_value() if chosen.write_key else None,
            signing_key=chosen.signing_key.get_secret_value() if chosen.signing_key else None,
        )

    @made_once
    def fetcher(self) -> GuardedFetcher:
        return GuardedFetcher(self.settings.fetch, self.settings.api.max_upload_bytes)

    @made_once
    def notifier(self) -> AppriseNotifier:
        """Raises BadInput for a target that may not be told, Unavailable without the extra ``apprise``."""
        return AppriseNotifier(self.settings.notify.apprise, self.settings.fetch)

    @made_once
    def loaded(self) -> Pack:
        """The pack with its networks. Raises ModelMissing."""
        chosen = self.settings.pipeline
        if self._parent is not None:
            pack = self._parent.pack_named(self.settings.pack)
        else:
            options = RunOptions(running(self.settings, self._report))
            pack = load_pack(find_pack(self.settings.pack, *pack_places(self.settings)), options)
        lowest = min(chosen.object_score(pack.threshold), chosen.proposal_threshold)
        return pack.with_thresholds(score_threshold=lowest, nms_iou=chosen.nms_iou)

    def pack_named(self, name: str) -> Pack:
        """A pack of any name, loaded once. Raises ModelMissing."""
        if name == self.settings.pack:
            return self.loaded
        with self._lock:
            if name not in self._packs:
                options = RunOptions(running(self.settings, self._report))
                self._packs[name] = load_pack(find_pack(name, *pack_places(self.settings)), options)
            return self._packs[name]

    def for_collection(self, collection: str | CollectionSet, *, fresh: bool = False) -> Boxlens:
        """Boxlens with the pack and the thresholds of a collection; ``fresh`` reads anew which those are.

        Raises NotFound, and ModelMissing when its pack is not here.
        """
        setup = self.index.setup(collection, fresh=fresh)
        return self.for_pack(setup.pack.name, setup.settings)

    def for_pictures(self, collection: str, *, fresh: bool = False) -> Boxlens:
        """As ``for_collection``, for pictures to be taken into it. Raises FormerPack as well."""
        require_current_pack(collection, self.index.setup(collection, fresh=fresh), self.settings.pack)
        return self.for_collection(collection)

    def for_pictures_or_new(self, collection: str) -> Boxlens:
        """As ``for_pictures``, also for a collection that is still to be made. Raises ModelMissing, FormerPack."""
        try:
            return self.for_pictures(collection, fresh=True)
        except NotFound:
            return self

    def for_collection_or_new(self, collection: str) -> Boxlens:
        """Boxlens for a collection, which may be one that is still to be made. Raises ModelMissing."""
        try:
            return self.for_collection(collection, fresh=True)
        except NotFound:
            return self

    def for_pack(self, pack: str, own: CollectionSettings = CollectionSettings()) -> Boxlens:
        """Boxlens with a pack and thresholds of its own; one is kept of each kind. Nothing is loaded by this."""
        if self._parent is not None:
            return self._parent.for_pack(pack, own)
        chosen = self.settings.pipeline
        # what a person says of a collection drops all below it: it has no proposals
        overrides = {
            "score_threshold": own.score_threshold,
            "proposal_threshold": own.score_threshold,
            "nms_iou": own.nms_iou,
            "tiles": own.tiles,
        }
        pipeline = chosen.model_copy(update={name: value for name, value in overrides.items() if value is not None})
        if pack == self.settings.pack and pipeline == chosen:
            return self
        key = f"{pack} {pipeline.score_threshold} {pipeline.nms_iou} {pipeline.tiles}"
        with self._lock:
            if key not in self._children:
                settings = self.settings.model_copy(update={"pack": pack, "pipeline": pipeline})
                self._children[key] = Boxlens(settings, self.addresses, report=self._report, parent=self)
            return self._children[key]

    @property
    def pack(self) -> PackInfo:
        return self.loaded.info

    @property
    def labels(self) -> Sequence[LabelName]:
        return self.loaded.labels

    @made_once
    def networks(self) -> ModelSet:
        chosen, pack = self.settings.pipeline, self.loaded
        return ModelSet(
            detector=pack.detector,
            vit=pack.vit,
            clip=pack.clip_image,
            reader=pack.ocr if chosen.ocr else None,
            crop_padding=pack.crop_padding,
            tiles=chosen.tiles,
            limits=Limits(
                chosen.min_area_share,
                chosen.min_side,
                chosen.max_objects,
                self.settings.api.max_pixels,
                chosen.object_score(pack.threshold),
            ),
        )

    @made_once
    def indexer(self) -> Indexer:
        chosen = self.settings.pipeline

        def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
            stages = Stages(
                self.networks, fetcher=self.fetcher, store=self.store, stored=stored, bucket=self.bucket, clock=clock
            )
            sizes = BatchSizes(detect=chosen.detect_batch, embed=chosen.embed_batch)
            return make_engine(chosen.engine, stages, sizes)

        return Indexer(
            self.index,
            self.pack,
            engine_for,
            chunk_size=chosen.slab,
            deletions=DeletedIds(self.store),
            writer=self.writer,
        )

    @made_once
    def corrector(self) -> Corrector:
        return Corrector(self.index, self.writer, self.store, self.fetcher, self.networks, self.pack)

    @made_once
    def following(self) -> Ledger:
        """The followed folders that this data folder knows of. Raises Unavailable, DiskFull."""
        return self._parent.following if self._parent is not None else Ledger(self.settings.data_dir / LEDGER)

    @made_once
    def saved(self) -> SavedSearches:
        """The saved searches of this data folder. Raises Unavailable, DiskFull."""
        return self._parent.saved if self._parent is not None else SavedSearches(self.settings.data_dir / SAVED)

    @made_once
    def searcher(self) -> Searcher:
        return Searcher(self.index, self.pack, self.pictures, self.texts, self.labels)

    @made_once
    def suggester(self) -> Suggester:
        return Suggester(self.index, self.labels)

    @made_once
    def pictures(self) -> QueryPipeline:
        return QueryPipeline(self.networks, self.settings.pipeline.remembered)

    @made_once
    def texts(self) -> CachedTextEncoder | None:
        encoder = self.loaded.clip_text
        return CachedTextEncoder(encoder, self.settings.pipeline.remembered) if encoder else None

    def decode(self, data: bytes) -> DecodedPicture:
        """An uploaded picture, upright. Raises BadInput."""
        return decode(data, max_pixels=self.settings.api.max_pixels)

    def decode_all(self, files: Sequence[bytes]) -> list[DecodedPicture]:
        """Pictures of one query, upright. Raises BadInput."""
        return decode_all(files, max_pixels=self.settings.api.max_pixels)

    def checks(self) -> list[Missing]:
        """What is missing before this can serve."""
        missing = []
        if problem := self.index.ready():
            missing.append(Missing("elasticsearch", problem, START_ELASTICSEARCH))
        if problem := self.store.ready():
            missing.append(Missing("minio-proxy", problem, START_PROXY))
        try:
            _ = self.loaded
        except BoxlensError as error:
            missing.append(Missing("pack", error.detail, error.hint))
        return missing

    def stages(self) -> dict[str, Stage]:
        """Time per ingest stage since the start."""
        clock = StageClock()
        for boxlens in (self, *self._children.values()):
            if "indexer" in boxlens.__dict__:
                for stage in boxlens.indexer.clock.stages():
                    clock.add(stage.name, stage.items, stage.seconds)
        return {stage.name: stage for stage in clock.stages()}

    def lookups(self) -> dict[str, Lookups]:
        """How often what a query brought was known, by what it was."""
        return self.pictures.lookups | ({"text": self.texts.lookups} if self.texts else {})

    def warm(self) -> None:
        """Read what the first search of a collection would have to read, of the default collection first. A collection
        that cannot be searched is passed over: a search says why."""
        try:
            names = [info.name for info in self.index.collections()]
        except BoxlensError:
            return
        names.sort(key=lambda name: name != self.settings.collection)
        for name in names[:_MAX_WARMED]:
            with suppress(BoxlensError):
                self.for_collection(name).searcher.warm(name)

    def close(self) -> None:
        """Let connections go."""
        if "store" in self.__dict__:
            self.store.close()
        if "following" in self.__dict__ and self._parent is None:
            self.following.close()
        if "saved" in self.__dict__ and self._parent is None:
            self.saved.close()


def running(settings: Settings, report: Report = lambda text: None) -> RunSettings:
    """How the settings want networks to be run."""
    request = BackendRequest(settings.runtime, settings.precision, settings.device)
    return RunSettings(request, settings.threads, settings.choices, report)


def pack_places(settings: Settings) -> tuple[Path, Path]:
    """Where packs are looked for: the user's own folder, then the packs that came with the program."""
    return settings.packs, BUNDLED


@contextmanager
def open_boxlens(
    settings: Settings,
    report: Report = lambda text: None,
    on_download: DownloadProgress | None = None,
    page_port: int | None = None,
) -> Iterator[Boxlens]:
    """A Boxlens with the servers it needs, for the length of the block; see ``servers`` for ``page_port``."""
    with servers(settings, report, on_download, page_port) as addresses:
        boxlens = Boxlens(settings, addresses, report=report)
        try:
            yield boxlens
        finally:
            boxlens.close()
