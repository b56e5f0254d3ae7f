"""Queries of several clauses mean all of them: what one list likes best is looked for in the others too."""

from __future__ import annotations

import numpy as np
from tests.contract.objects import PACK, VIT, frame, record, thing

from boxlens.domain.collections import CollectionSet
from boxlens.domain.objects import object_id
from boxlens.domain.queries import ObjectClause, Query, TextClause, VectorQuery, WordQuery
from boxlens.index.memory.index import InMemoryIndex
from boxlens.language.word_query import NamedPart
from boxlens.search.cursor import SeenCursor
from boxlens.search.requests import RankedListRequest, RankingRequest
from boxlens.search.retrieve import Retriever
from boxlens.search.scoring.calibrate import Calibrator

IMAGES, K = 60, 5


def filled() -> InMemoryIndex:
    """Images with one dog each, the detector less sure of every further one."""
    index = InMemoryIndex()
    index.create("c", PACK)
    objects = [
        obj for n in range(IMAGES) for obj in (frame(record(f"{n}")), thing(record(f"{n}"), 1, "dog", 0.9 - n / 100))
    ]
    assert all(result.ok for result in index.write("c", objects))
    return index


def retrieved(index: InMemoryIndex, *lists: RankedListRequest, k: int = K) -> list[set[str]]:
    """The images of each list."""
    query = Query((TextClause("dog"), ObjectClause("x")))
    request = RankingRequest(CollectionSet.of("c"), index.info("c"), query, SeenCursor(0))
    retriever = Retriever(index, Calibrator(index))
    return [{entry.image_id for entry in some.objects} for some in retriever.retrieve(request, lists, k)]


def test_what_one_clause_likes_best_is_found_deep_in_the_list_of_another() -> None:
    index, last = filled(), record(f"{IMAGES - 1}").image_id
    example = index.objects("c", [object_id(last, 1)], vectors=True)[0].vit_vector
    assert example is not None
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 0))
    looks = RankedListRequest(1, "vit", 1.0, VectorQuery("vit", example, 0))
    assert last not in retrieved(index, words)[0]
    by_words, by_looks = retrieved(index, words, looks)
    assert last in by_words
    assert by_words >= by_looks
    assert len(by_words) <= 2 * K


def test_lists_of_one_clause_and_those_that_exclude_are_read_once() -> None:
    index = filled()
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 0))
    looks = RankedListRequest(1, "vit", -1.0, VectorQuery("vit", np.ones(VIT, np.float32) / VIT**0.5, 0))
    by_words, by_looks = retrieved(index, words, looks)
    assert by_words == retrieved(index, words)[0]
    assert by_looks == retrieved(index, looks)[0]


def test_what_looks_like_all_of_a_text_is_told_by_its_names_too() -> None:
    index, last = filled(), record(f"{IMAGES - 1}").image_id
    example = index.objects("c", [object_id(last, 1)], vectors=True)[0].clip_vector
    assert example is not None
    looks = RankedListRequest(0, "clip", 0.3, VectorQuery("clip", example, 0))
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 0), part=NamedPart("dog", 0.5))
    by_looks, by_words = retrieved(index, looks, words)
    by_name = retrieved(index, words)[0]
    assert by_name | {last} <= by_words <= by_name | by_looks  # not what would be cut for its looks
    assert by_looks == retrieved(index, looks)[0]


def test_what_would_be_cut_for_its_looks_is_not_looked_into() -> None:
    """Here for a box of which the detector was hardly sure that there is a thing at all."""
    index, last = filled(), record(f"{IMAGES - 1}")
    doubtful = thing(last, 2, "cat", 0.001)
    assert all(result.ok for result in index.write("c", [frame(last), thing(last, 1, "dog", 0.31), doubtful]))
    example = doubtful.clip_vector
    assert example is not None
    looks = RankedListRequest(0, "clip", 0.3, VectorQuery("clip", example, 0))
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 0), part=NamedPart("dog", 0.5))
    by_looks, by_words = retrieved(index, looks, words)
    assert last.image_id in by_looks - by_words


def test_a_list_that_ends_in_what_looks_like_nothing_in_particular_is_asked_no_further() -> None:
    index = filled()
    pictures = [record(f"other {n}") for n in range(150)]
    assert all(result.ok for result in index.write("c", [frame(picture) for picture in pictures]))
    example = index.objects("c", [object_id(pictures[0].image_id, 0)], vectors=True)[0].vit_vector
    assert example is not None
    looks = RankedListRequest(0, "vit", 1.0, VectorQuery("vit", example, 0))
    words = RankedListRequest(1, "words", 1.0, WordQuery(("dog",), (), 0))
    by_looks, by_words = retrieved(index, looks, words, k=40)
    assert by_looks == retrieved(index, looks, k=40)[0]
    dogs = {record(f"{n}").image_id for n in range(IMAGES)}
    assert by_words >= by_looks & dogs > retrieved(index, words, k=40)[0] & by_looks


def test_a_list_is_asked_only_for_images_of_which_it_has_nothing() -> None:
    index, first = filled(), record("0").image_id
    twice = thing(record("0"), 2, "dog", 0.05)
    assert all(result.ok for result in index.write("c", [frame(record("0")), thing(record("0"), 1, "dog", 0.9), twice]))
    example = index.objects("c", [object_id(first, 1)], vectors=True)[0].vit_vector
    assert example is not None
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 0))
    looks = RankedListRequest(1, "vit", 1.0, VectorQuery("vit", example, 0))
    request = RankingRequest(CollectionSet.of("c"), index.info("c"), Query((TextClause("dog"),)), SeenCursor(0))
    by_words, _ = Retriever(index, Calibrator(index)).retrieve(request, [words, looks], K)
    assert [entry.object_id for entry in by_words.objects if entry.image_id == first] == [object_id(first, 1)]
