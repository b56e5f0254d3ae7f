"""Who adds pictures while processes are killed: over HTTP, and by ``boxlens ingest``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import httpx

from benchmarks.trials.whole import Whole, picture

PICTURES_A_RUN = 10


class Sender(threading.Thread):
    """Adds one picture after the other, each until it is acknowledged; a connection that breaks acknowledges none."""

    def __init__(self, whole: Whole, collection: str, first: int) -> None:
        super().__init__(daemon=True)
        self._whole, self._path, self._next = whole, f"/v1/collections/{collection}/images", first
        self.stop = threading.Event()
        self.acknowledged: set[str] = set()
        self.odd: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            with self._whole.client() as client:
                try:
                    self._send(client)
                except httpx.TransportError:  # the process of the API that held the connection was killed
                    self.stop.wait(0.2)

    def _send(self, client: httpx.Client) -> None:
        while not self.stop.is_set():
            data = picture(self._next)
            answer = client.post(self._path, files={"file": ("a.png", data, "image/png")})
            if answer.status_code in (200, 201):
                self.acknowledged.add(sha256(data).hexdigest())
                self._next += 1
            elif answer.status_code == 503 and "retry-after" in answer.headers:
                self.stop.wait(0.2)
            else:
                self.odd.append(f"add: {answer.status_code} {answer.text[:200]}")


class Ingester(threading.Thread):
    """Puts pictures into a folder and takes them in by ``boxlens ingest``, run again until it ends well."""

    def __init__(self, whole: Whole, collection: str, folder: Path, first: int) -> None:
        super().__init__(daemon=True)
        self._whole, self._folder, self._next = whole, folder, first
        self._command = [sys.executable, "-m", "boxlens", "ingest", str(folder), "-c", collection, "--json"]
        self._process: subprocess.Popen[bytes] | None = None
        self.stop = threading.Event()
        self.acknowledged: set[str] = set()
        self.odd: list[str] = []

    def kill(self) -> bool:
        """Whether there was one to kill."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        process.kill()
        return True

    def run(self) -> None:
        self._folder.mkdir()
        while not self.stop.is_set():
            for _ in range(PICTURES_A_RUN):
                (self._folder / f"{self._next}.png").write_bytes(picture(self._next))
                self._next += 1
            while not self._ingested():
                if self._asked_to_end():
                    return
            self.acknowledged = {sha256(path.read_bytes()).hexdigest() for path in self._folder.iterdir()}

    def _asked_to_end(self) -> bool:
        """Whether the last run got SIGTERM, as it does when the trial is ended."""
        return self._process is not None and self._process.returncode in (130, -signal.SIGTERM)

    def _ingested(self) -> bool:
        """Whether a run took everything in; when not, it was killed, or servers were away."""
        failures = self._folder.parent / "failures.jsonl"
        failures.unlink(missing_ok=True)
        log = self._folder.parent / "ingest.log"
        with log.open("wb") as output:
            command = [*self._command, "--failures", str(failures)]
            variables = os.environ | self._whole.variables
            self._process = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
        code = self._process.wait()
        errors = log.read_text(errors="replace")
        if code not in (0, 3, 4, -9) or "Traceback" in errors:
            self.odd.append(f"ingest: {code} {errors[-2000:]}")
        return code == 0 and not failures.exists()
