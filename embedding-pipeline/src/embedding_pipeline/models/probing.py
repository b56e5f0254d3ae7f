"""A session that measures the ways open to it at first use, takes the fastest, and remembers it."""

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

from embedding_pipeline.errors import BoxlensError
from embedding_pipeline.models.runtime import Array, Session, TensorSpec
from embedding_pipeline.models.ways import Way, fastest, processor, versions

SECONDS = 2.0  # of running, shared by all ways; loading comes on top
_ROUNDS = 50
_lock = threading.Lock()  # one probe at a time: two would slow one another down


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen and why: ``rates`` in rows a second, by the name of each way that ran; ``date``: yyyy-mm-dd."""

    way: str
    rates: Mapping[str, float]
    date: str

    def __str__(self) -> str:
        others = ", ".join(f"{way} {rate:.1f}/s" for way, rate in self.rates.items())
        return f"{self.way} (measured {self.date}: {others})"


class Choices:
    """What was chosen before, in one JSON file; ``path`` None remembers nothing.

    A choice belongs to the network's files, the versions of the runtimes, the processor and the threads: when one of
    them changes it is made anew. A file that cannot be read or written is passed over.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def get(self, key: str) -> Choice | None:
        try:
            said = self._all()[key]
            return Choice(str(said["way"]), {str(k): float(v) for k, v in said["rates"].items()}, str(said["date"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def put(self, key: str, choice: Choice) -> None:
        if self._path is None:
            return
        known = self._all() | {key: {"way": choice.way, "rates": dict(choice.rates), "date": choice.date}}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            arriving = self._path.with_name(f"{self._path.name}.{threading.get_ident()}")
            arriving.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
            arriving.replace(self._path)

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text("utf-8")) if self._path else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class ChosenSession:
    """A network with several ways to run it. ``sessions``: one for each way, the most faithful first.

    ``name`` says which network it is, ``files`` are the hashes of all its files. With one way, or one remembered,
    nothing is measured. A way that cannot be loaded or run is left out; when none can, its error is raised. ``said``
    is told what was chosen.
    """

    def __init__(
        self,
        name: str,
        sessions: Mapping[Way, Session],
        *,
        files: Sequence[str],
        rows: int,
        choices: Choices,
        said: Callable[[str], None],
        threads: int = 0,
    ) -> None:
        self.name = name
        self.ways = tuple(sessions)
        self._sessions: dict[Way, Session] = dict(sessions)
        self._rows = rows
        self._choices = choices
        self._said = said
        about = [*files, *map(str, self.ways), versions(), processor(), threads, rows]
        self._key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
        self._way = self.ways[0] if len(self.ways) == 1 else None

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
        if len(self.ways) == 1:
            return f"{self.ways[0]}, the only way open to it"
        remembered = self._choices.get(self._key)
        return str(remembered) if remembered else f"not measured yet; open: {', '.join(map(str, self.ways))}"

    def _ready(self) -> Session:
        if self._way is None:
            with _lock:
                if self._way is None:
                    self._way = self._chosen()
        return self._sessions[self._way]

    def _chosen(self) -> Way:
        named = {str(way): way for way in self.ways}
        remembered = self._choices.get(self._key)
        if remembered and remembered.way in named:
            way = named[remembered.way]
        else:
            rates = measured(self._sessions, self._rows)
            way = fastest(rates)
            shown = {str(each): round(rate, 2) for each, rate in rates.items()}
            choice = Choice(str(way), shown, datetime.now(UTC).date().isoformat())
            self._choices.put(self._key, choice)
            self._said(f"{self.name} runs as {choice}.")
        self._sessions = {way: self._sessions[way]}  # lets go of what the others hold
        return way


def measured(sessions: Mapping[Way, Session], rows: int, seconds: float = SECONDS) -> dict[Way, float]:
    """Rows a second of each session that runs, in their order; interleaved, so that a busy moment meets all alike.

    Each is loaded and run once before the time counts, and timed at least twice; the best time of each counts.
    Raises the first error when none of them runs.
    """
    batches: dict[Way, Array] = {}
    errors: list[BoxlensError | RuntimeError] = []
    for way, session in sessions.items():
        try:
            batch = _rows_like(session.input, rows)
            session.run(batch)
            batches[way] = batch
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
        for way, batch in batches.items():
            started = time.perf_counter()
            sessions[way].run(batch)
            best[way] = min(best[way], time.perf_counter() - started)
    return {way: rows / took for way, took in best.items()}


def _rows_like(spec: TensorSpec, rows: int) -> Array:
    shape = (spec.shape[0] or rows, *(size or 1 for size in spec.shape[1:]))
    if spec.dtype.startswith("float"):
        return np.random.default_rng(0).normal(size=shape).astype(spec.dtype)
    return np.ones(shape, spec.dtype)
