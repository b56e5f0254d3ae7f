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

from embedding_pipeline.cli import output
from embedding_pipeline.errors import Conflict
from embedding_pipeline.page_build import built_page, front_folder

if TYPE_CHECKING:
    from embedding_pipeline.wiring import Boxlens


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
    from embedding_pipeline.servers import servers

    settings = output.settings()
    with output.download_bar() as bar, servers(settings, output.say, bar) as addresses:
        if workers > 1:
            _serve_processes(host, port, workers, addresses.elasticsearch, addresses.proxy)
            return
        from embedding_pipeline.wiring import Boxlens

        serve_here(Boxlens(settings, addresses, say=output.say), host, port, page_folder())


def serve_here(boxlens: Boxlens, host: str, port: int, page: Path | None) -> None:
    """API and page in this process until Ctrl-C. Raises Conflict when the port is taken."""
    import uvicorn

    from embedding_pipeline.api.app import create_app

    listening = listen(host, port)
    app = create_app(boxlens, page_dir=page)
    output.console.print(f"Boxlens is at http://{host}:{listening.getsockname()[1]}  (Ctrl-C ends it)")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    server.run(sockets=[listening])


@contextmanager
def serving(boxlens: Boxlens, page: Path | None = None) -> Iterator[str]:
    """API and page on a free port of this machine for the length of the block; their address."""
    import uvicorn

    from embedding_pipeline.api.app import create_app

    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(boxlens, page_dir=page), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises Conflict when the port is taken."""
    try:
        bound = socket.create_server((host, port))
    except OSError as error:
        raise Conflict(
            f"{host}:{port} cannot be listened on: {error.strerror}.", hint="Give another --port; 0 takes a free one."
        ) from error
    # asyncio sends small answers at once (TCP_NODELAY) on sockets that say they are TCP; this one says 0, and each
    # answer would wait 40 ms for the client's acknowledgement
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())


def page_folder() -> Path | None:
    """The built page: a folder named by BOXLENS_PAGE, or the checkout's, built first when its sources changed."""
    named = os.environ.get("BOXLENS_PAGE")
    return Path(named) if named else built_page(front_folder(), output.say)


def app_of_worker() -> object:
    """The application of one of several worker processes; its servers are run by the parent."""
    from embedding_pipeline.api.app import create_app
    from embedding_pipeline.servers import Addresses
    from embedding_pipeline.wiring import Boxlens

    addresses = Addresses(os.environ["BOXLENS_ELASTICSEARCH__URL"], os.environ["BOXLENS_PROXY__URL"])
    return create_app(Boxlens(output.settings(), addresses, say=output.say), page_dir=page_folder())


def _serve_processes(host: str, port: int, workers: int, elasticsearch: str, proxy_url: str) -> None:
    import uvicorn

    os.environ |= {"BOXLENS_ELASTICSEARCH__URL": elasticsearch, "BOXLENS_PROXY__URL": proxy_url}
    listen(host, port).close()
    output.console.print(f"Boxlens is at http://{host}:{port} with {workers} workers  (Ctrl-C ends it)")
    uvicorn.run(f"{__name__}:app_of_worker", factory=True, host=host, port=port, workers=workers, log_level="warning")


def proxy(port: Annotated[int, typer.Option(min=0, max=65535)] = 10086) -> None:
    """Run minio-proxy alone, the one door to the picture bytes. Example: boxlens proxy --port 10086"""
    from embedding_pipeline.servers import proxy_environment

    environment = proxy_environment(output.settings())
    os.execve(sys.executable, [sys.executable, "-m", "minio_proxy.main", "--port", str(port)], environment)
