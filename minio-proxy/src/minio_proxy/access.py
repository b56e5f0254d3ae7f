"""Who may read and who may write."""

from __future__ import annotations

import hmac
import time

from starlette.requests import Request

from minio_proxy.errors import Denied
from minio_proxy.settings import ProxySettings
from minio_proxy.signing import verify


class Access:
    """Decides by the keys of the settings. Without keys programs may do anything; pages are held by a guard."""

    def __init__(self, settings: ProxySettings) -> None:
        self._write_key = settings.write_key.get_secret_value() if settings.write_key else None
        self._signing_key = settings.signing_key.get_secret_value() if settings.signing_key else None

    def may_write(self, request: Request) -> None:
        """Raises Denied."""
        if self._write_key is not None and not self._holds_key(request):
            raise Denied(
                "Writing needs the write key.",
                hint="Send Authorization: Bearer KEY, or X-Write-Key.",
                headers={"WWW-Authenticate": "Bearer"},
            )

    def may_read(self, request: Request, bucket: str, key: str) -> int | None:
        """Seconds a signed address is still valid; None when none is needed. Raises Denied."""
        if self._signing_key is None or self._holds_key(request):
            return None
        query = request.query_params
        parameters = {name: query.get(name, "") for name in ("w", "box", "expires", "signature")}
        return verify(
            self._signing_key,
            bucket,
            key,
            parameters["w"],
            parameters["box"],
            expires=parameters["expires"],
            sent=parameters["signature"],
            now=time.time(),
        )

    @property
    def reads_are_signed(self) -> bool:
        return self._signing_key is not None

    def _holds_key(self, request: Request) -> bool:
        if self._write_key is None:
            return False
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        sent_key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-write-key", "")
        return hmac.compare_digest(sent_key.encode(), self._write_key.encode())
