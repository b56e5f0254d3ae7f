"""A session that measures the backends open to it at first use, takes the fastest, and remembers it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from boxlens.domain.errors import BoxlensError
from boxlens.models.runtimes.backends import Backend, fastest, processor, versions
from boxlens.models.runtimes.session import Array, Session, TensorSpec

SECONDS = 2.0  # of running, shared by all backends; loading comes on top
_ROUNDS = 50
_lock = threading.Lock()  # one measurement at a time: two would slow one another down


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """What was chosen and why: ``rates`` in rows a second by the name of each backend; ``date``: yyyy-mm-dd."""

    backend: str
    rates: Mapping[str, float]
    date: str

    def __str__(self) -> str:
        others = ", ".join(f"{backend} {rate:.1f}/s" for backend, rate in self.rates.items())
        return f"{self.backend} (measured {self.date}: {others})"


class ChoiceFile:
    """What was chosen before, in one JSON file; ``path`` None remembers nothing.

    A choice belongs to the network's files, the versions of the runtimes, the processor and the threads: when one of
    them changes it is made anew. A file that cannot be read or written is passed over.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def get(self, key: str) -> BackendChoice | None:
        try:
            entry = self._all()[key]
            return BackendChoice(
                str(entry["way"]), {str(k): float(v) for k, v in entry["rates"].items()}, str(entry["date"])
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def put(self, key: str, choice: BackendChoice) -> None:
        if self._path is None:
            return
        choices = self._all() | {key: {"way": choice.backend, "rates": dict(choice.rates), "date": choice.date}}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            arriving = self._path.with_name(f"{self._path.name}.{threading.get_ident()}")
            arriving.write_text(json.dumps(choices, indent=1) + "\n", "utf-8")
            arriving.replace(self._path)

    def _all(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text("utf-8")) if self._path else {}
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


class AutotunedSession:
    """A network with several backends. ``sessions``: one for each, the most faithful first.

    ``name`` says which network it is, ``files`` are the hashes of all its files. With one backend, or one remembered,
    nothing is measured. A backend that cannot be loaded or run is left out; when none can, its error is raised.
    ``report`` is called with one line about what was chosen.
    """

    def __init__(
        self,
        name: str,
        sessions: Mapping[Backend, Session],
        *,
        files: Sequence[str],
        rows: int,
        choices: ChoiceFile,
        report: Callable[[str], None],
        threads: int = 0,
    ) -> None:
        self.name = name
        self.backends = tuple(sessions)
        self._sessions: dict[Backend, Session] = dict(sessions)
        self._rows = rows
        self._choices = choices
        self._report = report
        about = [*files, *map(str, self.backends), versions(), processor(), threads, rows]
        self._key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
        self._way = self.backends[0] if len(self.backends) == 1 else None

    @property
    def input(self) -> TensorSpec:
        return self._ready().input

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return self._ready().outputs

    def run(self, batch: Array) -> list[Array]:
        return self._ready().run(batch)

    def described(self) -> str:
        """How it is run, without loading or measuring anything."""
        if len(self.backends) == 1:
            return f"{self.backends[0]}, the only way open to it"
        remembered = self._choices.get(self._key)
        return str(remembered) if remembered else f"not measured yet; open: {', '.join(map(str, self.backends))}"

    def _ready(self) -> Session:
        if self._way is None:
            with _lock:
                if self._way is None:
                    self._way = self._chosen()
        return self._sessions[self._way]

    def _chosen(self) -> Backend:
        named = {str(backend): backend for backend in self.backends}
        remembered = self._choices.get(self._key)
        if remembered and remembered.backend in named:
            backend = named[remembered.backend]
        else:
            rates = measured(self._sessions, self._rows)
            backend = fastest(rates)
            rounded = {str(backend): round(rate, 2) for backend, rate in rates.items()}
            choice = BackendChoice(str(backend), rounded, datetime.now(UTC).date().isoformat())
            self._choices.put(self._key, choice)
            self._report(f"{self.name} runs as {choice}.")
        self._sessions = {backend: self._sessions[backend]}  # lets go of what the others hold
        return backend


def measured(sessions: Mapping[Backend, Session], rows: int, seconds: float = SECONDS) -> dict[Backend, float]:
    """Rows a second of each session that runs, in their order; interleaved, so that a busy moment meets all alike.

    Each is loaded and run once before the time counts, and timed at least twice; the best time of each counts.
    Raises the first error when none of them runs.
    """
    batches: dict[Backend, Array] = {}
    errors: list[BoxlensError | RuntimeError] = []
    for backend, session in sessions.items():
        try:
            batch = _rows_like(session.input, rows)
            session.run(batch)
            batches[backend] = batch
        except (BoxlensError, RuntimeError) as error:
            errors.append(error)
    if not batches:
        raise errors[0]
    if len(batches) == 1:
        return dict.fromkeys(batches, 0.0)
    best = dict.fromkeys(batches, float("inf"))
    ends = time.perf_counter() + seconds
    for done in range(_ROUNDS):
        if done >= 2 and time.perf_counter() > ends:
            break
        for backend, batch in batches.items():
            started = time.perf_counter()
            sessions[backend].run(batch)
            best[backend] = min(best[backend], time.perf_counter() - started)
    return {backend: rows / took for backend, took in best.items()}


def _rows_like(spec: TensorSpec, rows: int) -> Array:
    shape = (spec.shape[0] or rows, *(size or 1 for size in spec.shape[1:]))
    if spec.dtype.startswith("float"):
        return np.random.default_rng(0).normal(size=shape).astype(spec.dtype)
    return np.ones(shape, spec.dtype)
