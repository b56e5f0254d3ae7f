"""Connections that send no whole request head in time are closed, and so are those beyond what a process can hold."""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


def raise_descriptor_limit() -> None:
    """As many descriptors as the system lets this process have, at most 65,536: connections are what uses them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _room() -> int:
    """Connections for which there are descriptors, when a quarter of those is left to files and other servers."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4


class DeadlineProtocol(H11Protocol):
    """uvicorn's protocol, to be given to it as ``http=``; its own keep-alive timeout holds between requests."""

    head_s: ClassVar[float] = 15.0
    """Seconds from the first byte of a request, or from the connection, to the end of its head."""

    unread_s: ClassVar[float] = 60.0
    """Seconds that a client may leave an answer unread."""

    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _room():
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """The deadline runs while a head is awaited, and not while a request is being answered."""
        awaiting = self.cycle is None or self.cycle.response_complete
        if not awaiting:
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_s, self._late)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
