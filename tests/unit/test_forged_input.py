"""What comes from outside is made up by hypothesis, from pieces of what is right: only foreseen errors come of it.

``BOXLENS_FUZZ_EXAMPLES`` sets how many examples each case gets.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.parts import LABELS

from boxlens.domain.errors import BoxlensError, ModelMissing
from boxlens.domain.filters import Filter
from boxlens.filters.expression import parse_expression
from boxlens.ingest.manifests import manifest_references
from boxlens.ingest.sidecar_words import read_sidecar
from boxlens.language.query_parsing.conditions import parse_text
from boxlens.language.word_query import to_word_query
from boxlens.models.packs.pack import PACK_FILE, read_spec
from boxlens.models.packs.spec import PackSpec
from boxlens.records.recorded_image import decode
from boxlens.search.cursor import _HEAD, VERSION, read_search_after, read_seen
from minio_proxy.derived.pictures import parse_box
from minio_proxy.errors import ProxyError
from minio_proxy.keys import check_bucket, check_key, check_prefix, key_of
from minio_proxy.ranges import not_modified, wanted_range
from minio_proxy.signing import verify

EXAMPLES = int(os.environ.get("BOXLENS_FUZZ_EXAMPLES", "60"))
made_up = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES == 60
)
KEY = "0123456789abcdef"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


json_bytes = json_values.map(lambda value: json.dumps(value).encode())


def words_of(*pieces: str) -> st.SearchStrategy[str]:
    """Texts of these pieces with anything between."""
    return st.lists(st.sampled_from(pieces) | st.text(max_size=4), max_size=12).map("".join)


@made_up
@given(
    body=st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(b"sab"),
)
def test_a_cursor_that_anyone_could_compute(body: bytes, kind: int) -> None:
    data = _HEAD.pack(VERSION, bytes([kind]), bytes.fromhex(KEY), 1) + body
    cursor = base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode().rstrip("=")
    for read in (read_seen, read_search_after):
        with suppress(BoxlensError):
            read(cursor, KEY)


@made_up
@given(cursor=st.text(max_size=80) | st.binary(max_size=80).map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_a_cursor_of_anything(cursor: str) -> None:
    for read in (read_seen, read_search_after):
        with suppress(BoxlensError):
            read(cursor, KEY)
    with suppress(ProxyError):
        key_of(cursor)


FILTER = words_of(
    "label:", "score>=", "-", "tag:", "taken:", "2023-01..", "0.5", ",", '"', " ", "location:", "<", "=", "count.dog>",
    "attributes.x:", "1e999", "nan", "*", "(", ")", "9" * 30,
)  # fmt: skip


@made_up
@given(text=FILTER)
def test_a_filter(text: str) -> None:
    with suppress(BoxlensError):
        parse_expression(text)


WORDS = words_of(
    "两只", "狗", "red", " and ", "没有", "2023年7月", "left of", "at least ", "去年", "-", '"', "dogs", "但不要", "三",
    "\u200d", "99999999999", " without ", "0年", "ﬁ", "İ",
)  # fmt: skip


@made_up
@given(text=WORDS)
def test_the_words_of_a_query(text: str) -> None:
    parse_text(text, LABELS, date(2026, 11, 28))
    to_word_query(text, LABELS, Filter())


@made_up
@given(parts=st.lists(st.text(max_size=12), min_size=6, max_size=6))
def test_a_signature(parts: list[str]) -> None:
    bucket, key, w, box, expires, sent = parts
    with suppress(ProxyError):
        verify("k", bucket, key, w, box, expires=expires, sent=sent, now=0.0)


@made_up
@given(name=st.text(max_size=40) | words_of("..", "/", ".", "a", "\\", "\x00", "%2e", "é" * 200))
def test_names_in_the_object_store(name: str) -> None:
    for check in (check_bucket, check_key, check_prefix, parse_box):
        with suppress(ProxyError):
            check(name)


HEADER = words_of(
    "bytes=", "-", "0", "9" * 25, ",", "Sat, 28 Nov 2026 ", "99:99:99", " GMT", " +9999", '"x"', "W/", "*", "99999"
)


@made_up
@given(value=HEADER)
def test_headers_of_conditional_and_partial_reading(value: str) -> None:
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    for name in ("range", "if-range", "if-none-match", "if-modified-since"):
        headers = {"range": "bytes=0-1", name: value}
        not_modified(headers, "x", moment)
        with suppress(ProxyError):
            wanted_range(headers, 100, "x", moment)


def read_manifest(path: Path) -> None:
    list(manifest_references(path))


SIDECAR = st.dictionaries(
    st.sampled_from(["title", "description", "photoTakenTime", "geoData", "people", "GPSLatitude", "DateTimeOriginal"]),
    json_values
    | st.fixed_dictionaries({"timestamp": json_values})
    | st.fixed_dictionaries({"latitude": json_values, "longitude": json_values}),
    max_size=5,
)
LINE = st.dictionaries(
    st.sampled_from(["uri", "caption", "tags", "taken_at", "location", "attributes", "reference", "file_name"]),
    json_values,
    max_size=5,
)
XMP = words_of(
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "</x:xmpmeta>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<rdf:li>",
    "xmlns:exif='http://ns.adobe.com/exif/1.0/'", "exif:GPSLatitude='91,1N'", "<?xml version='1.0'?>", "]]>",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "read", "content"),
    [
        ("a.json", read_sidecar, SIDECAR.map(json.dumps) | json_values.map(json.dumps) | st.text()),
        ("a.xmp", read_sidecar, XMP),
        ("a.jsonl", read_manifest, st.lists(LINE.map(json.dumps) | st.text(max_size=20), max_size=4).map("\n".join)),
        ("a.csv", read_manifest, words_of("uri", ",", "caption", "\n", '"', "tags", "taken_at", "2023", "\x00")),
    ],
)
def test_files_beside_pictures(tmp_path: Path, name: str, read: Callable[[Path], object], content: Any) -> None:
    @made_up
    @given(text=content)
    def check(text: str) -> None:
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with suppress(BoxlensError):
            read(path)

    check()


def test_a_pack_json(tmp_path: Path) -> None:
    fields = st.sampled_from([*PackSpec.model_fields, "path", "dims", "size"])

    @made_up
    @given(spec=st.dictionaries(fields, json_values | st.dictionaries(fields, json_values, max_size=4), max_size=6))
    def check(spec: dict[str, Any]) -> None:
        (tmp_path / PACK_FILE).write_text(json.dumps(spec))
        with suppress(ModelMissing):
            read_spec(tmp_path)

    check()


@made_up
@given(data=st.binary(max_size=50) | json_bytes)
def test_a_record(data: bytes) -> None:
    with suppress(LookupError, ValueError, TypeError):
        decode(data)
