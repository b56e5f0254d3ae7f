"""Words in a picture belong to the thing they stand on: from pixels through the real text reader to Elasticsearch."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.parts import PACK, BlockDetector, MemoryStore, indexer, networks, png, scene, searcher

from boxlens.domain.answers.hits import HitObject
from boxlens.domain.boxes import Box
from boxlens.domain.pictures import Pixels
from boxlens.domain.queries import Query, TextClause
from boxlens.domain.references import ImageRef
from boxlens.filters.expression import parse_expression
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.models.ocr import OcrFiles, RapidTextReader
from boxlens.models.packs.files import check
from boxlens.models.packs.wheel_ocr import wheel_ocr
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
pytestmark = pytest.mark.skipif(not FONT.is_file(), reason="a Chinese font is needed: apt-get install fonts-wqy-zenhei")
SIZE = (640, 480)
LEFT, RIGHT = Box(20, 120, 300, 300), Box(340, 120, 620, 300)
DOOR, SIGN = Box(60, 40, 580, 460), Box(120, 180, 420, 320)


def painted(pixels: Pixels, *texts: tuple[str, int, int]) -> bytes:
    """The picture with texts written into it, as a file."""
    picture = Image.fromarray(pixels)
    for text, x, y in texts:
        ImageDraw.Draw(picture).text((x, y), text, font=ImageFont.truetype(FONT, 36), fill="white")
    return png(np.asarray(picture))


def pictures() -> dict[str, bytes]:
    """Two vehicles with plates and a way out above them; a sign on a door; a word that stands beside every box."""
    road = scene(("red", LEFT), ("blue", RIGHT), size=SIZE, seed=1)
    house = scene(("green", DOOR), ("yellow", SIGN), size=SIZE, seed=2)
    return {
        "road.png": painted(road, ("京A·12345", 60, 230), ("TAXI 88", 400, 230), ("出口 EXIT", 220, 30)),
        "house.png": painted(house, ("OFFICE", 90, 70), ("咖啡店", 180, 230)),
        "beside.png": painted(scene(("red", LEFT), size=SIZE, seed=3), ("TAXI", 420, 400)),
    }


@pytest.fixture(scope="module")
def world(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    spec = wheel_ocr()
    paths = check(tmp_path_factory.mktemp("pack"), (spec.detect, spec.turn, spec.recognise), "test")
    reader = RapidTextReader(OcrFiles(paths[spec.detect], paths[spec.turn], paths[spec.recognise]))
    client = connect(elasticsearch_url, ElasticsearchSettings())
    index = ElasticsearchIndex(client, IndexSettings(), prefix=f"t{uuid.uuid4().hex[:10]}")
    index.create("read", PACK)
    nets = networks(detector=BlockDetector(), reader=reader)
    refs = [ImageRef(name, data=data) for name, data in pictures().items()]
    indexer(index, nets, MemoryStore()).ingest(refs, collection="read")
    yield searcher(index, nets)
    index.drop("read")
    client.close()


def best(world: Searcher, text: str, where: str = "") -> list[tuple[str, HitObject]]:
    """The first object of each hit, found by words alone."""
    query = Query((TextClause(text),), parse_expression(where), {"words": 1.0})
    return [(hit.image.file_name, hit.objects[0]) for hit in world.search("read", query).hits]


@pytest.mark.parametrize(
    ("text", "picture", "label", "box"),
    [
        ("12345", "road.png", "red", LEFT),
        ("a12345", "road.png", "red", LEFT),
        ("TAXI 88", "road.png", "blue", RIGHT),
        ("exit", "road.png", "", Box(0, 0, *SIZE)),
        ("出口", "road.png", "", Box(0, 0, *SIZE)),
        ("咖啡", "house.png", "yellow", SIGN),
        ("office", "house.png", "green", DOOR),
    ],
)
def test_words_find_the_box_they_stand_in(world: Searcher, text: str, picture: str, label: str, box: Box) -> None:
    (first, *_) = best(world, text)
    assert first[0] == picture
    obj = first[1].object
    assert (obj.label, obj.box) == (label, box)
    assert first[1].highlights["ocr_text"]


def test_a_word_finds_the_frame_only_where_no_box_holds_it(world: Searcher) -> None:
    matches = {(name, matched.object.label, matched.object.kind) for name, matched in best(world, "taxi")}
    assert matches == {("road.png", "blue", "object"), ("beside.png", "", "frame")}


def test_read_text_filters_too(world: Searcher) -> None:
    listed = world.search("read", Query((), parse_expression("text:taxi kind:object")))
    assert [(h.image.file_name, [o.object.label for o in h.objects]) for h in listed.hits] == [("road.png", ["blue"])]
    assert [name for name, _ in best(world, "红", "text:12345")] == ["road.png"]
    assert best(world, "红", "text:88") == []
