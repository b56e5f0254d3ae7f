"""Settings from ``BOXLENS_PROXY__*`` variables; variables meant for others (URL, PORT, PUBLIC_URL) are passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ProxySettings(BaseSettings):
    """Where pictures are stored and who may read and write them.

    ``root``: the folder of the file backend, one sub-folder a bucket. ``cache``: thumbnails and crops, at most
    ``cache_bytes``; None puts it beside the buckets. Without keys every program that reaches the port may read and
    write. ``allowed_hosts``: names besides addresses and localhost by which the proxy may be called. ``origins``:
    origins of foreign pages that may read here. ``page_ports``: ports of this host on which the page is served; 0: any.
    """

    model_config = SettingsConfigDict(env_prefix="BOXLENS_PROXY__", extra="ignore", env_ignore_empty=True)

    backend: Literal["file", "s3"] = "file"
    root: Path = Path(".data/objects")
    s3_endpoint: str | None = None  # http(s)://host:port; without a scheme https is meant
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str | None = None  # asked for health, and listed where the key may not list buckets
    s3_region: str | None = None
    write_key: SecretStr | None = None
    signing_key: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    origins: Annotated[tuple[str, ...], NoDecode] = ()
    page_ports: Annotated[tuple[int, ...], NoDecode] = (8080,)
    cache: Path | None = None
    cache_bytes: int = Field(2 * 1024**3, ge=0)
    widths: Annotated[tuple[int, ...], NoDecode] = (160, 240, 320, 480, 640, 960, 1280)
    max_bytes: int = Field(256 * 1024**2, ge=1)
    max_pixels: int = Field(64_000_000, ge=1, le=178_000_000)  # beyond it Pillow itself refuses
    idle_s: float = Field(30, gt=0)  # longest wait for the next bytes of an upload
    picture_workers: int = Field(2, ge=1)  # thumbnails made at the same time
    decode_budget_bytes: int = Field(1024**3, ge=1024**2)  # memory of all of them together

    @field_validator("widths", "allowed_hosts", "origins", "page_ports", mode="before")
    @classmethod
    def _split_lists(cls, value: object) -> object:
        """``160,320`` as well as ``[160, 320]``."""
        if not isinstance(value, str):
            return value
        return [part.strip().strip("\"'") for part in value.strip("[]").split(",") if part.strip()]

    @model_validator(mode="after")
    def _s3_is_named(self) -> Self:
        if self.backend == "s3" and not (self.s3_endpoint and self.s3_access_key and self.s3_secret_key):
            raise ValueError("backend s3 needs s3_endpoint, s3_access_key and s3_secret_key")
        return self

    @property
    def cache_dir(self) -> Path:
        return self.cache or self.root / ".cache"

    @property
    def incoming_dir(self) -> Path:
        """Half-received uploads; on the disk of the file backend, so that a rename finishes them."""
        return (self.root if self.backend == "file" else self.cache_dir) / ".incoming"
