"""``boxlens es start, stop, status``: the embedded Elasticsearch by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from boxlens.embedded.jars import Progress as JarProgress
    from boxlens.embedded.status import NodeStatus


NOT_RUNNING = 4
app = typer.Typer(no_args_is_help=True, help="The embedded Elasticsearch: the real server, on this machine alone.")

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (BOXLENS_DATA_DIR, else .data).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command(epilog="Example: boxlens es start --nodes 3")
def start(
    nodes: Annotated[int | None, typer.Option(help="Nodes of the cluster, 1 to 9 (1).")] = None,
    data: Data = None,
    port: Annotated[
        int | None,
        typer.Option(help="First port to try on 127.0.0.1; 0: an address and port of its own (0).", min=0, max=65535),
    ] = None,
    java_home: Annotated[Path | None, typer.Option(help="A JDK 21 to 25 (JAVA_HOME, else the one included).")] = None,
    wait: Annotated[float, typer.Option(help="Seconds the start may take.", min=1)] = 120,
    as_json: AsJson = False,
) -> None:
    """Start it and leave it running until `boxlens es stop`. Fetches the server (42 MB) the first time.

    Example: boxlens es start --nodes 3
    """

    from boxlens.embedded.node import EmbeddedElasticsearch
    from boxlens.embedded.status import status
    from boxlens.settings import Settings

    settings = Settings()
    chosen = settings.elasticsearch
    folder = data or settings.data_dir
    node_count = nodes or chosen.nodes
    running = status(folder)
    if running is not None and len(running.pids) == running.nodes == node_count:
        _show(running, as_json, already=True)
        return
    node = EmbeddedElasticsearch(
        folder,
        port=chosen.port if port is None else port,
        nodes=node_count,
        heap=chosen.heap,
        java_home=java_home,
    )
    with start_progress(Console(stderr=True, quiet=as_json)) as progress:
        node.start(detached=True, wait_s=wait, progress=progress)
    started = node.status()
    if started is not None:
        _show(started, as_json)


@app.command(epilog="Example: boxlens es stop --data .data")
def stop(data: Data = None, as_json: AsJson = False) -> None:
    """Stop it cleanly; its data stay. Example: boxlens es stop"""

    from boxlens.embedded.node import EmbeddedElasticsearch
    from boxlens.settings import Settings

    folder = data or Settings().data_dir
    stopped = EmbeddedElasticsearch(folder).stop()
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("Stopped." if stopped else f"No embedded Elasticsearch runs on {folder}.")


@app.command("status", epilog="Example: boxlens es status --json")
def show_status(data: Data = None, as_json: AsJson = False) -> None:
    """Say whether it runs, where, and how it is. Exit code 4 when it does not run. Example: boxlens es status --json"""

    from boxlens.embedded.status import status
    from boxlens.settings import Settings

    folder = data or Settings().data_dir
    running = status(folder)
    if running is not None:
        _show(running, as_json)
    elif as_json:
        typer.echo(json.dumps({"running": False}))
    else:
        typer.echo(f"No embedded Elasticsearch runs on {folder}. Start one: boxlens es start")
    if running is None or not running.pids:
        raise typer.Exit(NOT_RUNNING)


@contextmanager
def start_progress(console: Console) -> Iterator[JarProgress]:
    """A spinner while the node starts, a bar with bytes while jars are fetched: what to hand to ``start``."""

    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[bytes]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Starting Elasticsearch", total=None, bytes="")

        def advance(done: int, total: int, _name: str) -> None:
            if done < total:
                fetched = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
                bar.update(task, completed=done, total=total, description="Fetching Elasticsearch", bytes=fetched)
            else:
                bar.reset(task, total=None, description="Starting Elasticsearch", bytes="")

        yield advance


def _show(running: NodeStatus, as_json: bool, *, already: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps({"running": bool(running.pids), **asdict(running)}))
        return
    console = Console()
    if not running.pids:
        console.print("Elasticsearch ended without being stopped; its data are kept. Start it: boxlens es start")
        console.print(f"  log     {running.logs[0]}", soft_wrap=True)
        return
    console.print(f"Elasticsearch {'runs already' if already else 'runs'} at [bold]{running.url}[/bold]")
    console.print(f"  health  {running.health}, {len(running.pids)} of {running.nodes} node(s)")
    console.print(f"  pids    {', '.join(map(str, running.pids))}, since {running.started_at}")
    console.print(f"  java    {running.java}, SIMD {'on' if running.simd else 'off (boxlens doctor)'}", soft_wrap=True)
    for log in running.logs:
        console.print(f"  log     {log}", soft_wrap=True)
