"""Who may read and who may write."""

from __future__ import annotations

import hmac
import time
from urllib.parse import urlsplit

from starlette.requests import Request

from minio_proxy.errors import Denied
from minio_proxy.settings import ProxySettings
from minio_proxy.signing import verify


class Access:
    """Decides by the keys of the settings; without keys the door is open, but not to other people's web pages."""

    def __init__(self, settings: ProxySettings) -> None:
        self._write_key = settings.write_key.get_secret_value() if settings.write_key else None
        self._signing_key = settings.signing_key.get_secret_value() if settings.signing_key else None

    def may_write(self, request: Request) -> None:
        """Raises Denied."""
        if self._write_key is not None:
            if not self._holds_key(request):
                raise Denied(
                    "Writing needs the write key.",
                    hint="Send Authorization: Bearer KEY, or X-Write-Key.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        elif _from_foreign_page(request):
            raise Denied("Web pages of other addresses may not write here.", hint="Set a write key and send it.")

    def may_read(self, request: Request, bucket: str, key: str) -> int | None:
        """Seconds a signed address is still valid; None when none is needed. Raises Denied."""
        if self._signing_key is None or self._holds_key(request):
            return None
        query = request.query_params
        given = {name: query.get(name, "") for name in ("w", "box", "expires", "signature")}
        return verify(
            self._signing_key,
            bucket,
            key,
            given["w"],
            given["box"],
            expires=given["expires"],
            given=given["signature"],
            now=time.time(),
        )

    @property
    def reads_are_signed(self) -> bool:
        return self._signing_key is not None

    def _holds_key(self, request: Request) -> bool:
        if self._write_key is None:
            return False
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-write-key", "")
        return hmac.compare_digest(given.encode(), self._write_key.encode())


def _from_foreign_page(request: Request) -> bool:
    """A form on any page could otherwise post to a proxy on the reader's own machine."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
