"""Short forms of the trials of ``benchmarks.trials``."""

from __future__ import annotations

import httpx
from benchmarks.trials import changes
from tests.servers.stack import Stack, served
from tests.shared import needs_photos

from boxlens.library.audit import Audit

pytestmark = needs_photos


def test_clients_that_change_the_same_pictures_at_once_leave_whole_images(stack: Stack) -> None:
    with served(stack.boxlens, None) as address, httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
        result = changes.run(client, clients=8, rounds=4)
    assert result.wrong == []
    assert sum(result.answers.values()) == 32
    try:
        assert list(Audit(stack.boxlens).collection(changes.COLLECTION)) == []
    finally:
        stack.boxlens.writer.drop(changes.COLLECTION)
