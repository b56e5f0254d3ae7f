"""Requests made by schemathesis from the OpenAPI document, fitting and unfitting ones: none is a server error.

``python -m benchmarks.trials.requests --cases 10000`` in ``.venv-test``: the seed is the day (20261129), or that of
``--seed``. The server runs in this process. Every answer of 500 and more is printed with the request as a command of
curl, and the code is then 1.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from tests.api.made_requests import Served, operations, requests_of, serving_pictures

PATIENCE_S = 600.0
"""Seconds for one answer: how fast it comes is no matter here."""


class Requests:
    """Sends what is made, and keeps the answers: by status, and the server errors."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []

    def send(self, name: str, mode: GenerationMode, count: int, number: int) -> None:
        """So many requests to one operation, from a seed."""
        made = requests_of(self._served, name, mode)
        if made is None:
            return

        @seed(number)
        @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=made)
        def requests(case: schemathesis.Case[Any]) -> None:
            answer = case.call(timeout=PATIENCE_S)
            self.statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                self.faults.append(f"{answer.status_code} {answer.text[:500]}\n  {case.as_curl_command()}")

        requests()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).strftime("%Y%m%d")))
    options = parser.parse_args()
    names = [name for name, _ in operations()]
    with tempfile.TemporaryDirectory() as folder, serving_pictures(Path(folder)) as served:
        requests = Requests(served)
        pairs = [
            (name, mode) for name in names for mode in GenerationMode if requests_of(served, name, mode) is not None
        ]
        for position, (name, mode) in enumerate(pairs):
            left = options.cases - requests.statuses.total()
            requests.send(name, mode, max(1, -(-left // (len(pairs) - position))), options.seed)
    answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(requests.statuses.items()))
    print(f"{requests.statuses.total():,} requests to {len(names)} operations, seed {options.seed}: {answers}")
    print(f"{len(requests.faults)} server errors")
    for fault in requests.faults:
        print(f"  {fault}")
    raise SystemExit(bool(requests.faults))


if __name__ == "__main__":
    main()
