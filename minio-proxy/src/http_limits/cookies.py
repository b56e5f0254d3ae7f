"""Cookies stay outside: no route of ours reads any."""

from __future__ import annotations

from http_limits.bodies import App, Receive, Scope, Send


class WithoutCookies:
    """ASGI middleware: takes cookies away from requests.

    FastAPI reads them for every route, by ``http.cookies``, whose time grows with the square of their length before
    Python 3.11.10 and 3.12.6 (CVE-2024-7592): 60 kB hold all requests up for half a minute.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        await self._app(scope, receive, send)
