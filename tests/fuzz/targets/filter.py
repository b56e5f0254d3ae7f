"""The filter language, and what an index is asked for by it."""

from __future__ import annotations

from contextlib import suppress

import orjson

from boxlens.domain.errors import BoxlensError
from boxlens.filters.expression import parse_expression
from boxlens.index.elasticsearch.queries import filter_query
from boxlens.schema import STORED_FIELDS
from tests.fuzz.targets import text_of

PIECES = (
    *(f"{field.name}:" for field in STORED_FIELDS if field.filter),
    "near:", "inside:", "km", "..", ",", '"', "\\", "-", ">=", "<=", "<", ">", "=", "2023-01", "2023-01-01T00:00:00Z",
    "1e999", "nan", "+09:00", "狗", "\u0130", "0.5", "99999999999999999999",
)  # fmt: skip


def read(data: bytes) -> None:
    """A filter that is understood can be asked of Elasticsearch."""
    with suppress(BoxlensError):
        orjson.dumps(filter_query(parse_expression(text_of(data))))
