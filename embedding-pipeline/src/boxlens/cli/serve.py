"""``boxlens serve`` and ``boxlens proxy``: the servers people and programs talk to."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boxlens.cli import output

if TYPE_CHECKING:
    from boxlens.servers import Addresses
    from boxlens.wiring import Boxlens


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(proxy)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the API and the page on the configured servers (embedded ones are started).

    Example: boxlens serve --port 8080
    """

    from boxlens.fetch.notifier import AppriseNotifier
    from boxlens.listening import listen
    from boxlens.servers import servers

    settings = output.settings()
    AppriseNotifier(settings.notify.apprise, settings.fetch)  # a target that cannot be told is said at once
    with (
        listen(host, port) as listening,
        output.download_bar() as bar,
        servers(settings, output.report, bar, page_port=listening.getsockname()[1]) as addresses,
    ):
        if workers > 1:
            _serve_processes(listening, workers, addresses)
            return
        from boxlens.wiring import Boxlens

        serve_here(Boxlens(settings, addresses, report=output.report), listening, page_folder())


def serve_here(boxlens: Boxlens, listening: socket.socket, page: Path | None) -> None:
    """API and page in this process, on a socket that listens already, until Ctrl-C."""

    import uvicorn

    from boxlens.api.app import create_app
    from boxlens.listening import address_of
    from http_limits import DeadlineProtocol, raise_descriptor_limit

    app = create_app(boxlens, page_dir=page)
    threading.Thread(target=boxlens.warm, name="warm", daemon=True).start()
    output.console.print(f"Boxlens is at {address_of(listening)}  (Ctrl-C ends it)")
    raise_descriptor_limit()
    config = uvicorn.Config(app, http=DeadlineProtocol, log_level="warning", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    server.run(sockets=[listening])


@contextmanager
def serving(boxlens: Boxlens, page: Path | None = None) -> Iterator[str]:
    """API and page on a free port of this machine for the length of the block; their address."""

    import uvicorn

    from boxlens.api.app import create_app
    from boxlens.listening import LOOPBACK, address_of, listen

    listening = listen(LOOPBACK, 0)
    server = uvicorn.Server(uvicorn.Config(create_app(boxlens, page_dir=page), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield address_of(listening)
    finally:
        server.should_exit = True
        thread.join(10)


def page_folder() -> Path | None:
    """The built page: a folder named by BOXLENS_PAGE, else the one that is built or comes with the package."""
    from boxlens.web import build

    named = os.environ.get("BOXLENS_PAGE")
    return Path(named) if named else build.page_folder(output.report)


def app_of_worker() -> object:
    """The application of one of several worker processes; its servers are run by the parent."""
    from boxlens.api.app import create_app
    from boxlens.servers import Addresses
    from boxlens.wiring import Boxlens

    addresses = Addresses(os.environ["BOXLENS_ELASTICSEARCH__URL"], os.environ["BOXLENS_PROXY__URL"])
    boxlens = Boxlens(output.settings(), addresses, report=output.report)
    threading.Thread(target=boxlens.warm, name="warm", daemon=True).start()
    return create_app(boxlens, page_dir=page_folder())


def _serve_processes(listening: socket.socket, workers: int, addresses: Addresses) -> None:
    """API and page in several processes that accept from one socket, until Ctrl-C."""

    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from boxlens.listening import address_of
    from http_limits import DeadlineProtocol, raise_descriptor_limit

    os.environ |= {"BOXLENS_ELASTICSEARCH__URL": addresses.elasticsearch, "BOXLENS_PROXY__URL": addresses.proxy}
    output.console.print(f"Boxlens is at {address_of(listening)} with {workers} workers  (Ctrl-C ends it)")
    raise_descriptor_limit()
    config = uvicorn.Config(
        f"{__name__}:app_of_worker", factory=True, http=DeadlineProtocol, workers=workers, log_level="warning"
    )
    Multiprocess(config, sockets=[listening]).run()


def proxy(port: Annotated[int, typer.Option(min=0, max=65535)] = 10086) -> None:
    """Run minio-proxy alone, the one door to the picture bytes. Example: boxlens proxy --port 10086"""
    from boxlens.servers import proxy_environment

    environment = proxy_environment(output.settings())
    os.execve(sys.executable, [sys.executable, "-m", "minio_proxy.main", "--port", str(port)], environment)
