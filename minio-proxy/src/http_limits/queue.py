"""So many requests are worked on at once, so many wait for a while, and the others are told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from http_limits.bodies import App, Message, Receive, Refused, Scope, Send


class Queue:
    """ASGI middleware over what takes long. ``concerns`` says of a request whether it waits in the queue: health does
    not.

    ``at_once`` must be less than the threads that routes run in, so that those which do not wait find one.
    """

    def __init__(
        self,
        app: App,
        *,
        refuse: Callable[[Refused], App],
        concerns: Callable[[Scope], bool],
        at_once: int = 24,
        waiting: int = 96,
        wait_s: float = 10.0,
    ) -> None:
        self._app, self._refuse, self._concerns = app, refuse, concerns
        self._at_once, self._most_waiting, self._wait_s = at_once, waiting, wait_s
        self._places = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._concerns(scope):
            await self._app(scope, receive, send)
            return
        if not await self._place():
            refusal = Refused(503, "busy", "There is more to do than can be done now.", "Try again in a moment.", 2)
            await self._refuse(refusal)(scope, receive, send)
            return
        held = True

        async def released(message: Message) -> None:
            """When an answer begins, the work is done: who reads it slowly holds no place."""
            nonlocal held
            if held and message["type"] == "http.response.start":
                held = False
                self._places.release()
            await send(message)

        try:
            await self._app(scope, receive, released)
        finally:
            if held:
                self._places.release()

    async def _place(self) -> bool:
        if self._places.locked() and self._waiting >= self._most_waiting:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True
