"""Bulk requests in SMILE: cut by bytes and count, retried while the server is busy or away, nothing unaccounted."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch

from boxlens.index.elasticsearch import smile
from boxlens.index.elasticsearch.client import SMILE_TYPE
from boxlens.index.elasticsearch.errors import BUSY, disk_full, is_disk_full, to_domain_error, unavailable
from boxlens.index.elasticsearch.reads import INDEX_GONE, Place, Version
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.names import no_collection, writes_blocked

Operation = Literal["index", "create", "update", "delete"]
TOO_LARGE = 413
HALVED_FROM = 2
"""Failed attempts from which a request is sent in halves: a smaller one may pass where a large one does not."""

_COMPATIBLE = "; compatible-with=8"
_HEADERS = {
    "accept": "application/vnd.elasticsearch+json" + _COMPATIBLE,
    "content-type": SMILE_TYPE + _COMPATIBLE,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a bulk request, encoded. ``while_open``: it is for an index that takes new images."""

    index: str
    id: str
    data: bytes
    while_open: bool = False

    @property
    def place(self) -> Place:
        return self.index, self.id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: ``result`` is created, updated, deleted or not_found; ``reason`` is why it failed;
    ``version``: the state that it left; ``moved``: its index takes no new images any more."""

    place: Place
    status: int
    result: str
    reason: str = ""
    version: Version | None = None
    moved: bool = False

    @property
    def id(self) -> str:
        return self.place[1]

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def conflict(self) -> bool:
        """Whether somebody else changed the document since it was read."""
        return self.status == 409

    @property
    def overtaken(self) -> bool:
        """Whether a change must begin anew: somebody else changed the document, or new images go elsewhere."""
        return self.conflict or self.moved


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Sizes of a request, how many are under way at once, and how long to go on: waits double from ``first_wait_s`` up
    to ``longest_wait_s``, each drawn from the half to the whole of it so that many writers do not come back together.

    What is under way, ``requests`` times ``most_bytes``, stays far below the tenth of the server's heap that it takes
    at once. Small requests also end in time where building graphs is slow.
    """

    most_bytes: int = 2 * 1024 * 1024
    most_actions: int = 2000
    requests: int = min(8, os.cpu_count() or 1)
    attempts: int = 8
    contests: int = 8  # how often a change begins anew that somebody else was faster to make
    first_wait_s: float = 0.25
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, attempt: int) -> None:
        self.sleep(min(self.first_wait_s * 2**attempt, self.longest_wait_s) * random.uniform(0.5, 1))


def action(
    target: Target,
    operation: Operation,
    id: str,
    document: Mapping[str, Any] | None = None,
    *,
    version: Version | None = None,
    while_open: bool = False,
) -> Action:
    """An action with its document; updates are partial. With a ``version`` it fails when the document is in another
    state by now, and so does "create" when there is one; without, an update survives a concurrent write. With
    ``while_open`` it fails when the index takes no new images any more."""
    head: dict[str, Any] = {"_index": target.opened if while_open else target.alias, **target.place(id)}
    if version is not None:
        head |= {"if_seq_no": version.seq_no, "if_primary_term": version.primary_term}
    if operation == "update":
        head |= {} if version is not None else {"retry_on_conflict": 3}
        document = {"doc": document}
    data = smile.document({operation: head})
    data = data if document is None else data + smile.document(document)
    return Action(target.index, id, data, while_open)


def send(
    client: Elasticsearch,
    alias: str,
    collection: str,
    actions: Sequence[Action],
    retry: RetryPolicy,
    *,
    refresh: bool = False,
) -> dict[Place, Outcome]:
    """Outcomes by index and id. Raises ElasticsearchAway when the server stays away or busy, DiskFull, NotFound.

    What is refused as too large is sent in halves, down to the one document that fails alone; so is, from its third
    attempt on, what finds the server away or busy again and again.
    """
    outcomes: dict[Place, Outcome] = {}
    parts = deque((part, 0) for part in _parts(actions, retry))
    while parts:
        part, attempt = parts.popleft()
        answer = _attempt(client, alias, collection, part, refresh)
        if answer.too_large:
            if len(part) == 1:
                outcomes[part[0].place] = Outcome(part[0].place, TOO_LARGE, "", answer.problem)
            else:
                parts.extendleft(reversed([(half, attempt) for half in _halves(part)]))
            continue
        outcomes.update({outcome.place: outcome for outcome in answer.outcomes if outcome.status not in BUSY})
        waiting = [entry for entry in part if entry.place not in outcomes]
        if not waiting:
            continue
        attempt += 1
        if attempt == retry.attempts:
            problem = answer.problem or next(outcome.reason for outcome in answer.outcomes if outcome.status in BUSY)
            raise unavailable(f"Elasticsearch could not be written to in {retry.attempts} attempts: {problem}")
        retry.wait(attempt - 1)
        again = _halves(waiting) if attempt >= HALVED_FROM and len(waiting) > 1 else [waiting]
        parts.extendleft(reversed([(half, attempt) for half in again]))
    return outcomes


def _halves(part: Sequence[Action]) -> list[list[Action]]:
    middle = len(part) // 2
    return [list(part[:middle]), list(part[middle:])]


def _parts(actions: Sequence[Action], retry: RetryPolicy) -> Iterator[list[Action]]:
    """Actions in requests of at most ``most_bytes`` (unless one alone is larger) and ``most_actions``."""
    part: list[Action] = []
    size = 0
    for entry in actions:
        if part and (size + len(entry.data) > retry.most_bytes or len(part) == retry.most_actions):
            yield part
            part, size = [], 0
        part.append(entry)
        size += len(entry.data)
    if part:
        yield part


class _Answer(NamedTuple):
    """What came of one request: outcomes, or why the whole of it must be sent again, or is too large."""

    outcomes: list[Outcome]
    problem: str = ""
    too_large: bool = False


def _attempt(client: Elasticsearch, alias: str, collection: str, actions: Sequence[Action], refresh: bool) -> _Answer:
    """Send one request. All actions may be sent again safely: whole documents under their own ids, and deletions."""
    path = f"/{alias}/_bulk?require_alias=true" + ("&refresh=true" if refresh else "")
    body = b"".join(entry.data for entry in actions)
    try:
        answer = client.options(max_retries=0).perform_request("POST", path, headers=_HEADERS, body=body)
    except (ApiError, TransportError) as error:
        problem = to_domain_error(error, collection)
        if isinstance(error, TransportError):
            if isinstance(error, NoConnection | ConnectionTimeout):
                return _Answer([], problem.detail)
            raise problem from error
        if error.status_code == TOO_LARGE:
            reason = f"Elasticsearch does not take a document of {len(body):,} bytes: {problem.detail}"
            return _Answer([], reason, too_large=True)
        if error.status_code in BUSY and not is_disk_full(str(error.body)):
            return _Answer([], problem.detail)
        raise problem from error
    outcomes = [_outcome(entry, item) for entry, item in zip(actions, answer["items"], strict=False)]
    for outcome in outcomes:
        if is_disk_full(outcome.reason):
            raise disk_full(outcome.reason)
        if "FORBIDDEN/8/" in outcome.reason:  # the block that seal sets
            raise writes_blocked(collection)
        if outcome.reason.startswith(INDEX_GONE) and not outcome.moved:
            raise no_collection(collection)
    return _Answer(outcomes)


def _outcome(entry: Action, item: Mapping[str, Any]) -> Outcome:
    (answer,) = item.values()
    error = answer.get("error")
    reason = "" if error is None else _reason(error)
    version = Version(answer["_seq_no"], answer["_primary_term"]) if "_seq_no" in answer else None
    moved = entry.while_open and reason.startswith(INDEX_GONE)
    return Outcome(entry.place, answer["status"], answer.get("result", ""), reason, version, moved)


def _reason(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by", {}).get("reason")
    return f"{error['type']}: {error['reason']}" + (f" ({cause})" if cause else "")
