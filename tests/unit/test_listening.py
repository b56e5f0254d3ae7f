"""What the server listens on."""

from __future__ import annotations

import socket

import pytest

from embedding_pipeline.cli.serve import listen
from embedding_pipeline.errors import Conflict


def test_small_answers_are_sent_at_once() -> None:
    """asyncio switches Nagle's algorithm off only where the socket itself says it is TCP."""
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_said() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(Conflict, match="cannot be listened on"):
        listen("127.0.0.1", taken.getsockname()[1])
