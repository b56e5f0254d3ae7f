"""Judges what apprise does while it tells a target: every connection, and every file.

apprise and its many services open connections of their own, so an address that was checked before need not be the one
that is reached: a name may change its mind, a service may redirect. Python tells of each connection when it is made,
with the address that will be reached (PEP 578), and that is judged by the rules of fetching. An audit hook stays for
the life of a process, so this one is for the process of ``boxlens.fetch.telling`` alone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from boxlens.domain.errors import ForbiddenUrl
from boxlens.fetch.addresses import check_address, literal_address

_PORTS = frozenset({25, 80, 443, 465, 587})
"""Of mail and the web; lower ones belong to other protocols."""

_COMMANDS = frozenset(
    "os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.system pty.spawn subprocess.Popen "
    "socket.bind syslog.openlog syslog.syslog".split()
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

Resolve = Callable[[str, int | None], Sequence[Any]]


class Sentry:
    """An audit hook that lets through what leads to a public address, or to a host the owner trusts."""

    def __init__(self, trusted: Collection[tuple[str, int]], readable: Collection[Path]) -> None:
        """``trusted``: addresses with their port, 0 for any. ``readable``: folders and files that may be read."""
        self.refused = ""
        self._trusted = frozenset(trusted)
        self._readable = tuple(str(path) for path in readable)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raises PermissionError, after which what was begun does not happen; ``refused`` says why, the last time."""
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._connection(arguments[1])
        elif event == "open":
            self._file(*arguments)
        elif event in _COMMANDS:
            self._refuse("it runs a command of this machine, or writes into its log")

    def _connection(self, address: Any) -> None:
        if address is None:  # of a socket that is connected already
            return
        if not isinstance(address, tuple):
            self._refuse("it leads to a socket of this machine")
        host, port = address[:2]
        if {(host, port), (host, 0)} & self._trusted:
            return
        literal = literal_address(str(host))
        if literal is None:
            self._refuse("its host was not resolved before it is reached")
            return
        try:
            check_address(literal, "it")
        except ForbiddenUrl:
            self._refuse("it leads to an address that is not public")
        if port < 1024 and port not in _PORTS:
            self._refuse(f"it leads to port {port}")

    def _file(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        name = os.fsdecode(path)
        if name == os.devnull:
            return
        real = os.path.realpath(name)
        if flags & _WRITING or not any(real == place or real.startswith(place + os.sep) for place in self._readable):
            self._refuse("it reads or writes files of this machine")

    def _refuse(self, why: str) -> None:
        self.refused = why
        raise PermissionError(why)


def trusted_addresses(hosts: Collection[str], resolve: Resolve = socket.getaddrinfo) -> set[tuple[str, int]]:
    """The addresses of hosts (host or host:port), each with its port, 0 for any. Unknown hosts have none.

    >>> sorted(trusted_addresses(["127.0.0.1:25", "[::1]:80", "10.0.0.1"]))
    [('10.0.0.1', 0), ('127.0.0.1', 25), ('::1', 80)]
    """
    pairs = set()
    for entry in hosts:
        name, _, port = entry.rpartition(":")
        if not name or not port.isdecimal() or literal_address(entry) is not None:
            name, port = entry, "0"
        try:
            addresses = [str(entry[4][0]) for entry in resolve(name.strip("[]"), None)]
        except (OSError, UnicodeError):
            continue
        pairs |= {(address, int(port)) for address in addresses}
    return pairs
