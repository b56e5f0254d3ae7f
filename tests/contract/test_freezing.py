"""A frozen collection is searched and takes no changes, until it is thawed."""

from __future__ import annotations

import pytest
from tests.contract.objects import PACK, VIT, frame, record, same, thing, unit, written

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import Conflict, Frozen
from boxlens.domain.filters import Filter
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import VectorQuery
from boxlens.index.elasticsearch.index import ElasticsearchIndex

OTHER = PackInfo("other", "1", VIT, None)
IMAGE = record("kept")
OBJECTS = [frame(IMAGE), thing(IMAGE, 1), thing(IMAGE, 2, "cat")]


def test_a_frozen_collection_is_read_and_refuses_every_change(index: ObjectIndex, c: str) -> None:
    written(index, c, OBJECTS)
    index.freeze(c)
    index.freeze(c)  # the same call again changes nothing
    assert index.info(c).frozen
    assert index.setup(c, fresh=True).frozen
    new = record("new")
    for change in (
        lambda: list(index.write(c, [frame(new)])),
        lambda: index.annotate(c, IMAGE.image_id, caption="other"),
        lambda: index.delete_image(c, IMAGE.image_id),
        lambda: index.serving(c, loading=True),
        lambda: index.create_successor(c, OTHER),
        lambda: index.block_writes(c, blocked=False),
        lambda: index.drop(c),
    ):
        with pytest.raises(Frozen) as caught:
            change()
        assert f"boxlens collections thaw {c}" in caught.value.hint
    assert len(index.search(c, [VectorQuery("vit", unit(1, VIT), 10)])[0]) == 3
    assert len(index.matching(c, Filter(), 10)) == 3
    stored = index.image(c, IMAGE.image_id, vectors=True)
    assert all(same(left, right) for left, right in zip(stored, OBJECTS, strict=True))
    index.refresh(c)
    index.thaw(c)


def test_a_thawed_collection_takes_changes_again(index: ObjectIndex, c: str) -> None:
    written(index, c, OBJECTS)
    index.freeze(c)
    index.thaw(c)
    assert not index.info(c).frozen
    index.annotate(c, IMAGE.image_id, caption="edited")
    assert index.image(c, IMAGE.image_id)[0].image.caption == "edited"
    index.delete_image(c, IMAGE.image_id)
    index.drop(c)


def test_what_moves_to_another_pack_is_not_frozen(index: ObjectIndex, c: str) -> None:
    index.create_successor(c, OTHER)
    with pytest.raises(Conflict):
        index.freeze(c)
    index.drop_successor(c)
    index.freeze(c)
    index.thaw(c)


def test_a_freeze_merges_what_many_writes_left(elastic: ElasticsearchIndex) -> None:
    elastic.create("photos", PACK)
    for number in range(6):
        written(elastic, "photos", [frame(record(f"picture {number}"))])
    elastic.freeze("photos")
    segments = elastic._client.indices.stats(index=elastic.info("photos").index, metric=["segments"])
    assert segments["_all"]["primaries"]["segments"]["count"] == 1
    elastic.thaw("photos")
