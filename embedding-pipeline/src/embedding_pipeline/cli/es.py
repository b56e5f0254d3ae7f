"""``boxlens es start, stop, status``: the embedded Elasticsearch by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from embedding_pipeline.settings import Settings
from embedding_pipeline.stores import node_jars
from embedding_pipeline.stores.embedded_node import EmbeddedElasticsearch
from embedding_pipeline.stores.node_status import NodeStatus, status

NOT_RUNNING = 4
app = typer.Typer(no_args_is_help=True, help="The embedded Elasticsearch: the real server, on this machine alone.")

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (BOXLENS_DATA_DIR, else .data).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command(epilog="Example: boxlens es start --nodes 3 --port 9200")
def start(
    nodes: Annotated[int | None, typer.Option(help="Nodes of the cluster, 1 to 9 (1).")] = None,
    data: Data = None,
    port: Annotated[int | None, typer.Option(help="First port to try, 0 for any (9200).", min=0, max=65535)] = None,
    java_home: Annotated[Path | None, typer.Option(help="A JDK 21 to 25 (JAVA_HOME, else the one included).")] = None,
    wait: Annotated[float, typer.Option(help="Seconds the start may take.", min=1)] = 120,
    as_json: AsJson = False,
) -> None:
    """Start it and leave it running until `boxlens es stop`. Fetches the server (42 MB) the first time.

    Example: boxlens es start --nodes 3
    """
    settings = Settings()
    chosen = settings.elasticsearch
    folder = data or settings.data_dir
    wanted = nodes or chosen.nodes
    running = status(folder)
    if running is not None and len(running.pids) == running.nodes == wanted:
        _show(running, as_json, already=True)
        return
    node = EmbeddedElasticsearch(
        folder,
        port=chosen.port if port is None else port,
        nodes=wanted,
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
    folder = data or Settings().data_dir
    stopped = EmbeddedElasticsearch(folder).stop()
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("Stopped." if stopped else f"No embedded Elasticsearch runs on {folder}.")


@app.command("status", epilog="Example: boxlens es status --json")
def show_status(data: Data = None, as_json: AsJson = False) -> None:
    """Say whether it runs, where, and how it is. Exit code 4 when it does not run. Example: boxlens es status --json"""
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
def start_progress(console: Console) -> Iterator[node_jars.Progress]:
    """A spinner while the node starts, a bar with bytes while jars are fetched: what to hand to ``start``."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[bytes]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Starting Elasticsearch", total=None, bytes="")

        def advance(done: int, total: int, _name: str) -> None:
            if done < total:
                told = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
                bar.update(task, completed=done, total=total, description="Fetching Elasticsearch", bytes=told)
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
