"""What networks said of a query is asked of them once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests import parts

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.queries import PictureClause, Query, TextClause
from boxlens.index.memory.index import InMemoryIndex
from boxlens.pipeline.caching import CachedTextEncoder, Lookups, LruCache, pixel_digest
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher

LEFT, RIGHT = Box(10, 10, 60, 50), Box(90, 60, 150, 110)


class CountingTexts(parts.ColourWords):
    """Remembers what each call asked for."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        self.calls.append(list(texts))
        return super().encode_texts(texts)


def two_blocks(seed: int = 0) -> Pixels:
    return parts.scene(("red", LEFT), ("blue", RIGHT), seed=seed)


def test_a_text_is_encoded_once() -> None:
    encoder = CountingTexts()
    texts = CachedTextEncoder(encoder, 10)
    first = texts.encode_texts(["red", "blue", "red"])
    again = texts.encode_texts(["blue", "green", "red"])
    assert encoder.calls == [["red", "blue"], ["green"]]
    assert np.array_equal(first[[0, 1]], again[[2, 0]])
    assert np.array_equal(first, encoder.encode_texts(["red", "blue", "red"]))
    assert texts.lookups == Lookups(hits=2, misses=3)
    assert texts.encode_texts([]).shape == (0, 12)
    assert texts.dims == 12


@pytest.mark.parametrize(("size", "calls"), [(0, 4), (1, 4), (2, 3)])
def test_what_was_used_longest_ago_goes(size: int, calls: int) -> None:
    encoder = CountingTexts()
    texts = CachedTextEncoder(encoder, size)
    for text in ("red", "blue", "red", "green"):
        texts.encode_texts([text])
    assert len(encoder.calls) == calls


def test_many_threads_share_a_memory() -> None:
    cache: LruCache[int, int] = LruCache(50)

    def work(seed: int) -> None:
        for key in np.random.default_rng(seed).integers(0, 100, 500).tolist():
            assert cache.get_many([key]).get(key, key) == key
            cache.put_many({key: key})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert cache.lookups.hits + cache.lookups.misses == 8 * 500
    assert len(cache.get_many(range(100))) == 50


def test_content_is_pixels_and_size() -> None:
    pixels = two_blocks()
    assert pixel_digest(pixels) == pixel_digest(pixels.copy())
    assert pixel_digest(pixels[:, ::-1]) != pixel_digest(pixels)
    blank = np.zeros((4, 6, 3), np.uint8)
    assert pixel_digest(blank) != pixel_digest(blank.reshape(6, 4, 3))


def test_boxes_of_one_picture_are_seen_together_and_once() -> None:
    detector, vit, clip = parts.BlockDetector(), parts.HistogramEncoder(), parts.HistogramEncoder()
    pictures = QueryPipeline(parts.networks(detector=detector, vit=vit, clip=clip), cache_size=10)
    first_picture, other = two_blocks(1), two_blocks(2)
    first = pictures.analyze([first_picture, first_picture, other, first_picture], [None, RIGHT, None, RIGHT])
    assert (detector.batches, vit.batches, clip.batches) == ([2], [3], [3])
    second = pictures.analyze([first_picture.copy(), other, first_picture], [RIGHT, LEFT, None])
    assert (detector.batches, vit.batches, clip.batches) == ([2], [3, 1], [3, 1])
    assert second[0] is first[1] is first[3]
    assert second[2] is first[0]
    fresh = QueryPipeline(parts.networks()).analyze([first_picture, other], [RIGHT, LEFT])
    for seen, earlier in zip(fresh, (first[1], second[1]), strict=True):
        assert (seen.objects, seen.box, seen.primary) == (earlier.objects, earlier.box, earlier.primary)
        assert seen.vit is not None
        assert earlier.vit is not None
        assert np.array_equal(seen.vit, earlier.vit)
    assert pictures.lookups == {"box": Lookups(2, 4), "picture": Lookups(1, 2)}


def test_nothing_is_remembered_unless_asked_for() -> None:
    vit = parts.HistogramEncoder()
    pictures = QueryPipeline(parts.networks(vit=vit))
    for _ in range(2):
        pictures.analyze([two_blocks()], [None])
    assert vit.batches == [1, 1]


def test_one_call_of_each_network_for_a_whole_query() -> None:
    """Four texts and three pictures, one of them twice; the next page of the same query asks no network."""
    index, encoder, vit, clip = InMemoryIndex(), CountingTexts(), parts.HistogramEncoder(), parts.HistogramEncoder()
    nets = parts.networks(vit=vit, clip=clip)
    index.create("photos", parts.PACK)
    searcher = Searcher(index, parts.PACK, QueryPipeline(nets, 50), CachedTextEncoder(encoder, 50), parts.LABELS)
    texts = tuple(TextClause(text, weight) for text, weight in (("red", 1), ("蓝", 2), ("green", -1), ("red", 0.5)))
    pictures = tuple(PictureClause(two_blocks(seed), box) for seed, box in ((1, None), (2, LEFT), (1, None)))
    query = Query((*texts, *pictures))
    searcher.search("photos", query)
    assert encoder.calls == [["red", "蓝", "green"]]
    assert (vit.batches, clip.batches) == ([2], [2])
    searcher.search("photos", query)
    searcher.facets("photos", query)
    assert len(encoder.calls) == len(vit.batches) == len(clip.batches) == 1
