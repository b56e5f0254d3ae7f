"""The command ``minio-proxy``."""

from __future__ import annotations

import argparse
import copy
import json
import os
import socket
import sys
import threading
from typing import Any

import uvicorn
from pydantic import ValidationError

from http_limits import DeadlineProtocol, raise_descriptor_limit
from minio_proxy.app import create_app
from minio_proxy.errors import ProxyError
from minio_proxy.settings import ProxySettings

_GRACE_S = 5
_BACKLOG = 2048


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 0 after a clean stop, 2 for wrong settings, 4 when the port or the store is not to be had.

    When it is ready it writes one line of JSON to standard output: ``{"url", "host", "port", "pid"}``. Logs go to
    standard error.
    """
    options = _parser().parse_args(arguments)
    os.umask(os.umask(0o077) | 0o077)  # what is stored is readable by its owner alone
    try:
        settings = ProxySettings()
        app = create_app(settings)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        return _fail(2, f"the BOXLENS_PROXY__* variables do not fit: {places}")
    except (ProxyError, OSError) as error:
        hint = error.hint if isinstance(error, ProxyError) else "Check BOXLENS_PROXY__ROOT and BOXLENS_PROXY__CACHE."
        return _fail(4, f"{error} {hint}")
    try:
        bound = _bind(options.host, options.port) if options.fd is None else socket.socket(fileno=options.fd)
    except OSError as error:
        reason = error.strerror or str(error)
        if options.fd is not None:
            return _fail(4, f"cannot listen on the descriptor {options.fd}: {reason}. Hand on a socket that listens.")
        return _fail(4, f"cannot listen on {options.host}:{options.port}: {reason}. Take another --port; 0 finds one.")
    raise_descriptor_limit()
    config = uvicorn.Config(
        app,
        http=DeadlineProtocol,
        log_config=_log_to_stderr(),
        log_level="info" if options.verbose else "warning",
        access_log=options.verbose,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
    )
    server = _Announcing(config, bound.getsockname()[0] if options.fd is not None else options.host)
    if options.exit_with_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
    server.run(sockets=[bound])
    return 0


class _Announcing(uvicorn.Server):
    """Says on standard output that it is ready, and where."""

    def __init__(self, config: uvicorn.Config, host: str) -> None:
        super().__init__(config)
        self._host = host

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            named = f"[{self._host}]" if ":" in self._host else self._host
            line = {"url": f"http://{named}:{port}", "host": self._host, "port": port, "pid": os.getpid()}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    """A parent that dies, however it dies, closes the pipe that is our standard input."""
    while os.read(0, 4096):
        pass
    server.should_exit = True
    stop = threading.Timer(2 * _GRACE_S, os._exit, args=(1,))
    stop.daemon = True
    stop.start()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _log_to_stderr() -> dict[str, Any]:
    config = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config


def _fail(code: int, words: str) -> int:
    sys.stderr.write(f"minio-proxy: {words}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minio-proxy",
        description="The one door to the picture bytes of Boxlens. Settings: BOXLENS_PROXY__* variables.",
        epilog="Example: BOXLENS_PROXY__ROOT=./pictures minio-proxy --port 10086",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on [127.0.0.1]")
    parser.add_argument("--port", type=int, default=10086, help="port, 0 for any free one [10086]")
    parser.add_argument("--fd", type=int, help="descriptor of a socket that listens already, instead of host and port")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser


if __name__ == "__main__":
    sys.exit(main())
