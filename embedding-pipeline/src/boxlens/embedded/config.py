"""The folder of the embedded Elasticsearch and the files it reads: one sub-folder a node, loopback only.

::

    {data_dir}/elasticsearch/state.json     what runs here: see ``state``
    {data_dir}/elasticsearch/start.lock     held while a start is under way
    {data_dir}/elasticsearch/node-1/        config/ data/ logs/ tmp/ spec.json
    {data_dir}/elasticsearch/node-2/        only in a cluster
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
HTTP_TRIES = 100  # ports tried above the wanted one
LOG_NAME = "node.log"
CONSOLE_NAME = "console.log"
_SEED_HOSTS = "unicast_hosts.txt"  # the name that the server looks for
CLOSE_WITHIN_S = 20  # a node that takes longer to close is killed

_LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/node.log
appender.file.filePattern = ${sys:es.logs.base_path}/node-%i.log.gz
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%n%throwable
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """All that the child process needs to know; handed over as a JSON file."""

    name: str
    jvm: str
    jvm_options: list[str]
    class_path: list[str]
    home: str
    config: str
    logs: str
    attached: bool

    def write(self, folder: Path) -> Path:
        path = folder / "spec.json"
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> NodeSpec:
        return cls(**json.loads(path.read_text("utf-8")))


def home_of(data_dir: Path) -> Path:
    """Where the embedded Elasticsearch lives under a Boxlens data folder."""
    return data_dir.expanduser().resolve() / "elasticsearch"


def node_folder(home: Path, number: int) -> Path:
    """The folder of node ``number``, counted from 1."""
    return home / f"node-{number}"


def nodes_with_data(home: Path) -> int:
    """How many nodes have kept data here: a cluster must not be started with fewer."""
    return sum(1 for state in home.glob("node-*/data/_state") if any(state.glob("*")))


def own_host() -> str:
    """A loopback address drawn at random, for a server that has no password and checks no Host and no Origin.

    Any page that a person opens can send requests to 127.0.0.1, and try all its ports within minutes. It cannot try
    the 16 million addresses of 127.0.0.0/8 with all their ports. Linux answers on each of them; a system that has
    127.0.0.1 alone gives that, and then a random port is all that hides the server.
    """
    host = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    with socket.socket() as trial:
        try:
            trial.bind((host, 0))
        except OSError:
            return LOOPBACK
    return host


def http_port_range(port: int) -> str:
    """The server takes the first free port of the range itself, so two starts at once cannot meet; 0 is any port."""
    return "0" if port == 0 else f"{port}-{min(port + HTTP_TRIES - 1, 65535)}"


def write_config(
    home: Path,
    number: int,
    *,
    port: int,
    nodes: int,
    fresh: bool,
    host: str = LOOPBACK,
    further: Mapping[str, object] | None = None,
) -> Path:
    """Write elasticsearch.yml and log4j2.properties of node ``number`` of ``nodes``; gives its folder.

    ``host`` is the loopback address to listen on, ``port`` the first of the HTTP ports to try. The transport takes any
    free port: the nodes of a cluster learn each other's from the file of ``write_seed_hosts``, which the server reads
    again and again. ``fresh`` is true for a cluster that has never been formed: only then may the nodes elect a first
    master among themselves. ``further`` are settings of the server that go over these.
    """
    folder = node_folder(home, number)
    for name in ("config", "data", "logs", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings: dict[str, object] = {
        "cluster.name": f"boxlens-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}",
        "node.name": f"node-{number}",
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": host,
        "http.port": http_port_range(port),
        "transport.port": 0,
        # Vectors wait in it for their segment: the larger it is, the fewer graphs are built and merged in a load.
        "indices.memory.index_buffer_size": "20%",
        # In percent, these turn every index read-only on a laptop whose large disk is nearly full.
        "cluster.routing.allocation.disk.watermark.low": "2gb",
        "cluster.routing.allocation.disk.watermark.high": "1gb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "512mb",
    }
    if nodes == 1:
        settings["discovery.type"] = "single-node"
    else:
        settings["discovery.seed_providers"] = "file"
        settings["discovery.seed_hosts"] = []
        settings["discovery.initial_state_timeout"] = "0s"  # a node is up, and says its port, before it has met others
        if fresh:
            settings["cluster.initial_master_nodes"] = [f"node-{n + 1}" for n in range(nodes)]
    settings |= further or {}
    # JSON is YAML: quoting of odd folder names is then not ours to get right.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    (folder / "config" / "elasticsearch.yml").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "config" / "log4j2.properties").write_text(_LOGGING, "utf-8")
    return folder


def write_seed_hosts(folders: Sequence[Path], transports: Sequence[str]) -> None:
    """Tell every node of a cluster the transport addresses (``host:port``) of all."""
    for folder in folders:
        unfinished = folder / "config" / f"{_SEED_HOSTS}.part"
        unfinished.write_text("".join(f"{transport}\n" for transport in transports), "utf-8")
        unfinished.replace(folder / "config" / _SEED_HOSTS)


def jvm_options(server: Path, folder: Path, heap: str, *, short_lived: bool) -> list[str]:
    """Options of the JVM: what the server's own launcher would give it, as far as it applies here.

    A ``short_lived`` node is not compiled to the last: half the processor time to start, slower once warm.
    """
    return [
        f"-Xmx{heap}",
        *(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if short_lived else ["-XX:+UseG1GC"]),
        "-Xrs",  # signals are handled by the Python side of the process
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={folder / 'logs' / 'jvm-crash.log'}",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Des.path.home={server}",
        f"-Des.path.conf={folder / 'config'}",
        "-Des.distribution.type=tar",
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
        "-Djna.nosys=true",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-Dlog4j2.formatMsgNoLookups=true",
        "--enable-native-access=ALL-UNNAMED",
    ]
