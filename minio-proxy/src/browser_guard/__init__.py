"""What a browser may do on behalf of a page: one middleware for every HTTP service of Boxlens.

A service on loopback has no password: any page that a person opens can send requests to it from their browser. Three
facts tell such requests apart (Fetch Standard, fetch metadata; RFC 6454 for origins):

- ``Host``: a name that was rebound to a loopback or private address still stands here. So a host must be an address
  literal, ``localhost``, or a name that is allowed by a setting.
- ``Origin``: names the page of every request that changes something, and of every answer that a script may read.
- ``Sec-Fetch-Site``: tells also where no origin is sent, such as for pictures embedded by a page.

Programs send none of the last two and are not concerned. The middleware imports nothing of the services behind it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: what happened, what to do about it, and the HTTP status."""

    status: int
    code: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed beyond the same origin.

    ``hosts``: names by which the service may be called, without port; ``*`` allows any. ``origins``: origins of pages
    (``https://photos.example``). ``page_ports``: ports of the same host whose pages belong to this service; 0 is any.
    ``host_setting`` and ``origin_setting`` are named in refusals.
    """

    hosts: Collection[str] = ()
    origins: Collection[str] = ()
    page_ports: Collection[int] = ()
    host_setting: str = ""
    origin_setting: str = ""

    def host(self, host: str) -> bool:
        """Whether a ``Host`` header names this service: ``name``, ``name:port``, ``1.2.3.4:port`` or ``[::1]:port``."""
        name = _hostname(host)
        return name is not None and ("*" in self.hosts or name in self.hosts or _is_local(name))

    def origin(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may act on the service that was called as ``host``."""
        if origin in self.origins or "*" in self.origins:
            return True
        try:
            parts = urlsplit(origin)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return False
        if parts.netloc == host:
            return True
        own_host = parts.hostname is not None and parts.hostname == _hostname(host)
        return own_host and (port in self.page_ports or 0 in self.page_ports)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What scripts of other allowed origins may do (CORS, Fetch Standard): methods, request headers, and the answer's
    headers they may read. ``max_age_s``: how long a browser remembers it."""

    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int = 86400


class BrowserGuard:
    """Refuses what no page of this service asked for. ASGI middleware.

    ``refuse`` answers a request with a refusal. ``embedding``: whether pages of other sites may show what safe requests
    answer, as where every address is signed. ``keyed``: whether the headers of a request hold a valid key; a page of
    another origin cannot send one unasked.
    """

    def __init__(
        self,
        app: App,
        *,
        allowed: Allowed,
        refuse: Callable[[Refusal], App],
        embedding: bool = False,
        sharing: Sharing | None = None,
        keyed: Callable[[dict[str, str]], bool] = lambda headers: False,
    ) -> None:
        self._app = app
        self._allowed = allowed
        self._refuse = refuse
        self._embedding = embedding
        self._sharing = sharing
        self._keyed = keyed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is not None:
            await self._refuse(refusal)(scope, receive, send)
        elif self._sharing is not None and scope["type"] == "http":
            await self._share(self._sharing, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _share(self, sharing: Sharing, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers that let a script of the origin read it; the origin was found to be allowed."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        if origin is not None and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            granted = [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-methods", ", ".join(sharing.methods).encode()),
                (b"access-control-allow-headers", ", ".join(sharing.headers).encode()),
                (b"access-control-max-age", str(sharing.max_age_s).encode()),
                (b"vary", b"Origin"),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": granted})
            await send({"type": "http.response.body", "body": b""})
            return

        async def shared(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"vary", b"Origin")]
                if origin is not None:
                    message["headers"] += [
                        (b"access-control-allow-origin", origin),
                        (b"access-control-expose-headers", ", ".join(sharing.exposed).encode()),
                    ]
            await send(message)

        await self._app(scope, receive, shared)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why this request is refused; None when it is not."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if not self._allowed.host(host):
            return Refusal(
                403,
                "host_not_allowed",
                f"This service does not answer to the name {_printable(host)}.",
                f"Call it by its address, or allow the name: {self._allowed.host_setting}.",
            )
        if self._keyed(headers):
            return None
        origin = headers.get("origin")
        if origin is not None and not self._allowed.origin(origin, host):
            return self._foreign(f"the page {_printable(origin)}")
        if origin is None and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return self._without_origin(scope, headers)
        return None

    def _without_origin(self, scope: Scope, headers: dict[str, str]) -> Refusal | None:
        """A request from another origin that sends none: a link that was followed, or a picture that is embedded."""
        safe = scope.get("method", "GET") in SAFE_METHODS
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        same_site = headers["sec-fetch-site"] == "same-site" and bool(self._allowed.page_ports)
        if safe and (followed or same_site or self._embedding):
            return None
        return self._foreign("a page of another address")

    def _foreign(self, who: str) -> Refusal:
        return Refusal(
            403,
            "origin_not_allowed",
            f"Requests from {who} are not answered.",
            f"Allow its origin: {self._allowed.origin_setting}.",
        )


def _hostname(host: str) -> str | None:
    """The name in a ``Host`` header in lower case, without port and brackets; None when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.netloc == host and "@" not in host else None
    except ValueError:
        return None


def _is_local(name: str) -> bool:
    """Whether a name cannot have been rebound: an address literal, or ``localhost``, which browsers never look up."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _printable(text: str) -> str:
    """A header as it may stand in an answer: printable ASCII, at most 100 characters."""
    return repr("".join(c if " " <= c <= "~" else "?" for c in text[:100]))
