"""Changes of an image in a full index that meet each other, and changes that a rollover comes between: the image ends
whole, and in one index."""

from __future__ import annotations

from itertools import product

import pytest
from tests.contract.objects import PACK, frame, record
from tests.integration.index.conftest import BOUND, Processes
from tests.integration.index.contention import CHANGES, ID, PausedNode, broken, deletes, writes

from boxlens.index.elasticsearch.index import ElasticsearchIndex

pytestmark = pytest.mark.usefixtures("no_grace")


def places(processes: Processes) -> set[str]:
    """The indices that hold documents of the image which a search finds."""
    client = processes.clients[0]
    client.indices.refresh(index=f"{processes.prefix}-photos")
    hits = client.search(index=f"{processes.prefix}-photos", query={"term": {"image_id": ID}}, size=100)["hits"]["hits"]
    return {hit["_index"] for hit in hits}


def roll_over(index: ElasticsearchIndex, times: list[int]) -> None:
    """Fills the open index with other pictures until there is a further one."""
    before = index.info("photos").indices
    while index.info("photos").indices == before:
        times.append(0)
        images = [record(f"other {len(times)} {n}") for n in range(BOUND)]
        assert all(result.ok for result in index.write("photos", [frame(image) for image in images]))


@pytest.mark.parametrize(("slow", "fast"), list(product(CHANGES, CHANGES)))
def test_two_changes_in_a_full_index(processes: Processes, slow: str, fast: str) -> None:
    paused, other = processes.start(PausedNode), processes.start()
    PausedNode.before = staticmethod(lambda number: None)
    other.create("photos", PACK)
    writes("before", 1, 5)(other)
    (home,) = places(processes)
    roll_over(other, [])
    for stands, place in product((True, False), range(1, 5)):
        if stands:
            writes("before", 1, 5)(other)
        else:
            deletes(other)
        PausedNode.bulks = 0
        came: list[int] = []

        def between(number: int, place: int = place, came: list[int] = came) -> None:
            if number == place:
                came.append(number)
                CHANGES[fast](other)

        PausedNode.before = staticmethod(between)
        CHANGES[slow](paused)
        PausedNode.before = staticmethod(lambda number: None)
        case = f"{fast} before request {place} of {slow}, stands: {stands}"
        assert broken(other) == "", case
        assert places(processes) <= {home}, case
        if not came:
            break


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stands", [True, False])
def test_a_rollover_amid_a_change(processes: Processes, change: str, stands: bool) -> None:
    for place in range(1, 5):
        paused, other = processes.start(PausedNode), processes.start()
        PausedNode.before = staticmethod(lambda number: None)
        other.create("photos", PACK)
        if stands:
            writes("before", 1, 5)(other)
        PausedNode.bulks = 0
        came: list[int] = []

        def between(number: int, place: int = place, came: list[int] = came, other: ElasticsearchIndex = other) -> None:
            if number == place:
                came.append(number)
                roll_over(other, [])

        PausedNode.before = staticmethod(between)
        CHANGES[change](paused)
        PausedNode.before = staticmethod(lambda number: None)
        assert broken(other) == "", f"before request {place}"
        assert len(places(processes)) == (change in ("write", "rewrite") or (stands and change == "describe"))
        other.drop("photos")
        if not came:
            break
