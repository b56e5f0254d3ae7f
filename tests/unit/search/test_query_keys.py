"""Keys of queries: written down once, so that a renamed field changes none and a cursor given out stays good."""

from __future__ import annotations

import dataclasses

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter, NumberRange
from boxlens.domain.queries import ObjectClause, Part, PictureClause, Query, Relation, Sort, TextClause
from boxlens.search.query_key import query_key, serialized

PIXELS = np.arange(32 * 24 * 3, dtype=np.uint8).reshape(32, 24, 3)
EVERYTHING = Query(
    (TextClause("red dog", 0.5), PictureClause(PIXELS, Box(1, 2, 20, 22), -1.0, "ab" * 32), ObjectClause("cd-3")),
    Filter(
        (Condition("label", any_of=("dog",), none_of=("cat",)), Condition("box_score", range=NumberRange(gte=0.5))),
        any=(Filter((Condition("format", any_of=("jpeg",)),)), Filter((Condition("format", any_of=("png",)),))),
        none=(Filter((Condition("tags", any_of=("draft",)),)),),
    ),
    {"vit": 1.0, "clip": 0.0, "words": 2.0},
    7,
    None,
    "auto",
    {"vit": 0.25},
    (Part(TextClause("dog"), 2, 3, Relation("left_of", 1)), Part(ObjectClause("cd-4"))),
    True,
    ("label:0:3",),
    Sort("taken_at", True),
    "image",
    False,
    "query_objects",
)


def test_the_key_of_a_query_never_changes() -> None:
    """Fields are given by place above: renaming one leaves these values, and cursors that exist, as they are."""
    assert query_key(CollectionSet.of(["photos", "shop"]), EVERYTHING, "ef-1") == "4e4b3dc7e6d274a1"
    assert query_key(CollectionSet.of("photos"), Query((TextClause("dog"),))) == "7e66a2ae24a3c74e"


def test_the_order_of_collections_and_the_cursor_are_no_part_of_it() -> None:
    both = [query_key(CollectionSet.of(names), EVERYTHING) for names in (["photos", "shop"], ["shop", "photos"])]
    assert both[0] == both[1] != query_key(CollectionSet.of("photos"), EVERYTHING)
    going_on = dataclasses.replace(EVERYTHING, cursor="x")
    assert query_key(CollectionSet.of(["photos", "shop"]), going_on) == both[0]


def test_every_field_of_a_query_is_written_down() -> None:
    """All but the cursor: whoever adds a field is reminded here."""
    assert len(serialized(EVERYTHING)) == len(dataclasses.fields(Query)) - 1
