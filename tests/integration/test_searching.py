"""Search over the exact twin: words in two languages, pictures, stored objects, filters, grouping and paging."""

from __future__ import annotations

import pytest
from tests.parts import PACK, MemoryStore, indexer, networks, png, scene, searcher

from embedding_pipeline.answers import Answer, Hit
from embedding_pipeline.domain import Box, ImageRef
from embedding_pipeline.errors import BadQuery, NotFound
from embedding_pipeline.queries import Condition, Filter, ObjectClause, PictureClause, Query, TextClause
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.stores.exact import ExactIndex

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
def world() -> tuple[ExactIndex, Searcher]:
    index = ExactIndex()
    given = [
        ImageRef(name, data=png(scene(*blocks, seed=n)), caption="a quiet corner" if name == "empty.png" else None)
        for n, (name, blocks) in enumerate(SCENES.items())
    ]
    indexer(index, networks(), MemoryStore()).ingest(given, collection="c")
    return index, searcher(index, networks())


def found(answer: Answer) -> list[str]:
    return [h.image.file_name for h in answer.hits]


def words(text: str, **more: object) -> Query:
    return Query((TextClause(text),), signals={"words": 1.0}, **more)  # type: ignore[arg-type]


def test_words_find_the_same_in_chinese_and_english(world: tuple[ExactIndex, Searcher]) -> None:
    _, search = world
    english, chinese = search.search("c", words("red")), search.search("c", words("红"))
    assert set(found(english)) == {"r.png", "rb.png", "many.png"}
    assert found(english) == found(chinese)
    for hit in english.hits:
        assert [o.object.label for o in hit.objects] == ["red"]
        assert hit.objects[0].object.box == LEFT


def test_words_nobody_wrote_find_nothing(world: tuple[ExactIndex, Searcher]) -> None:
    answer = world[1].search("c", words("zebra"))
    assert answer.hits == ()
    assert (answer.total, answer.total_exact) == (0, True)


def test_captions_are_found_on_their_frame(world: tuple[ExactIndex, Searcher]) -> None:
    answer = world[1].search("c", words("quiet corner"))
    assert found(answer) == ["empty.png"]
    assert [o.object.kind for o in answer.hits[0].objects] == ["frame"]


def test_a_picture_finds_itself_first_with_its_own_box(world: tuple[ExactIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((PictureClause(scene(("red", LEFT), seed=0)),)))
    best = answer.hits[0]
    assert best.image.file_name in {"r.png", "rb.png", "many.png"}
    assert best.objects[0].object.label == "red"
    assert best.objects[0].object.box.iou(LEFT) == 1
    assert [q.primary for q in answer.query_objects] == [True]
    assert answer.query_objects[0].detection.label == "red"


def test_a_drawn_box_overrides_the_primary_object(world: tuple[ExactIndex, Searcher]) -> None:
    picture = scene(("red", LEFT), ("blue", RIGHT), seed=1)
    answer = world[1].search("c", Query((PictureClause(picture, RIGHT),)))
    assert answer.hits[0].objects[0].object.label == "blue"
    assert [q.primary for q in answer.query_objects] == [False, False]


def test_similar_leaves_the_object_itself_out(world: tuple[ExactIndex, Searcher]) -> None:
    _, search = world
    (hit,) = [h for h in search.search("c", words("green")).hits if h.image.file_name == "g.png"]
    own = hit.objects[0].object.object_id
    answer = search.similar("c", own, 3)
    assert own not in [o.object.object_id for h in answer.hits for o in h.objects]
    assert answer.hits[0].objects[0].object.label == "green"
    with pytest.raises(NotFound):
        search.similar("c", "0" * 64 + "-1", 3)


def test_every_image_takes_one_slot_and_the_page_is_filled(world: tuple[ExactIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((TextClause("red"),), size=6))
    assert len(set(found(answer))) == len(answer.hits) == 6
    for hit in answer.hits:
        assert hit.score == hit.objects[0].score == max(o.score for o in hit.objects)
        for matched in hit.objects:
            assert sum(w.contribution for w in matched.why) == pytest.approx(matched.score)


def test_a_filter_acts_before_the_nearest_are_taken(world: tuple[ExactIndex, Searcher]) -> None:
    only_yellow = Filter((Condition("label", any_of=("yellow",)),))
    answer = world[1].search("c", Query((TextClause("red"),), filter=only_yellow, size=5))
    assert found(answer) == ["many.png"]
    assert [o.object.label for o in answer.hits[0].objects] == ["yellow"]


def test_pages_follow_without_repeats_or_gaps(world: tuple[ExactIndex, Searcher]) -> None:
    for clauses in ((TextClause("red"),), ()):
        pages: list[str] = []
        cursor = None
        for _ in range(10):
            answer = world[1].search("c", Query(clauses, size=2, cursor=cursor))
            pages.extend(found(answer))
            cursor = answer.next_cursor
            if cursor is None:
                break
        assert sorted(pages) == sorted(SCENES)


def test_a_filter_alone_lists_what_it_admits(world: tuple[ExactIndex, Searcher]) -> None:
    answer = world[1].search("c", Query((), filter=Filter((Condition("label", any_of=("blue",)),))))
    assert set(found(answer)) == {"rb.png", "b.png", "many.png"}
    assert all(o.object.label == "blue" for h in answer.hits for o in h.objects)


def test_what_is_unknown_or_of_another_query_is_said(world: tuple[ExactIndex, Searcher]) -> None:
    _, search = world
    with pytest.raises(NotFound):
        search.search("nowhere", words("red"))
    with pytest.raises(NotFound, match="no object"):
        search.search("c", Query((ObjectClause("f" * 64 + "-0"),)))
    cursor = search.search("c", Query((TextClause("red"),), size=1)).next_cursor
    with pytest.raises(BadQuery, match="another query"):
        search.search("c", Query((TextClause("blue"),), size=1, cursor=cursor))


def test_a_negative_clause_pushes_away(world: tuple[ExactIndex, Searcher]) -> None:
    plain = world[1].search("c", words("red"))
    pushed = world[1].search("c", Query((TextClause("red"), TextClause("red", -1.0)), signals={"words": 1.0}))
    assert plain.hits
    assert not pushed.hits


def test_another_pack_is_refused(world: tuple[ExactIndex, Searcher]) -> None:
    from dataclasses import replace

    from embedding_pipeline.errors import PackMismatch

    world[0].create("other", replace(PACK, revision="3" * 64))
    with pytest.raises(PackMismatch):
        world[1].search("other", words("red"))


def test_each_object_of_the_query_picture_is_answered_in_one_call(world: tuple[ExactIndex, Searcher]) -> None:
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
        assert told(group.hits) == told(alone.hits)
    assert told(answer.hits) == told(next(g.hits for g in answer.groups if g.object.primary))
    assert search.search("c", Query((PictureClause(picture),))).groups == ()


def test_other_clauses_count_in_every_group(world: tuple[ExactIndex, Searcher]) -> None:
    clauses = (PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=1)), TextClause("red", -1.0))
    answer = world[1].search("c", Query(clauses, size=2, groups="query_objects"))
    assert len(answer.groups) == 2
    for group in answer.groups:
        assert {w.clause for hit in group.hits for o in hit.objects for w in o.why} == {0, 1}


def told(hits: tuple[Hit, ...]) -> list[tuple[str, list[tuple[str, float]]]]:
    return [(h.image.image_id, [(o.object.object_id, o.score) for o in h.objects]) for h in hits]
