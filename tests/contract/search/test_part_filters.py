"""Filters and counts beside ``all_of``, on both indices: a chosen count brings as many images as it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.parts import PACK, ColourWords, networks
from tests.samples.scenes import THINGS, scenes, truth

from boxlens.domain.filters import Filter, both
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import Part, Query, Relation, TextClause
from boxlens.filters.expression import parse_expression
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.multi_object import part_filter, rank
from boxlens.search.searcher import Searcher

Scene = list[IndexedObject]
CHIPS = {"label": "label", "tag": "tags", "colour": "colours", "format": "format", "year": "taken", "camera": "camera"}
DOG, CAT = Part(TextClause("dog")), Part(TextClause("猫"))
TOGETHER: dict[tuple[str, ...], tuple[Part, ...]] = {
    ("dog", "cat"): (DOG, CAT),
    ("dog",): (replace(DOG, min_count=2),),
    ("cup", "laptop"): (
        Part(TextClause("cup"), relation=Relation("left_of", 1)),
        Part(TextClause("电脑")),
    ),
}
FILTERS = ["", "label:person", "score>=0.25 -tag:sea", "colour:red tag:sea,odd format:png", "text:RE16"]


def decorated(count: int) -> list[Scene]:
    """Scenes whose images and things have something to be counted and filtered by. One thing has a number plate."""
    made, rng = [], np.random.default_rng(8)
    for n, scene in enumerate(scenes(count, seed=6)):
        year = datetime(2021 + int(rng.integers(3)), 5, 1, tzinfo=UTC) if n % 5 else None
        tags = tuple(tag for tag in ("sea", "city") if rng.random() < 0.4)
        camera = str(rng.choice(["Canon", "Leica"])) if n % 3 else None
        format = "png" if n % 4 else "jpeg"
        image = replace(scene[0].image, taken_at=year, tags=tags, camera=camera, format=format)
        made.append([replace(o, image=image, **_looks(rng)) if o.number else replace(o, image=image) for o in scene])
    plated = next(i for i, scene in enumerate(made) if {"dog", "cat"} <= {o.label for o in scene})
    made[plated][-1] = replace(made[plated][-1], ocr_text=("RE16",))
    return made


def _looks(rng: np.random.Generator) -> dict[str, Any]:
    colours = tuple(colour for colour in ("red", "blue", "white") if rng.random() < 0.3)
    return {"colours": colours, "tags": ("odd",) if rng.random() < 0.2 else ()}


SCENES = decorated(100)


@pytest.fixture(scope="module")
def filled(read_index: ObjectIndex) -> ObjectIndex:
    read_index.create("photos", PACK)
    assert all(result.ok for result in read_index.write("photos", [o for scene in SCENES for o in scene]))
    read_index.refresh("photos")
    return read_index


@pytest.fixture
def search(filled: ObjectIndex) -> Searcher:
    return Searcher(filled, PACK, QueryPipeline(networks()), ColourWords(), THINGS)


def names_of_hits(search: Searcher, parts: Sequence[Part], filter: Filter) -> list[str]:
    answer = search.search(
        "photos", Query((), filter, all_of=tuple(parts), size=200, collapse_duplicates=False, min_relevance="auto")
    )
    assert answer.total_exact
    assert answer.total == len(answer.hits)
    return [hit.image.image_id for hit in answer.hits]


def counts(search: Searcher, parts: Sequence[Part], filter: Filter) -> Mapping[str, Mapping[str, int]]:
    return search.facets("photos", Query((), filter, all_of=tuple(parts), min_relevance="auto"))


def admitted(scene: Scene, expression: str) -> Scene:
    """What a filter leaves of a scene, by the rules of docs/api.md."""
    things, image = [o for o in scene if o.number], scene[0].image
    rules: dict[str, Callable[[IndexedObject], object]] = {
        "": lambda o: True,
        "label:person": lambda o: o.label == "person",
        "score>=0.25 -tag:sea": lambda o: not {"sea"} & {*o.tags, *image.tags},
        "colour:red tag:sea,odd format:png": lambda o: "red" in o.colours and {"sea", "odd"} & {*o.tags, *image.tags},
        "text:RE16": lambda o: "RE16" in o.ocr_text,
    }
    if not any(rules[expression](o) for o in things) or ("format" in expression and image.format != "png"):
        return scene[:1]
    return [o for o in scene if "score" not in expression or o.box_score >= 0.25]


@pytest.mark.parametrize("few", [part_filter.FEW, 3])
def test_a_filter_finds_images_that_hold_every_part_and_what_it_asks_for(
    search: Searcher, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_filter, "FEW", few)
    for expression in FILTERS:
        left = [admitted(scene, expression) for scene in SCENES]
        for labels, parts in TOGETHER.items():
            assert names_of_hits(search, parts, parse_expression(expression)) == truth(left, parts, labels), expression


@pytest.mark.parametrize("expression", ["", "label:person score>=0.25"])
def test_every_count_is_the_number_of_images_after_it_is_chosen(search: Searcher, expression: str) -> None:
    seen: set[str] = set()
    red, green = Part(TextClause("red stuff")), Part(TextClause("green stuff"))
    for parts in ((DOG, CAT), (red,), (red, green), (DOG, replace(red, max_count=3))):
        filter = parse_expression(expression)
        images = names_of_hits(search, parts, filter)
        counted = counts(search, parts, filter)
        assert sum(counted["format"].values()) == len(images)
        for name, values in counted.items():
            for value, count in values.items():
                chosen = names_of_hits(search, parts, both([filter, parse_expression(f"{CHIPS[name]}:{value}")]))
                assert len(chosen) == count, (name, value)
                assert set(chosen) <= set(images)
            seen |= {name for count in values.values() if 0 < count < len(images)}
    assert seen >= {"tag", "colour", "format", "year", "camera"} | ({"label"} if not expression else set())


def test_what_the_filter_asks_for_is_found_however_rare_it_is(
    search: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank, "MIN_DEPTH", 5)
    monkeypatch.setattr(rank, "MAX_DEPTH", 5)
    answer = search.search("photos", Query((), parse_expression("text:RE16"), all_of=(DOG, CAT), size=1))
    plated = next(o.image.image_id for scene in SCENES for o in scene if o.ocr_text)
    assert [hit.image.image_id for hit in answer.hits] == [plated]
    nothing = search.search("photos", Query((), parse_expression("text:unseen"), all_of=(DOG, CAT)))
    assert (nothing.total, nothing.total_exact, nothing.notes) == (0, True, ())
    assert not any(counts(search, (DOG, CAT), parse_expression("text:unseen")).values())
