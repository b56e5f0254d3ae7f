"""Parts of a Boxlens that several threads ask for at once are made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from boxlens import wiring
from boxlens.made_once import made_once
from boxlens.models.packs.pack import Pack, load_pack
from boxlens.servers import Addresses
from boxlens.settings import Settings
from boxlens.wiring import Boxlens

THREADS = 4


def test_a_pack_is_loaded_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first load is held up until the other threads have asked too."""
    loads: list[Pack] = []
    second_load = Event()

    def slowly(*args: object, **options: object) -> Pack:
        loads.append(load_pack(*args, **options))  # type: ignore[arg-type]
        if len(loads) > 1:
            second_load.set()
        second_load.wait(0.5)
        return loads[-1]

    monkeypatch.setattr(wiring, "load_pack", slowly)
    boxlens = Boxlens(Settings(), Addresses("http://127.0.0.1:1", "http://127.0.0.1:1"))
    start = Barrier(THREADS)

    def ask() -> Pack:
        start.wait()
        return boxlens.loaded

    with ThreadPoolExecutor(THREADS) as threads:
        packs = [future.result() for future in [threads.submit(ask) for _ in range(THREADS)]]
    assert len(loads) == 1
    assert all(pack is packs[0] for pack in packs)


def test_instances_have_values_of_their_own_and_errors_are_not_remembered() -> None:
    class Part:
        def __init__(self, fails: bool) -> None:
            self.fails, self.calls = fails, 0

        @made_once
        def value(self) -> int:
            """How often it was computed."""
            self.calls += 1
            if self.fails:
                raise ValueError("not yet")
            return self.calls

    part, other = Part(fails=True), Part(fails=False)
    with pytest.raises(ValueError, match="not yet"):
        _ = part.value
    part.fails = False
    assert [part.value, part.value, other.value] == [2, 2, 1]
    assert Part.value.__doc__ == "How often it was computed."
