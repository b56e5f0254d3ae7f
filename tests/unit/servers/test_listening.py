"""Sockets that listen before the work behind them begins."""

from __future__ import annotations

import socket

import pytest

from boxlens.domain.errors import Conflict
from boxlens.listening import LOOPBACK, listen, listen_near


def test_small_answers_are_sent_at_once() -> None:
    """asyncio switches Nagle's algorithm off only where the socket itself says it is TCP."""
    with listen(LOOPBACK, 0) as exact, listen_near(0) as near:
        assert exact.proto == near.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_said() -> None:
    with listen(LOOPBACK, 0) as taken, pytest.raises(Conflict, match="cannot be listened on"):
        listen(LOOPBACK, taken.getsockname()[1])


def test_a_first_choice_that_is_taken_leads_to_a_free_port() -> None:
    with listen(LOOPBACK, 0) as taken, listen_near(taken.getsockname()[1]) as near:
        assert near.getsockname()[1] not in (0, taken.getsockname()[1])
