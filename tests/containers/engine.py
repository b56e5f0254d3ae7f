"""A container engine without installing one: Debian's packages unpacked into a folder, run in namespaces of its own.

What it mounts, its bridge and its firewall rules are in those namespaces and go with them; the host's network is left
as it is: packages come through slirp4netns, a network stack in a process. All of it ends when its parent ends.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from tests.checkout import ROOT

Say = Callable[[str], None]
T = TypeVar("T")

TOOLS = ("mmdebstrap", "slirp4netns", "libslirp0")
SUITE = "trixie"  # the first whose docker-compose is Compose v2
PACKAGES = (
    "docker.io docker-cli docker-compose iptables iproute2 bash coreutils findutils mount util-linux ca-certificates"
)
_FETCH_S, _START_S, _COMMAND_S = 1200, 300, 1200
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class NoEngine(Exception):
    """It cannot be had here; the message says why."""


def lacking() -> str:
    """Why no engine can run on this machine; empty where one can."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        return "an engine needs root on Linux"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlay file system"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun for a network of its own"
    lacks = [name for name in ("apt-get", "dpkg", "unshare", "nsenter") if shutil.which(name) is None]
    return f"{' and '.join(lacks)} cannot be found" if lacks else ""


def prepare(folder: Path, say: Say) -> None:
    """Tools and engine into ``folder``, where they are not there yet. Raises NoEngine."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "tools").is_dir():
        say("Tools, unpacked from Debian's packages ...")
        with _made_whole(folder / "tools") as tools:
            _output(["apt-get", "update", "-q"], cwd=tools)
            _output(["apt-get", "download", "-q", *TOOLS], cwd=tools)
            for package in tools.glob("*.deb"):
                _output(["dpkg", "-x", package.name, "."], cwd=tools)
                package.unlink()
    if not (folder / "engine").is_dir():
        say("Engine, unpacked from Debian's packages ...")
        with _made_whole(folder / "engine") as root:
            include = f"--include={','.join(PACKAGES.split())}"
            debootstrap(folder, "--variant=extract", include, SUITE, str(root))
            for name in ("bin", "sbin", "lib", "lib64"):
                if not (root / name).exists():
                    (root / name).symlink_to(f"usr/{name}")
            for name in ("proc", "sys", "run", "root", "etc"):
                (root / name).mkdir(exist_ok=True)


def debootstrap(folder: Path, *arguments: str) -> None:
    """Run mmdebstrap of the tools without recommended packages. Raises NoEngine."""
    environment = {"PATH": f"{folder / 'tools/usr/bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    recommends = '--aptopt=APT::Install-Recommends "false"'
    _output(["mmdebstrap", "--quiet", "--mode=root", recommends, *arguments], environment=environment)


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. ``work`` is a folder that both it and this process see under one name, as the repository is."""

    pid: int
    work: Path

    def run(
        self, *command: str | Path, environment: Mapping[str, str] | None = None, expected: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """A program of the engine's, as ``docker``. Raises AssertionError with its output when it ends otherwise."""
        entered = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--ipc", "--uts", f"--wdns={ROOT}"]
        inner = {
            "PATH": _PATH,
            "HOME": "/root",
            "DOCKER_HOST": f"unix://{self.work}/docker.sock",
            **(environment or {}),
        }
        done = subprocess.run(
            [*entered, *map(str, command)],
            env=inner,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if expected is not None and done.returncode != expected:
            raise AssertionError(
                f"{command} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done

    def asked(self, *command: str | Path) -> str:
        """A program of this machine's in the engine's network, where published ports are. What it prints."""
        return _output(["nsenter", f"--target={self.pid}", "--net", *map(str, command)])


@contextmanager
def running(folder: Path, data: Path) -> Iterator[Engine]:
    """An engine over what ``prepare`` made in ``folder``, its images in ``data``, and its end.

    Raises NoEngine with its logs when it does not start.
    """
    data.mkdir(exist_ok=True)
    _forget_cgroups()
    with tempfile.TemporaryDirectory(prefix="boxlens-containers-") as name:
        work = Path(name)
        script = Path(__file__).with_name("namespace.sh")
        unshare = "unshare --mount --net --pid --ipc --uts --fork --kill-child=KILL --propagation=private".split()
        with (work / "namespace.log").open("wb") as log:
            space = subprocess.Popen(
                [*unshare, "bash", str(script), str(folder / "engine"), str(data), str(work), str(ROOT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which then ends it
            )
        network, end_of_network = None, -1
        try:
            first = _await(lambda: next(iter(psutil.Process(space.pid).children()), None), space, work)
            network, end_of_network = _network(folder, first.pid, work)
            engine = Engine(first.pid, work)
            _await(
                lambda: (work / "docker.sock").exists() and not engine.run("docker", "info", expected=None).returncode,
                space,
                work,
            )
            yield engine
        finally:
            assert space.stdin is not None
            space.stdin.close()
            try:
                space.wait(timeout=60)
            except subprocess.TimeoutExpired:
                space.kill()
                space.wait(timeout=60)
            if network is not None:
                os.close(end_of_network)
                network.wait(timeout=60)


def _forget_cgroups() -> None:
    """Those of engines that were killed in one stroke, which hold no process any more."""
    top = Path("/sys/fs/cgroup")
    for group in [*top.glob("boxlens-containers-*"), *top.glob("*/boxlens-containers-*")]:
        if not any(listed.read_text() for listed in group.rglob("cgroup.procs")):
            for path, _, _ in os.walk(group, topdown=False):
                Path(path).rmdir()


def _network(folder: Path, pid: int, work: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A way out for the namespace of ``pid``. Ends when the descriptor is closed, so with this process too."""
    theirs, ours = os.pipe()
    libraries = next((folder / "tools/usr/lib").glob("*/libslirp.so.0")).parent
    program = folder / "tools/usr/bin/slirp4netns"
    with (work / "network.log").open("wb") as log:
        started = subprocess.Popen(
            [program, "--configure", "--disable-host-loopback", "--exit-fd", str(theirs), str(pid), "tap0"],
            env={"LD_LIBRARY_PATH": str(libraries), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            start_new_session=True,
        )
    os.close(theirs)
    return started, ours


def _await(what: Callable[[], T | None], process: subprocess.Popen[bytes], work: Path) -> T:
    """What ``what`` gives as soon as it is true. Raises NoEngine when it never is, or the process has ended."""
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        if result := what():
            return result
        time.sleep(0.1)
    logs = "\n".join(path.read_text(errors="replace")[-1500:] for path in sorted(work.glob("*.log")))
    raise NoEngine(f"the engine did not start:\n{logs}")


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A folder that takes its name when the block ends well."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    yield part
    part.rename(folder)


def _output(command: list[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises NoEngine with the end of its words when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | (environment or {}),
            capture_output=True,
            text=True,
            timeout=_FETCH_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEngine(f"{command[0]}: {error}") from error
    if done.returncode:
        raise NoEngine(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout
