"""Settings from ``BOXLENS_*`` variables (nested with ``__``) and ``boxlens.toml``; variables win."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from embedding_pipeline.domain import IndexType


class ElasticsearchSettings(BaseModel):
    """``url`` of "embedded" runs the server in a child process; otherwise one or more addresses, comma-separated."""

    url: str = "embedded"
    api_key: SecretStr | None = None
    port: int = Field(9200, ge=0, le=65535)  # first choice of the embedded node
    nodes: int = Field(1, ge=1, le=9)
    heap: str = Field("1g", pattern=r"^\d+[kmg]$")
    timeout_s: float = Field(30, gt=0)


class IndexSettings(BaseModel):
    """HNSW parameters (Malkov and Yashunin, 2016) and the share-out of a collection's index."""

    type: IndexType = "int8_hnsw"
    m: int = Field(16, ge=4, le=512)
    ef_construction: int = Field(256, ge=8, le=3200)
    shards: int = Field(1, ge=1)
    replicas: int = Field(0, ge=0)


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
    """Detection and batching. Thresholds are detector scores 0..1; ``min_area_share`` is box area over picture area."""

    score_threshold: float = Field(0.3, ge=0, le=1)
    nms_iou: float = Field(0.45, gt=0, le=1)
    min_area_share: float = Field(0.0005, ge=0, lt=1)
    min_side: int = Field(8, ge=1)
    max_objects: int = Field(100, ge=1)
    detect_batch: int = Field(4, ge=1)
    embed_batch: int = Field(32, ge=1)
    slab: int = Field(16, ge=1)  # images per graph run; two runs overlap
    ocr: bool = True
    remembered: int = Field(1024, ge=0)  # texts, and boxes of query pictures, whose vectors are kept; 0: none


class FetchSettings(BaseModel):
    """Limits on pictures fetched from addresses; ``allow_hosts`` (host or host:port) may be private."""

    timeout_s: float = Field(15, gt=0)
    max_redirects: int = Field(3, ge=0)
    allow_hosts: tuple[str, ...] = ()


class ApiSettings(BaseModel):
    """The HTTP API: keys (none: open), limits on uploads, and origins allowed by CORS."""

    keys: tuple[SecretStr, ...] = ()
    max_upload_bytes: int = Field(20 * 1024 * 1024, ge=1)
    max_pixels: int = Field(64_000_000, ge=1)
    cors_origins: tuple[str, ...] = ()
    upload_ttl_s: int = Field(24 * 3600, ge=60)


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
    pack: str = "demo"
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
