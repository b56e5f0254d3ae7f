"""A Ray cluster to work on: one of this machine's own, on loopback alone, or one that runs."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boxlens.domain.errors import BadInput, Unavailable
from boxlens.domain.local_files import reason
from boxlens.servers import Addresses
from boxlens.telemetry import switch_off

_STORE_BYTES = 100 * 1024**2  # only references travel; Ray wants 75 MiB at least
_LOOPBACK = re.compile(r"localhost|127\..*|::1|0\.0\.0\.0")
_ANSWER_S = 10.0
_JOIN = "Run this on a machine of the cluster, with the address that `ray start --head` printed."
LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on any system: Ray then listens on 127.0.0.1 alone
    "RAY_AUTH_MODE": "token",
    "RAY_worker_niceness": "0",  # as on one machine; Ray would have its workers wait for all others
}
"""Variables of a Ray that is this machine's own, beside a token that is drawn for it."""


def cluster_address(on: str) -> str | None:
    """The address of the cluster that ``--on`` names, ``host:port`` or ``auto``; None for a Ray of this machine's own.

    Raises BadInput.
    """
    if on == "ray":
        return None
    address = on.removeprefix("ray://")
    if address != on and (address == "auto" or re.fullmatch(r"[^:/@\s]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5}", address)):
        return address
    raise BadInput(
        f"{on!r} is no engine to run on.",
        hint="Write --on ray for this machine, or --on ray://HOST:PORT as `ray start --head` printed it.",
    )


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """The module ``ray``, connected for the length of the block. Raises Unavailable."""
    switch_off()
    if address is not None and address != "auto":
        _require_answer(address)
    if address is None:
        for name, value in {**LOCAL, "RAY_AUTH_TOKEN": secrets.token_hex(32)}.items():
            os.environ.setdefault(name, value)
    import ray  # not before the variables are set: it reads them now
    import ray.exceptions

    quiet = {"configure_logging": False, "log_to_driver": False}
    with (
        tempfile.TemporaryDirectory(prefix="boxlens-ray-", dir=_short_folder(), ignore_cleanup_errors=True) as folder,
        redirect_stdout(sys.stderr),  # Ray prints what happens to nodes, the last of it when it ends
    ):
        own = {"include_dashboard": False, "object_store_memory": _STORE_BYTES, "_temp_dir": folder}
        try:
            ray.init(address=address or "local", **quiet, **({} if address else own))
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            where = f"The Ray cluster {address} cannot be used" if address else "Ray does not start here"
            raise Unavailable(
                f"{where}: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}",
                hint=_JOIN if address else "Leave --on out; --shard shares the work among machines without Ray.",
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _require_answer(address: str) -> None:
    """Raises Unavailable when nobody listens at ``host:port``: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
    except (OSError, OverflowError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Unavailable(f"No Ray cluster answers at {address}: {why}.", hint=_JOIN) from error


def require_ray(on: str) -> None:
    """Raises BadInput for an ``--on`` that names no engine, and Unavailable without the extra."""
    cluster_address(on)
    if importlib.util.find_spec("ray") is None:
        hint = "pip install 'boxlens[ray]', or leave --on out; --shard shares the work among machines without it."
        raise Unavailable("Ray is not installed.", hint=hint)


def require_reachable(addresses: Addresses, machines: Sequence[str]) -> None:
    """Raises Unavailable when the servers answer on this machine alone, and the cluster has others.

    ``machines``: the addresses of the cluster's machines.
    """
    if len(set(machines)) < 2:
        return
    for server, variable, url in (
        ("Elasticsearch", "BOXLENS_ELASTICSEARCH__URL", addresses.elasticsearch),
        ("minio-proxy", "BOXLENS_PROXY__URL", addresses.proxy),
    ):
        if any(_LOOPBACK.fullmatch(urlsplit(part.strip()).hostname or "") for part in url.split(",")):
            raise Unavailable(
                f"{server} answers on this machine alone ({url}), and the Ray cluster has {len(set(machines))}.",
                hint=f"Set {variable} to a server that all of them reach.",
            )


def _short_folder() -> str | None:
    """Names of sockets are limited to about a hundred bytes, and folders for temporary files may be long."""
    return "/tmp" if Path("/tmp").is_dir() else None
