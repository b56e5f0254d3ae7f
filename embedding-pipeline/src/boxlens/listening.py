"""Sockets that listen before the work behind them begins, so that a taken port is known at once and stays ours."""

from __future__ import annotations

import errno
import socket

from boxlens.domain.errors import Conflict

LOOPBACK = "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket on ``port``, 0 for any free one. Raises Conflict when it cannot be had."""
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise Conflict(
            f"{host}:{port} cannot be listened on: {error.strerror}.", hint="Give another --port; 0 takes a free one."
        ) from error
    return _known_as_tcp(listening)


def listen_near(port: int) -> socket.socket:
    """A listening TCP socket of this machine alone: on ``port`` when it is free, otherwise on any free one.

    Raises Conflict when this machine gives no port at all.
    """
    try:
        return _known_as_tcp(socket.create_server((LOOPBACK, port)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise Conflict(f"{LOOPBACK} cannot be listened on: {error.strerror}.", hint="Check the network.") from error
    return listen(LOOPBACK, 0)


def address_of(listening: socket.socket) -> str:
    """The http address under which a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def _known_as_tcp(bound: socket.socket) -> socket.socket:
    """The same socket with its protocol told.

    asyncio sends small answers at once (TCP_NODELAY) on sockets that say they are TCP; ``create_server`` makes one
    that says 0, and each answer would wait 40 ms for the client's acknowledgement.
    """
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())
