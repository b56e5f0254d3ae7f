"""The actors of an ingest on a Ray cluster: Ray starts them, and starts anew what was lost with its machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boxlens.domain.errors import BoxlensError, Unavailable
from boxlens.on_ray.chunks import Answer, Chunk
from boxlens.on_ray.dealer import IN_FLIGHT
from boxlens.on_ray.worker import Parts, PictureWorker

CORES = 4
"""Cores of an actor, unless threads are set."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many actors, and what each takes of its machine."""

    actors: int
    cores: int
    gpus: int = 0


def shape_of(machines: Sequence[Mapping[str, float]], threads: int, device: str) -> Shape:
    """One actor for each GPU, unless ``device`` is "cpu"; without GPUs, one for so many cores.

    ``machines``: Ray's resources of each, such as ``{"CPU": 8.0, "GPU": 1.0}``. ``threads``: cores of an actor, 0 for
    ``CORES`` or as many as the largest machine has. Raises Unavailable when there is room for none.
    """
    gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
    if gpus and device != "cpu":
        least = min(int(m.get("CPU", 0) // m["GPU"]) for m in machines if m.get("GPU", 0) >= 1)
        return Shape(gpus, max(0, min(threads or CORES, least)), 1)
    most = max((int(machine.get("CPU", 0)) for machine in machines), default=0)
    if not most:
        raise Unavailable("No machine of the Ray cluster has a core to give.", hint="Start nodes with --num-cpus.")
    cores = min(threads or CORES, most)
    return Shape(sum(int(machine.get("CPU", 0)) // cores for machine in machines), cores)


class RayPool:
    """``chunks.Pool`` over actors of Ray. An actor that is lost comes back elsewhere; one that cannot work where it is
    is left out, and that is reported."""

    def __init__(self, ray: Any, opening: Callable[[], Parts], shape: Shape, report: Callable[[str], None]) -> None:
        self._ray, self._report = ray, report
        options = {
            "num_cpus": shape.cores,
            "num_gpus": shape.gpus,
            "max_restarts": -1,
            "max_task_retries": 0,  # what was sent to it is dealt out again, perhaps to others
            "max_concurrency": IN_FLIGHT + 2,
            "scheduling_strategy": "SPREAD",
        }
        worker = ray.remote(PictureWorker).options(**options)
        self._actors = {number: worker.remote(opening) for number in range(shape.actors)}
        self._ready: set[int] = set()
        self._calls: dict[Any, tuple[int, Chunk | None]] = {}  # no chunk: it is being made ready
        self._reason: BoxlensError = Unavailable("The Ray cluster has no room for an actor.", hint="Start more nodes.")
        for number in self._actors:
            self._prepare(number)

    def ready(self) -> Collection[int]:
        return self._ready

    def send(self, actor: int, chunk: Chunk) -> None:
        self._calls[self._actors[actor].take.remote(chunk.refs)] = actor, chunk

    def answers(self, timeout_s: float) -> Sequence[Answer]:
        if not self._calls:
            raise self._reason
        done, others = self._ray.wait(list(self._calls), num_returns=1, timeout=timeout_s)
        if done and others:
            done += self._ray.wait(others, num_returns=len(others), timeout=0)[0]
        answers = []
        for call in done:
            actor, chunk = self._calls.pop(call)
            if chunk is None:
                self._made_ready(actor, call)
            else:
                answers.append(Answer(actor, chunk, self._result(actor, call)))
        return answers

    def stop(self) -> None:
        for number in self._ready:
            self._actors[number].stop.remote()

    def _prepare(self, number: int) -> None:
        """Ready once Ray has started it, however long that takes."""
        call = self._actors[number].ready.options(max_task_retries=-1).remote()
        self._calls[call] = number, None

    def _made_ready(self, number: int, call: Any) -> None:
        errors = self._ray.exceptions
        try:
            problem = self._ray.get(call)
        except errors.RayTaskError as error:
            raise error.cause from error
        except errors.ActorDiedError as error:  # for good: Ray could not make it there
            lines = str(error).strip().splitlines()
            hint = "Every machine needs boxlens[ray], in the same version and with the same Python."
            problem = Unavailable(
                f"An actor could not be started: {lines[-1] if lines else 'Ray does not say why'}", hint=hint
            )
        except errors.RayError:
            self._prepare(number)
            return
        if problem is None:
            self._ready.add(number)
            return
        del self._actors[number]
        self._reason = problem
        self._report(f"An actor is left out: {problem.detail} {problem.hint}")

    def _result(self, number: int, call: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(call)
        except errors.RayTaskError as error:
            raise error.cause from error
        except errors.RayError:
            if number in self._ready:
                self._ready.remove(number)
                self._report("An actor was lost; Ray starts it again, and its pictures come once more.")
                self._prepare(number)
            return None
