"""Settings from ``BOXLENS_*`` variables (nested with ``__``) and ``boxlens.toml``; variables win."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from boxlens.domain.collections import IndexType


class ElasticsearchSettings(BaseModel):
    """``url`` of "embedded" runs the server in a child process; otherwise one or more addresses, comma-separated."""

    url: str = "embedded"
    api_key: SecretStr | None = None
    port: int = Field(0, ge=0, le=65535)  # of the embedded node; 0: an address and a port of its own
    nodes: int = Field(1, ge=1, le=9)
    heap: str = Field("1g", pattern=r"^\d+[kmg]$")
    timeout_s: float = Field(30, gt=0)


class IndexSettings(BaseModel):
    """HNSW parameters (Malkov and Yashunin, 2016) and the share-out of a collection's index; None: by the rule of
    thumb (``domain.share_out``). docs/scaling.md has the recall that ``ef_construction`` was chosen by.

    ``shard_documents``: from so many documents a shard on, an index is full, and a further one takes what comes."""

    type: IndexType = "int8_hnsw"
    m: int = Field(16, ge=4, le=512)
    ef_construction: int = Field(100, ge=8, le=3200)
    shards: int | None = Field(None, ge=1, le=1024)
    replicas: int | None = Field(None, ge=0, le=9)
    shard_documents: int = Field(5_000_000, ge=1)


class ProxySettings(BaseModel):
    """How minio-proxy is reached and, when Boxlens starts it itself, what it stores in."""

    url: str = "embedded"
    port: int = Field(10086, ge=0, le=65535)
    public_url: str | None = None  # what browsers use, when it differs from url
    write_key: SecretStr | None = None
    signing_key: SecretStr | None = None
    backend: Literal["file", "s3"] = "file"
    s3_endpoint: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str | None = None  # the bucket pictures are stored in


class PipelineSettings(BaseModel):
    """Detection and batching. Thresholds are detector scores 0..1; ``min_area_share`` is box area over picture area.

    From ``score_threshold`` a box is an object, below it and from ``proposal_threshold`` a proposal for looks and
    words alone.
    """

    score_threshold: float | None = Field(None, ge=0, le=1)  # None: that of the pack
    proposal_threshold: float = Field(0.15, ge=0, le=1)
    tiles: bool = False  # look at the quarters of each picture too, for small things: four more looks of the detector
    nms_iou: float = Field(0.45, gt=0, le=1)
    min_area_share: float = Field(0.0005, ge=0, lt=1)
    min_side: int = Field(8, ge=1)
    max_objects: int = Field(100, ge=1)
    detect_batch: int = Field(4, ge=1)
    embed_batch: int = Field(32, ge=1)
    engine: Literal["towhee", "sequential"] = "towhee"  # what carries pictures through the stages of ingest
    slab: int = Field(16, ge=1)  # images per run of the engine; two runs overlap
    ocr: bool = True
    decode_budget_bytes: int = Field(1024**3, ge=1024**2)  # memory of all pictures being decoded at the same time
    remembered: int = Field(1024, ge=0)  # texts, and boxes of query pictures, whose vectors are kept; 0: none

    def object_score(self, of_pack: float) -> float:
        """The score from which a box is an object: that of the settings, else of the pack."""
        return of_pack if self.score_threshold is None else self.score_threshold


class FetchSettings(BaseModel):
    """Limits on pictures fetched from addresses; ``allow_hosts`` (host or host:port) may be private."""

    timeout_s: float = Field(15, gt=0)
    max_redirects: int = Field(3, ge=0)
    allow_hosts: tuple[str, ...] = ()


class ApiSettings(BaseModel):
    """The HTTP API: keys (none: open), limits on uploads, names besides addresses and localhost by which it may be
    called (``*``: any), and origins of foreign pages that may call it."""

    keys: tuple[SecretStr, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    max_upload_bytes: int = Field(20 * 1024 * 1024, ge=1)
    max_pixels: int = Field(64_000_000, ge=1)
    in_flight_bytes: int = Field(1024**3, ge=1024**2)  # bodies of all requests at work; a client may have a quarter
    upload_quota_bytes: int = Field(8 * 1024**3, ge=0)  # of one client in an hour; 0: any number
    cors_origins: tuple[str, ...] = ()
    upload_ttl_s: int = Field(24 * 3600, ge=60)
    keep_feedback: bool = False


class NotifySettings(BaseModel):
    """Who is told of new pictures that saved searches find. ``secret`` signs what is sent: ``whsec_`` and base64, or
    any text. ``apprise``: targets as apprise writes them, which hold secrets."""

    webhooks: tuple[str, ...] = ()
    apprise: tuple[SecretStr, ...] = ()
    secret: SecretStr | None = None
    every_s: float = Field(15, gt=0)  # how often saved searches look for new pictures

    @model_validator(mode="after")
    def _signed(self) -> NotifySettings:
        if self.webhooks and not (self.secret and self.secret.get_secret_value()):
            raise ValueError("BOXLENS_NOTIFY__SECRET is needed to sign what is sent to BOXLENS_NOTIFY__WEBHOOKS")
        return self


class Settings(BaseSettings):
    """Everything that can be set; the defaults run a whole Boxlens on one laptop."""

    model_config = SettingsConfigDict(
        env_prefix="BOXLENS_", env_nested_delimiter="__", toml_file="boxlens.toml", extra="forbid"
    )

    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    index: IndexSettings = IndexSettings()
    proxy: ProxySettings = ProxySettings()
    pipeline: PipelineSettings = PipelineSettings()
    fetch: FetchSettings = FetchSettings()
    api: ApiSettings = ApiSettings()
    notify: NotifySettings = NotifySettings()
    pack: str = "photos"  # of new collections; one that stands keeps its own
    packs_dir: Path | None = None  # None: {data_dir}/packs
    runtime: Literal["auto", "onnx", "openvino", "torch"] = "auto"  # auto: measured once, the fastest is taken
    precision: Literal["auto", "fp32", "int8", "bf16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(0, ge=0)  # per model; 0: as many as cores
    data_dir: Path = Path(".data")
    collection: str = "default"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @property
    def packs(self) -> Path:
        return self.packs_dir or self.data_dir / "packs"

    @property
    def choices(self) -> Path:
        """Where the runtimes and precisions that were measured and chosen are remembered."""
        return self.data_dir / "runtimes.json"
