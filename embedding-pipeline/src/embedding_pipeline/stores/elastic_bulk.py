"""Bulk requests in SMILE: cut by bytes and count, retried while the server is busy, every action accounted for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from embedding_pipeline.stores import smile
from embedding_pipeline.stores.collection_names import no_collection, sealed
from embedding_pipeline.stores.elastic_client import SMILE_TYPE
from embedding_pipeline.stores.elastic_errors import BUSY, away, disk_full, is_disk_full, understood

Operation = Literal["index", "update", "delete"]
_COMPATIBLE = "; compatible-with=8"
_HEADERS = {
    "accept": "application/vnd.elasticsearch+json" + _COMPATIBLE,
    "content-type": SMILE_TYPE + _COMPATIBLE,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a bulk request, encoded."""

    id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: ``result`` is created, updated, deleted or not_found; ``reason`` is why it failed."""

    id: str
    status: int
    result: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Patience:
    """Sizes of a request, and how long to go on: waits double from ``first_wait_s`` up to ``longest_wait_s``, each
    drawn from the half to the whole of it so that many writers do not come back together."""

    most_bytes: int = 8 * 1024 * 1024
    most_actions: int = 2000
    attempts: int = 8
    first_wait_s: float = 0.25
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, attempt: int) -> None:
        self.sleep(min(self.first_wait_s * 2**attempt, self.longest_wait_s) * random.uniform(0.5, 1))


def action(operation: Operation, id: str, document: Mapping[str, Any] | None = None) -> Action:
    """An action with its document; updates are partial and survive a concurrent write."""
    head: dict[str, Any] = {"_id": id}
    if operation == "update":
        head["retry_on_conflict"] = 3
        document = {"doc": document}
    data = smile.document({operation: head})
    return Action(id, data if document is None else data + smile.document(document))


def send(
    client: Elasticsearch,
    alias: str,
    collection: str,
    actions: Sequence[Action],
    patience: Patience,
    *,
    refresh: bool = False,
) -> dict[str, Outcome]:
    """Outcomes by document id. Raises ElasticsearchAway when the server stays away or busy, DiskFull, NotFound."""
    outcomes: dict[str, Outcome] = {}
    for part in _parts(actions, patience):
        waiting = part
        for attempt in range(patience.attempts):
            answers, problem = _attempt(client, alias, collection, waiting, refresh)
            outcomes.update({a.id: a for a in answers if a.status not in BUSY})
            waiting = [one for one in waiting if one.id not in outcomes]
            if not waiting:
                break
            if attempt + 1 == patience.attempts:
                problem = problem or next(a.reason for a in answers if a.status in BUSY)
                raise away(f"Elasticsearch stayed too busy to write after {patience.attempts} attempts: {problem}")
            patience.wait(attempt)
    return outcomes


def _parts(actions: Sequence[Action], patience: Patience) -> Iterator[list[Action]]:
    """Actions in requests of at most ``most_bytes`` (unless one alone is larger) and ``most_actions``."""
    part: list[Action] = []
    size = 0
    for one in actions:
        if part and (size + len(one.data) > patience.most_bytes or len(part) == patience.most_actions):
            yield part
            part, size = [], 0
        part.append(one)
        size += len(one.data)
    if part:
        yield part


def _attempt(
    client: Elasticsearch, alias: str, collection: str, actions: Sequence[Action], refresh: bool
) -> tuple[list[Outcome], str]:
    """Outcomes of one request; none and the reason when the whole of it met a busy server."""
    path = f"/{alias}/_bulk?require_alias=true" + ("&refresh=true" if refresh else "")
    body = b"".join(one.data for one in actions)
    try:
        answer = client.options(max_retries=0).perform_request("POST", path, headers=_HEADERS, body=body)
    except (ApiError, TransportError) as error:
        problem = understood(error, collection)
        if isinstance(error, ApiError) and error.status_code in BUSY and not is_disk_full(str(error.body)):
            return [], problem.detail
        raise problem from error
    outcomes = [_outcome(item) for item in answer["items"]]
    for outcome in outcomes:
        if is_disk_full(outcome.reason):
            raise disk_full(outcome.reason)
        if "FORBIDDEN/8/" in outcome.reason:  # the block that seal sets
            raise sealed(collection)
        if outcome.reason.startswith("index_not_found_exception"):
            raise no_collection(collection)
    return outcomes, ""


def _outcome(item: Mapping[str, Any]) -> Outcome:
    (told,) = item.values()
    error = told.get("error")
    reason = "" if error is None else _reason(error)
    return Outcome(told["_id"], told["status"], told.get("result", ""), reason)


def _reason(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by", {}).get("reason")
    return f"{error['type']}: {error['reason']}" + (f" ({cause})" if cause else "")
