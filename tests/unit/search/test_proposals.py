"""Boxes that a detector was hardly sure of: looks and words find them, nothing counts, names or lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests import parts
from tests.samples.drawn import COLLECTION, take_in

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import Detection
from boxlens.domain.pictures import Pixels
from boxlens.domain.queries import Part, PictureClause, Query, Sort, TextClause
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.pipeline.model_set import ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher

SURE, UNSURE = Box(10, 10, 60, 50), Box(90, 60, 150, 110)
SCENE = parts.scene(("red", SURE), ("blue", UNSURE))


class UnsureOfBlue(parts.BlockDetector):
    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        return [
            [replace(d, score=0.2) if d.label == "blue" else d for d in detections]
            for detections in super().detect(pictures)
        ]


def networks() -> ModelSet:
    made = parts.networks()
    return replace(made, detector=UnsureOfBlue(), limits=replace(made.limits, min_score=0.3))


@pytest.fixture(scope="module")
def index() -> InMemoryIndex:
    index = InMemoryIndex()
    take_in(index, parts.PACK, networks(), [ImageRef("scene.png", data=parts.png(SCENE))])
    return index


@pytest.fixture(scope="module")
def search(index: InMemoryIndex) -> Searcher:
    return Searcher(index, parts.PACK, QueryPipeline(networks()), parts.ColourWords(), parts.LABELS)


def kinds(search: Searcher, query: Query) -> set[str]:
    return {o.object.kind for hit in search.search(COLLECTION, query).hits for o in hit.objects}


def test_it_is_stored_last_and_without_a_name(index: InMemoryIndex) -> None:
    (image,) = index.matching(COLLECTION, Filter((Condition("kind", any_of=("frame",)),)), 10)
    frame, thing, proposal = index.image(COLLECTION, image.image_id)
    assert (frame.kind, thing.kind, proposal.kind) == ("frame", "object", "proposal")
    assert (thing.label, proposal.label, proposal.label_names) == ("red", "", ())
    assert (proposal.box, proposal.box_score) == (UNSURE, 0.2)


def test_looks_and_words_find_it_less_surely(search: Searcher) -> None:
    (hit,) = search.search(COLLECTION, Query((PictureClause(SCENE, UNSURE),))).hits
    assert hit.objects[0].object.kind == "proposal"
    (hit,) = search.search(COLLECTION, Query((TextClause("blue"),))).hits
    assert hit.objects[0].object.kind == "proposal"
    assert all(why.signal == "clip" for why in hit.objects[0].why)


def test_it_is_counted_nowhere(index: InMemoryIndex, search: Searcher) -> None:
    assert index.info(COLLECTION).objects == 1
    boxes = Query((), filter=Filter((Condition("kind", none_of=("frame",)),)))
    facets = search.facets(COLLECTION, boxes)
    assert (facets["label"], facets["colour"]) == ({"red": 1}, {"red": 1})
    two = Query((), filter=Filter((Condition("label", any_of=("blue",)),)))
    assert not search.search(COLLECTION, two).hits


def test_relations_and_counts_do_without_it(search: Searcher) -> None:
    def together(*names: str) -> Query:
        return Query((), all_of=tuple(Part(TextClause(name)) for name in names))

    assert search.search(COLLECTION, together("red")).hits
    assert not search.search(COLLECTION, together("red", "blue")).hits


def test_a_list_of_boxes_has_it_where_it_is_asked_for(search: Searcher) -> None:
    by_size = Query((), sort=Sort.named("-box_area"))
    assert kinds(search, by_size) == {"object"}
    asked = Query((), filter=Filter((Condition("kind", any_of=("proposal",)),)))
    assert kinds(search, asked) == {"proposal"}


def test_a_query_picture_shows_its_objects_alone(search: Searcher) -> None:
    assert [detection.label for detection in search.detect(SCENE)] == ["red"]
