"""The services of docker-compose.yml on an engine, under a project and with an .env of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boxlens.samples.bundled import PHOTOGRAPHS
from tests.containers import base_images
from tests.containers.engine import Engine, Say

DOLLARS = "pa$$word-$HOME-of-minio"  # what Compose must hand on as it stands
SERVICES = ("elasticsearch", "minio", "minio-proxy", "search")


@dataclass(frozen=True, slots=True)
class Stack:
    """The compose file as a person runs it. ``environment`` is what they wrote into .env."""

    engine: Engine
    environment: Mapping[str, str]

    def compose(
        self, *arguments: str, expected: int | None = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """``docker compose`` with these arguments; ``environment`` goes before .env."""
        command = ["docker", "compose", "--env-file", str(self.engine.work / "env"), *arguments]
        return self.engine.run(*command, environment=environment, expected=expected)

    def write_env(self) -> None:
        lines = [f"{name}='{value}'\n" for name, value in self.environment.items()]
        (self.engine.work / "env").write_text("".join(lines))

    def inspected(self, service: str) -> dict[str, Any]:
        """What the engine says of the container of a service."""
        identity = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        answer: dict[str, Any] = json.loads(self.engine.run("docker", "inspect", identity).stdout)[0]
        return answer

    def within(self, service: str, *command: str) -> str:
        """What a program in a running container prints."""
        return self.compose("exec", "--no-TTY", service, *command).stdout

    def asked(self, path: str, body: object = None) -> tuple[int, str]:
        """Status and body of the API's answer at its published port."""
        program = (
            "import sys, urllib.request as u, urllib.error as e\n"
            "body = sys.argv[2].encode() if len(sys.argv) > 2 else None\n"
            "request = u.Request(sys.argv[1], body, {'content-type': 'application/json'})\n"
            "try: answer = u.urlopen(request, timeout=60)\n"
            "except e.HTTPError as error: answer = error\n"
            "print(answer.status, answer.read().decode(), end='')\n"
        )
        extra = [] if body is None else [json.dumps(body)]
        address = f"http://127.0.0.1:8080{path}"
        status, _, text = self.engine.asked(sys.executable, "-c", program, address, *extra).partition(" ")
        return int(status), text


def prepared(engine: Engine, folder: Path, say: Say) -> Stack:
    """Images made and built, an .env, a folder of photographs that our user may read, and an empty folder of packs."""
    pictures, packs = engine.work / "pictures", engine.work / "packs"
    engine.work.chmod(0o755)
    packs.mkdir()
    pictures.mkdir()
    for picture in PHOTOGRAPHS.parent.glob("*.jpg"):
        shutil.copy(picture, pictures)
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    stack = Stack(
        engine,
        {
            "MINIO_ROOT_USER": "boxlens",
            "MINIO_ROOT_PASSWORD": DOLLARS,
            "BOXLENS_WRITE_KEY": "a$write$key",
            "BOXLENS_SIGNING_KEY": "a-signing-key",
            "BOXLENS_PACK": "demo",
            "BOXLENS_PACKS": str(packs),
            "BOXLENS_PICTURES": str(pictures),
            "ES_HEAP": "512m",
        },
    )
    stack.write_env()
    base_images.make_python(engine, folder, say)
    base_images.make_minio(engine, say)
    say("The project's own images, from its Dockerfiles ...")
    stack.compose("build")
    base_images.make_elasticsearch(engine, say)
    return stack
