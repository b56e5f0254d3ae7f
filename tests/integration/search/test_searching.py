"""Search over the exact twin: words in two languages, pictures, stored objects, filters, grouping and paging."""

from __future__ import annotations

import pytest
from tests.parts import PACK, MemoryStore, indexer, networks, png, scene, searcher

from boxlens.domain.answers.hits import Answer, Hit
from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadQuery, NotFound
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.queries import ObjectClause, PictureClause, Query, TextClause
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.search.searcher import Searcher

LEFT, RIGHT = Box(10, 20, 60, 80), Box(90, 30, 130, 70)
SCENES = {
    "r.png": [("red", LEFT)],
    "rb.png": [("red", LEFT), ("blue", RIGHT)],
    "b.png": [("blue", RIGHT)],
    "g.png": [("green", LEFT)],
    "many.png": [("red", LEFT), ("blue", RIGHT), ("green", Box(70, 85, 100, 115)), ("yellow", Box(110, 85, 150, 115))],
    "empty.png": [],
}


@pytest.fixture
def world() -> tuple[InMemoryIndex, Searcher]:
    index = InMemoryIndex()
    references = [
        ImageRef(name, data=png(scene(*blocks, seed=n)), caption="a quiet corner" if name == "empty.png" else None)
        for n, (name, blocks) in enumerate(SCENES.items())
    ]
    indexer(index, networks(), MemoryStore()).ingest(references, collection="c")
    return index, searcher(index, networks())


def file_names(answer: Answer) -> list[str]:
    return [h.image.file_name for h in answer.hits]


def words(text: str, **more: object) -> Query:
    return Query((TextClause(text),), signals={"words": 1.0}, **more)  # type: ignore[arg-type]


def test_words_find_the_same_in_chinese_and_english(world: tuple[InMemoryIndex, Searcher]) -> None:
    _, search = world
    english, chinese = search.search("c", words("red")), search.search("c", words("红"))
    assert set(file_names(english)) == {"r.png", "rb.png", "many.png"}
    assert file_names(english) == file_names(chinese)
    for hit in english.hits:
        assert [o.object.label for o in hit.objects] == ["red"]
        assert hit.objects[0].object.box == LEFT


def test_words_nobody_wrote_find_nothing(world: tuple[InMemoryIndex, Searcher]) -> None:
    answer = world[1].search("c", words("zebra"))
    assert answer.hits == ()
    assert (answer.total, answer.total_exact) == (0, True)


def test_captions_are_found_on_their_frame(world: tuple[InMemoryIndex, Searcher]) -> None:
    answer = world[1].search("c", words("quiet corner"))
    assert file_names(answer) == ["empty.png"]
    assert [o.object.kind for o in answer.hits[0].objects] == ["frame"]


def test_a_picture_finds_itself_first_with_its_own_box(world: tuple[InMemoryIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((PictureClause(scene(("red", LEFT), seed=0)),)))
    best = answer.hits[0]
    assert best.image.file_name in {"r.png", "rb.png", "many.png"}
    assert best.objects[0].object.label == "red"
    assert best.objects[0].object.box.iou(LEFT) == 1
    assert [q.primary for q in answer.query_objects] == [True]
    assert answer.query_objects[0].detection.label == "red"


def test_a_drawn_box_overrides_the_primary_object(world: tuple[InMemoryIndex, Searcher]) -> None:
    picture = scene(("red", LEFT), ("blue", RIGHT), seed=1)
    answer = world[1].search("c", Query((PictureClause(picture, RIGHT),)))
    assert answer.hits[0].objects[0].object.label == "blue"
    assert [q.primary for q in answer.query_objects] == [False, False]


def test_similar_leaves_the_object_itself_out(world: tuple[InMemoryIndex, Searcher]) -> None:
    _, search = world
    (hit,) = [h for h in search.search("c", words("green")).hits if h.image.file_name == "g.png"]
    own = hit.objects[0].object.object_id
    answer = search.similar("c", own, 3)
    assert own not in [o.object.object_id for h in answer.hits for o in h.objects]
    assert answer.hits[0].objects[0].object.label == "green"
    with pytest.raises(NotFound):
        search.similar("c", "0" * 64 + "-1", 3)


def test_every_image_takes_one_slot_and_the_page_is_filled(world: tuple[InMemoryIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((TextClause("red"),), size=6))
    assert len(set(file_names(answer))) == len(answer.hits) == 6
    for hit in answer.hits:
        assert hit.score == hit.objects[0].score == max(o.score for o in hit.objects)
        for matched in hit.objects:
            assert sum(w.contribution for w in matched.why) == pytest.approx(matched.score)


def test_a_filter_acts_before_the_nearest_are_taken(world: tuple[InMemoryIndex, Searcher]) -> None:
    only_yellow = Filter((Condition("label", any_of=("yellow",)),))
    answer = world[1].search("c", Query((TextClause("red"),), filter=only_yellow, size=5))
    assert file_names(answer) == ["many.png"]
    assert [o.object.label for o in answer.hits[0].objects] == ["yellow"]


def test_pages_follow_without_repeats_or_gaps(world: tuple[InMemoryIndex, Searcher]) -> None:
    for clauses in ((TextClause("red"),), ()):
        pages: list[str] = []
        cursor = None
        for _ in range(10):
            answer = world[1].search("c", Query(clauses, size=2, cursor=cursor))
            pages.extend(file_names(answer))
            cursor = answer.next_cursor
            if cursor is None:
                break
        assert sorted(pages) == sorted(SCENES)


def test_a_filter_alone_lists_what_it_admits(world: tuple[InMemoryIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((), filter=Filter((Condition("label", any_of=("blue",)),))))
    assert set(file_names(answer)) == {"rb.png", "b.png", "many.png"}
    assert all(o.object.label == "blue" for h in answer.hits for o in h.objects)


def test_what_is_unknown_or_of_another_query_is_said(world: tuple[InMemoryIndex, Searcher]) -> None:
    _, search = world
    with pytest.raises(NotFound):
        search.search("nowhere", words("red"))
    with pytest.raises(NotFound, match="no object"):
        search.search("c", Query((ObjectClause("f" * 64 + "-0"),)))
    cursor = search.search("c", Query((TextClause("red"),), size=1)).next_cursor
    with pytest.raises(BadQuery, match="another query"):
        search.search("c", Query((TextClause("blue"),), size=1, cursor=cursor))


def test_a_negative_clause_pushes_away(world: tuple[InMemoryIndex, Searcher]) -> None:
    plain = world[1].search("c", words("red"))
    pushed = world[1].search("c", Query((TextClause("red"), TextClause("red", -1.0)), signals={"words": 1.0}))
    assert plain.hits
    assert not pushed.hits


def test_another_pack_is_refused(world: tuple[InMemoryIndex, Searcher]) -> None:
    from dataclasses import replace

    from boxlens.domain.errors import PackMismatch

    world[0].create("other", replace(PACK, revision="3" * 64))
    with pytest.raises(PackMismatch):
        world[1].search("other", words("red"))


def test_each_object_of_the_query_picture_is_answered_in_one_call(world: tuple[InMemoryIndex, Searcher]) -> None:
    _, search = world
    picture = scene(("red", LEFT), ("blue", RIGHT), seed=1)
    query = Query((PictureClause(picture),), size=2, groups="query_objects")
    answer = search.search("c", query)
    assert [g.object for g in answer.groups] == list(answer.query_objects)
    assert {g.object.detection.label for g in answer.groups} == {"red", "blue"}
    for group in answer.groups:
        assert len(group.hits) == 2
        assert group.hits[0].objects[0].object.label == group.object.detection.label
        alone = search.search("c", Query((PictureClause(picture, group.object.detection.box),), size=2))
        assert labels_and_scores(group.hits) == labels_and_scores(alone.hits)
    assert labels_and_scores(answer.hits) == labels_and_scores(next(g.hits for g in answer.groups if g.object.primary))
    assert search.search("c", Query((PictureClause(picture),))).groups == ()


def test_other_clauses_count_in_every_group(world: tuple[InMemoryIndex, Searcher]) -> None:
    clauses = (PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=1)), TextClause("red", -1.0))
    answer = world[1].search("c", Query(clauses, size=2, groups="query_objects"))
    assert len(answer.groups) == 2
    for group in answer.groups:
        assert {w.clause for hit in group.hits for o in hit.objects for w in o.why} == {0, 1}


def labels_and_scores(hits: tuple[Hit, ...]) -> list[tuple[str, list[tuple[str, float]]]]:
    return [(h.image.image_id, [(o.object.object_id, o.score) for o in h.objects]) for h in hits]


@pytest.mark.parametrize("text", ["no red", "without any red", "没有红", "除了红"])
def test_a_denial_alone_lists_what_does_not_hold_it(world: tuple[InMemoryIndex, Searcher], text: str) -> None:
    answer = world[1].search("c", words(text, read_text=True))
    assert set(file_names(answer)) == {"b.png", "g.png", "empty.png"}
    assert [reading.away.text for reading in answer.read if reading.away] in (["red"], ["红"])


@pytest.mark.parametrize("text", ["blue without red", "blue, no red", "没有红的蓝", "blue but not red"])
def test_a_denial_beside_a_thing_leaves_the_thing(world: tuple[InMemoryIndex, Searcher], text: str) -> None:
    answer = world[1].search("c", words(text, read_text=True))
    assert file_names(answer) == ["b.png"]


def test_a_denial_of_no_class_never_shows_what_it_denies(world: tuple[InMemoryIndex, Searcher]) -> None:
    assert "empty.png" not in file_names(world[1].search("c", words("no corner", read_text=True)))
