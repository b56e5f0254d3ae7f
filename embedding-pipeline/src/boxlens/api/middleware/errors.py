"""Exceptions that no handler of the application foresaw, as problems."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boxlens.api import problems


class CatchErrors:
    """Answers with a problem when a route fails in a way nobody foresaw; the trace goes to the log alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if started:
                raise
            await problems.of_unexpected(error)(scope, receive, send)
