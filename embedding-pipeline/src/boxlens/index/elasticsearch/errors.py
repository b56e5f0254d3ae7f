"""What Elasticsearch and its client say, in the errors of Boxlens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import TransportError
from elasticsearch import ApiError

from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BadQuery, BoxlensError, DiskFull, ElasticsearchAway
from boxlens.index.names import no_collection

BUSY = (429, 502, 503, 504)
"""Statuses that pass by themselves: try again later."""

START = (
    "Start it with `boxlens es start`, among containers with `docker compose up -d elasticsearch`, or set "
    "BOXLENS_ELASTICSEARCH__URL."
)


@contextmanager
def translate_errors(collection: str | CollectionSet) -> Iterator[None]:
    """Turns errors of the client into the tree of errors.py."""
    try:
        yield
    except (ApiError, TransportError) as error:
        raise to_domain_error(error, str(collection)) from error


def to_domain_error(error: ApiError | TransportError, collection: str) -> BoxlensError:
    """ElasticsearchAway, DiskFull, NotFound of the collection, or BadQuery."""
    if isinstance(error, ApiError):
        reported = error.body.get("error") if isinstance(error.body, dict) else None
        reason = _causes(reported) if isinstance(reported, dict) else str(error.body or error.message)
        return _of_status(error.status_code, reason, collection)
    if isinstance(error, NoConnection):
        return unavailable(f"Elasticsearch cannot be reached: {error.message}")
    return unavailable(f"Elasticsearch did not answer: {error.message}")


def to_domain_error_of_answer(answer: Mapping[str, Any], collection: str) -> BoxlensError:
    """The error of one answer among those of a multi-search."""
    return _of_status(answer["status"], _causes(answer["error"]), collection)


def _causes(error: Mapping[str, Any]) -> str:
    causes = error.get("root_cause") or [error]
    return "; ".join(str(cause.get("reason")) for cause in causes)


def _of_status(status: int, reason: str, collection: str) -> BoxlensError:
    if is_disk_full(reason):
        return disk_full(reason)
    if status == 404:
        return no_collection(collection)
    if status in (401, 403):
        hint = "Set BOXLENS_ELASTICSEARCH__API_KEY to a key that may read and write the collections."
        return ElasticsearchAway(f"Elasticsearch refuses the key: {_short(reason)}", hint=hint)
    if status == 400:
        return BadQuery(
            f"Elasticsearch refuses the request: {_short(reason)}", hint="Simplify the query or its filter."
        )
    return unavailable(f"Elasticsearch answers {status}: {_short(reason)}")


def unavailable(detail: str) -> ElasticsearchAway:
    return ElasticsearchAway(detail, hint=START)


def contended(image_id: str) -> ElasticsearchAway:
    return ElasticsearchAway(
        f"Others changed the image {image_id} again and again.", hint="Try again.", retry_after_s=1
    )


def contended_collection(collection: str) -> ElasticsearchAway:
    return ElasticsearchAway(
        f"Others changed where the collection {collection!r} lies again and again.", hint="Try again.", retry_after_s=1
    )


def is_disk_full(reason: str) -> bool:
    """Whether a block of a full disk is meant: read_only_allow_delete, block number 12, set at the flood stage."""
    return "read-only-allow-delete" in reason or "read-only / allow delete" in reason or "flood-stage" in reason


def disk_full(reason: str) -> DiskFull:
    return DiskFull(
        f"Elasticsearch has no room to write: {_short(reason)}",
        hint="Free space on the disk of its data folder; the block lifts itself within a minute of the disk being "
        "below the high watermark. Then run the same command again: what is stored already is kept.",
    )


def _short(reason: str) -> str:
    return reason if len(reason) <= 400 else reason[:400] + " …"
