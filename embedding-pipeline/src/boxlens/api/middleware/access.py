"""Which requests are let in: by a key of the file or of the settings, within its role and its limit.

Plain ASGI, before any body is read. Without any key, everything is open: then the guard against foreign pages holds.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boxlens.access.audit_log import AuditLog
from boxlens.access.keys import COOKIE, Key, KeyFile, Role
from boxlens.api import problems
from boxlens.api.middleware.clients import address_of
from boxlens.domain.errors import BoxlensError, Denied, Forbidden, TooManyRequests

SESSION = "/v1/session"
_SAFE = ("GET", "HEAD", "OPTIONS")
_ASKING = re.compile(
    r"/v1/(detect|session|collections/[^/]+/(search|search/image|facets|spread|feedback|selection/export))"
)
_IMAGES = re.compile(r"/v1/collections/[^/]+/(images(/.*)?|selection/(describe|delete|restore))")
_SAVED = re.compile(r"/v1/saved(/.*)?")
_HOUR_S = 3600.0
REFUSALS_NOTED = 1000
"""Refusals in an hour that each process notes: whoever has no key could else push the changes out of the log."""
_OF_SETTINGS = Key("", "settings", "admin", "", "")


def needed_role(method: str, path: str) -> Role | None:
    """The role that a request needs; None for what is open to all. What no rule knows needs the highest.

    The router sees a path as it is decoded: so does this, and white space or case at its end open nothing.
    """
    path = path.strip().rstrip("/").lower()
    if not (path in ("/v1", "/metrics") or path.startswith("/v1/")):
        return None
    if method in _SAFE or _ASKING.fullmatch(path):
        return "read"
    return "write" if _IMAGES.fullmatch(path) or _SAVED.fullmatch(path) else "admin"


class Keys:
    """The keys of the file and of the settings."""

    def __init__(self, file: KeyFile, of_settings: Sequence[str] = ()) -> None:
        self._file = file
        self._of_settings = [key.encode() for key in of_settings]

    def needed(self) -> bool:
        """Whether a key is asked for: once one was made, also when all are revoked. Raises Unavailable."""
        return bool(self._of_settings or self._file.entries())

    def sent(self, headers: Mapping[str, str]) -> Key | None:
        """The key that headers, their names in lower case, bring as a bearer token or as X-API-Key. Raises
        Unavailable."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._key(token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", ""))

    def of_page(self, headers: Mapping[str, str]) -> Key | None:
        """The key with which the page was signed in, from the cookie that its scripts cannot read."""
        for cookie in headers.get("cookie", "").split(";"):  # the parser of the standard library is slow on long ones
            name, _, value = cookie.partition("=")
            if name.strip() == COOKIE:
                return self._key(value.strip())
        return None

    def hold(self, headers: Mapping[str, str]) -> bool:
        """Whether headers bring a key that a page of another origin cannot send unasked: no cookie counts."""
        try:
            return self.sent(headers) is not None
        except BoxlensError:
            return False

    def _key(self, text: str) -> Key | None:
        sent = text.encode("latin-1", "replace")
        matches = [hmac.compare_digest(sent, key) for key in self._of_settings]
        if any(matches):  # after comparing with every key, so that the time taken tells nothing
            return _OF_SETTINGS
        return self._file.holder(text)


class _Limits:
    """How many requests each key may send: a bucket that fills evenly, and holds those of one minute."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, key: Key, now: float) -> float:
        """0 when the request is within the limit; else after how many seconds the next one is."""
        if not key.per_minute:
            return 0.0
        with self._lock:
            left, at = self._left.get(key.id, (float(key.per_minute), now))
            left = min(float(key.per_minute), left + (now - at) * key.per_minute / 60)
            allowed = left >= 1
            self._left[key.id] = (left - 1 if allowed else left, now)
        return 0.0 if allowed else (1 - left) * 60 / key.per_minute


class Hourly:
    """Lets so many through in an hour, which begins with the first of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._began, self._count = -_HOUR_S, 0

    def lets(self, now: float) -> bool:
        """Whether one at this moment, in seconds, is among them."""
        if now - self._began >= _HOUR_S:
            self._began, self._count = now, 0
        self._count += 1
        return self._count <= self._most


class RequireKey:
    """Asks for a key on everything under /v1 and on the metrics, and notes what was changed and by which key."""

    def __init__(self, app: ASGIApp, keys: Keys, audit: AuditLog) -> None:
        self.app = app
        self._keys, self._audit = keys, audit
        self._limits = _Limits()
        self._used: dict[tuple[str, str], float] = {}
        self._refusals = Hourly(REFUSALS_NOTED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        role = needed_role(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if role is None:
            await self.app(scope, receive, send)
            return
        try:
            key = self._admitted(scope, role)
        except BoxlensError as error:
            await problems.of_boxlens(error)(scope, receive, send)
            return
        name = key.name if key else ""
        scope.setdefault("state", {})["key_name"] = name
        if role == "read":
            await self.app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._audit.add("change", by=name, **_facts(scope), status=status)

    def _admitted(self, scope: Scope, role: Role) -> Key | None:
        """The key of the request; None where none is needed. Raises Denied, Forbidden, TooManyRequests, Unavailable."""
        if not self._keys.needed():
            return None
        headers = Headers(scope=scope)
        key = self._keys.sent(headers) or self._keys.of_page(headers)
        if key is None:
            if {"authorization", "x-api-key", "cookie"} & set(headers.keys()):
                self._note_refusal("refused", "", scope)
            hint = "Send it as Authorization: Bearer KEY or X-API-Key: KEY."
            raise Denied("A valid API key is needed.", hint=hint)
        wait_s = self._limits.wait_s(key, time.monotonic())
        if wait_s:
            raise TooManyRequests(
                f"The key {key.name} may send {key.per_minute} requests a minute.",
                hint="Send fewer, or ask for a key with a higher limit.",
                retry_after_s=int(wait_s) + 1,
            )
        if not key.may(role):
            self._note_refusal("forbidden", key.name, scope)
            hint = f"Use a key with the role {role}: boxlens keys make NAME --role {role}"
            raise Forbidden(f"The key {key.name} has the role {key.role}, and this needs {role}.", hint=hint)
        self._note_use(key, scope)
        return key

    def _note_refusal(self, event: str, by: str, scope: Scope) -> None:
        if self._refusals.lets(time.monotonic()):
            self._audit.add(event, by=by, **_facts(scope))

    def _note_use(self, key: Key, scope: Scope) -> None:
        """A key that is used from an address is noted once an hour."""
        client = address_of(scope)
        now = time.monotonic()
        if now - self._used.get((key.id, client), -_HOUR_S) >= _HOUR_S:
            self._used = {place: at for place, at in self._used.items() if now - at < _HOUR_S}
            self._used[key.id, client] = now
            self._audit.add("key_used", by=key.name, client=client)


def _facts(scope: Scope) -> dict[str, str]:
    return {"client": address_of(scope), "method": scope["method"], "path": scope["path"][:1000]}
