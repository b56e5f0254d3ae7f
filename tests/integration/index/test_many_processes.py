"""Several processes that write at once until a collection has outgrown several indices, with the waits that hold in
earnest, only shorter."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.contract.objects import PACK, frame, record, thing
from tests.integration.index.conftest import BOUND, Processes

from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject, object_id
from boxlens.index.elasticsearch.admin import collections, rollover
from boxlens.index.elasticsearch.index import ElasticsearchIndex


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "REMEMBERED_S", 0.3)
    monkeypatch.setattr(rollover, "GRACE_S", 0.5)


def picture(number: int) -> list[IndexedObject]:
    image = record(f"picture {number}")
    return [frame(image), thing(image, 1), thing(image, 2)]


def test_every_image_ends_whole_in_one_index(processes: Processes) -> None:
    """Each third of the pictures is written by two of them."""
    writers = [processes.start() for _ in range(4)]
    writers[0].create("photos", PACK)

    def write(part: int) -> list[str]:
        mine = [n for n in range(48) if n % 4 == part or n % 12 == part]
        results = writers[part].write("photos", [obj for n in mine for obj in picture(n)])
        return [result.reason for result in results if not result.ok]

    with ThreadPoolExecutor(4) as threads:
        refused = [reason for reasons in threads.map(write, range(4)) for reason in reasons]
    assert refused == []
    index = processes.start()
    index.refresh("photos")
    ids = Counter(match.object_id for match in index.matching("photos", Filter(), 1000))
    assert ids == Counter(obj.object_id for n in range(48) for obj in picture(n))
    assert index.info("photos").images == 48
    assert index.info("photos").indices >= 144 // (4 * BOUND)
    states = processes.states()
    assert (states.count("open"), states.count("full")) == (1, len(states) - 1)


def test_a_process_that_looked_before_reads_what_another_writes_after(processes: Processes) -> None:
    writer, reader = processes.start(), processes.start()
    writer.create("photos", PACK)
    for number in range(20):
        (first, *_) = picture(number)
        assert reader.stored("photos", [first.image.image_id]) == {}
        assert all(result.ok for result in writer.write("photos", picture(number)))
        assert set(reader.stored("photos", [first.image.image_id])) == {first.image.image_id}
        assert len(reader.objects("photos", [object_id(first.image.image_id, 1)])) == 1
    assert writer.info("photos").indices > 3


def counted(index: ElasticsearchIndex) -> int:
    return index.info("photos").indices


def test_the_bound_is_of_a_shard_and_counts_what_others_wrote(processes: Processes) -> None:
    first, second = processes.start(bound=30), processes.start(bound=30)
    first.create("photos", PACK)
    for number in range(9):
        list(first.write("photos", picture(number)))
    assert counted(first) == 1
    for number in range(9, 12):
        list(second.write("photos", picture(number)))
    assert counted(second) == 2
