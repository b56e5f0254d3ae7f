"""The file of an image: everything comes back, and files of older programs are read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.contract.objects import PACK, frame, full, record, same

from boxlens.domain.objects import IndexedObject
from boxlens.records.recorded_image import Edit, RecordedImage, decode, encode

MOMENT = datetime(2026, 11, 28, 12, tzinfo=UTC)
RECORDED = RecordedImage(
    tuple(full()),
    PACK,
    MOMENT,
    ingested_at=datetime(2025, 1, 2, tzinfo=UTC),
    edits=(Edit("caption", None, "anna", MOMENT), Edit("tags", 1, "", MOMENT)),
)


def changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(encode(RECORDED)) | changes).encode()


def test_everything_comes_back() -> None:
    deleted = replace(RECORDED, deleted_at=MOMENT)
    back = decode(encode(deleted, "<f4"))
    assert all(same(left, right) for left, right in zip(back.objects, full(), strict=True))
    assert replace(back, objects=()).__repr__() == replace(deleted, objects=()).__repr__()


def test_half_as_many_bits_keep_the_direction_of_a_vector_and_its_unit_length() -> None:
    for back, before in zip(decode(encode(RECORDED)).objects, full(), strict=True):
        assert same(back, before, vectors=False)
        for vector, original in ((back.vit_vector, before.vit_vector), (back.clip_vector, before.clip_vector)):
            assert vector is not None
            assert original is not None
            assert vector.dtype == np.float32
            assert abs(float(vector @ vector) - 1) < 1e-6
            assert float(vector @ original) > 0.99999


def test_an_object_without_values_comes_back() -> None:
    bare: IndexedObject = frame(record("bare"), vit_vector=None, clip_vector=None)
    (back,) = decode(encode(RecordedImage((bare,), PACK, MOMENT))).objects
    assert same(back, bare)


def test_a_file_of_format_1_is_read() -> None:
    """A program may be replaced within the hour that a deletion can be undone."""
    document = json.loads(encode(RECORDED, "<f4"))
    for name in ("pack", "vectors", "written_at", "ingested_at", "edits"):
        del document[name]
    document |= {"format": 1, "pack_revision": "r1", "deleted_at": MOMENT.isoformat()}
    back = decode(json.dumps(document).encode())
    assert (back.pack.revision, back.deleted_at, back.edits) == ("r1", MOMENT, ())
    assert all(same(left, right) for left, right in zip(back.objects, full(), strict=True))


def test_what_an_older_file_lacks_is_as_if_never_stored() -> None:
    image = json.loads(encode(RECORDED))["image"]
    for name in ("camera", "picture_hash", "tags"):
        del image[name]
    back = decode(changed(image=image)).objects[0].image
    assert (back.camera, back.picture_hash, back.tags) == (None, "", ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        changed(format=3),
        changed(objects=[]),
        changed(objects=[{}]),
        changed(vectors=">f8"),
        changed(image={}),
        changed(pack={"name": "x"}),
        changed(written_at="today"),
        changed(edits=[{"at": 5}]),
        changed(objects=[json.loads(encode(RECORDED))["objects"][0] | {"corrections": ["[]"]}]),
    ],
)
def test_any_other_file_is_refused(data: bytes) -> None:
    with pytest.raises((LookupError, ValueError, TypeError)):
        decode(data)
