"""Absent things and present ones, asked for in two languages of a collection drawn with known content.

The floors lie a little below what was measured: ``python -m benchmarks.relevance`` prints it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.samples.drawn import COLLECTION, Drawn, best_names, drawn_world, jpeg_of, scenes_without, some_things

from boxlens.domain.answers.hits import Answer
from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.pictures import image_id_of
from boxlens.domain.queries import ObjectClause, PictureClause, Query, TextClause
from boxlens.imaging.decoding import decode
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.memory.index import InMemoryIndex
from boxlens.samples.scenes import Scene
from boxlens.settings import ElasticsearchSettings, IndexSettings

ASKED, EXCLUDED = 100, 30
SCENES, SEED = 420, 4242
LEFT_OUT = some_things(ASKED, 5)


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of the questions asked."""

    absent_empty: float
    absent_empty_or_weak: float
    present_kept: float
    present_found: float
    present_sure: float


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return drawn_world(InMemoryIndex(), scenes_without(LEFT_OUT, SCENES, SEED))


@pytest.fixture
def elastic(elasticsearch_url: str) -> Iterator[ElasticsearchIndex]:
    client = connect(elasticsearch_url, ElasticsearchSettings())
    index = ElasticsearchIndex(client, IndexSettings(ef_construction=100), prefix=f"t{uuid.uuid4().hex[:10]}")
    yield index
    for collection in index.collections():
        index.drop(collection.name)
    client.close()


def ask(drawn: Drawn, text: str, least: object = "auto") -> Answer:
    return drawn.search.search(COLLECTION, Query((TextClause(text),), min_relevance=least))  # type: ignore[arg-type]


def measure(drawn: Drawn, language: str) -> Measured:
    names = best_names(language)
    absent = [ask(drawn, names[thing]) for thing in sorted(LEFT_OUT)]
    present = sorted(drawn.things())
    things_asked = [str(t) for t in np.random.default_rng(1).permutation(present)[:ASKED]]
    before = {thing: ask(drawn, names[thing], None) for thing in things_asked}
    things_found = [thing for thing, answer in before.items() if any(drawn.right(hit, thing) for hit in answer.hits)]
    after = {thing: ask(drawn, names[thing]) for thing in things_asked}
    remaining = [thing for thing in things_found if any(drawn.right(hit, thing) for hit in after[thing].hits)]
    first = [thing for thing in things_found if drawn.right(before[thing].hits[0], thing)]
    return Measured(
        absent_empty=float(np.mean([not answer.hits for answer in absent])),
        absent_empty_or_weak=float(np.mean([all(hit.weak for hit in answer.hits) for answer in absent])),
        present_kept=len(remaining) / len(things_found),
        present_found=len(remaining) / len(things_asked),
        present_sure=float(np.mean([not before[thing].hits[0].weak for thing in first])),
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_absent_things_are_told_and_present_ones_kept(drawn: Drawn, language: str) -> None:
    counts = measure(drawn, language)
    assert counts.absent_empty_or_weak >= 0.85
    assert counts.present_kept >= 0.95
    assert counts.present_sure >= 0.58


@dataclass(frozen=True, slots=True)
class Pushed:
    """Queries for a thing without another that stands in a picture found for it: how many answers are free of the
    other, and how many of the right pictures that do not show it stay."""

    asked: int
    free: float
    stay: float


def push_away(drawn: Drawn, language: str) -> Pushed:
    names = best_names(language)
    rng = np.random.default_rng(2)
    free: list[bool] = []
    stay: list[bool] = []
    for thing in map(str, rng.permutation(sorted(drawn.things()))):
        if len(free) == EXCLUDED:
            break
        before = ask(drawn, names[thing])
        with_it = [hit for hit in before.hits[:5] if drawn.right(hit, thing) and len(drawn.shown(hit)) > 1]
        if not with_it:
            continue
        unwanted = str(rng.choice(sorted(drawn.shown(with_it[0]) - {thing})))
        clauses = (TextClause(names[thing]), TextClause(names[unwanted], weight=-0.5))
        after = drawn.search.search(COLLECTION, Query(clauses, min_relevance="auto"))
        free.append(all(unwanted not in drawn.shown(hit) for hit in after.hits[:20]))
        left = {hit.image.image_id for hit in after.hits}
        good = [hit for hit in before.hits if drawn.right(hit, thing) and unwanted not in drawn.shown(hit)]
        stay += [hit.image.image_id in left for hit in good]
    return Pushed(len(free), float(np.mean(free)), float(np.mean(stay)))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_excluded_is_in_no_picture_of_the_answer(drawn: Drawn, language: str) -> None:
    counts = push_away(drawn, language)
    assert counts.asked == EXCLUDED
    assert counts.free >= 0.9
    assert counts.stay >= 0.77


def example(scene: Scene, box: Box | None) -> PictureClause:
    """A scene as a person gives its file, with a box drawn on it."""
    data = jpeg_of(scene)
    return PictureClause(decode(data, max_pixels=4_000_000).pixels, box, image_id=image_id_of(data))


def test_a_stored_picture_that_is_given_comes_first_and_for_certain(drawn: Drawn) -> None:
    """Whatever box is meant: the one that is chosen, each thing as it was drawn, detected or not, or a corner where
    there may be nothing."""
    for name, scene in list(drawn.scenes.items())[:10]:
        for box in (None, Box(0, 0, 24, 24), *(thing.box for thing in scene.objects)):
            answer = drawn.search.search(COLLECTION, Query((example(scene, box),), min_relevance="auto", size=3))
            assert (answer.hits[0].image.file_name, answer.hits[0].relevance) == (name, 1.0), box


def test_the_picture_that_is_given_stands_for_those_that_look_like_it(drawn: Drawn) -> None:
    scenes = list(drawn.scenes.values())[:12]
    brighter = [replace(scene, picture=np.minimum(scene.picture, 250) + 5) for scene in scenes[:5]]
    twice = drawn_world(InMemoryIndex(), [*scenes, *brighter])
    for scene in (*scenes[:5], *brighter):
        box = scene.objects[0].box
        first = twice.search.search(COLLECTION, Query((example(scene, box),), min_relevance="auto")).hits[0]
        assert first.image.image_id == image_id_of(jpeg_of(scene))
        assert len(first.near_duplicates) == 1


def test_a_filter_holds_for_the_picture_that_is_given_too(drawn: Drawn) -> None:
    name, scene = next(iter(drawn.scenes.items()))
    others = Filter((Condition("file_name", none_of=(name,)),))
    answer = drawn.search.search(COLLECTION, Query((example(scene, scene.objects[0].box),), filter=others))
    assert answer.hits
    assert name not in {hit.image.file_name for hit in answer.hits}


def test_what_truly_looks_like_a_picture_is_not_cut(drawn: Drawn) -> None:
    """The same thing drawn elsewhere; and a stored object, asked with itself, comes first and for certain."""
    remaining = total = 0
    for name, scene in list(drawn.scenes.items())[:15]:
        thing = scene.objects[0]
        query = Query((example(scene, thing.box),))
        before = drawn.search.search(COLLECTION, query)
        after = drawn.search.search(COLLECTION, replace(query, min_relevance="auto"))
        itself = Query((ObjectClause(before.hits[0].objects[0].object.object_id),), min_relevance="auto")
        first = drawn.search.search(COLLECTION, itself).hits[0]
        assert (first.image.file_name, first.relevance) == (name, 1.0)
        others = {
            h.image.image_id for h in before.hits[:10] if h.image.file_name != name and drawn.right(h, thing.thing_id)
        }
        total += len(others)
        remaining += len(others & {hit.image.image_id for hit in after.hits})
    assert total >= 5
    assert remaining >= 0.9 * total


def test_elasticsearch_judges_as_the_exact_twin_does(drawn: Drawn, elastic: ElasticsearchIndex) -> None:
    few = list(drawn.scenes.values())[:30]
    served, exact = drawn_world(elastic, few), drawn_world(InMemoryIndex(), few)
    names = best_names("zh")
    queries = [
        Query((TextClause(names[thing]), TextClause(names["cat"], -0.5)), min_relevance="auto", size=50)
        for thing in sorted(exact.things())[::20]
    ]
    queries += [Query((example(scene, scene.objects[0].box),), min_relevance="auto", size=50) for scene in few[::6]]
    for query in queries:
        first, other = (world.search.search(COLLECTION, query) for world in (served, exact))
        assert first.cut == other.cut
        assert [hit.image.file_name for hit in first.hits] == [hit.image.file_name for hit in other.hits]
        assert [hit.relevance for hit in first.hits] == pytest.approx([hit.relevance for hit in other.hits], abs=0.01)
