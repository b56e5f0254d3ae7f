"""The text reader on rendered lines: Chinese and Latin, turned and upside down, large and small, from many threads."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxlens.domain.boxes import Box
from boxlens.domain.errors import ModelMissing
from boxlens.models.ocr import OcrFiles, RapidTextReader
from boxlens.models.packs.files import check
from boxlens.models.packs.wheel_ocr import wheel_ocr

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
pytestmark = pytest.mark.skipif(not FONT.is_file(), reason="a Chinese font is needed: apt-get install fonts-wqy-zenhei")
LINES = ("中关村咖啡店", "雨伞", "出口", "ABC-123", "京A·12345", "Hello World")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OcrFiles:
    spec = wheel_ocr()
    paths = check(tmp_path_factory.mktemp("pack"), (spec.detect, spec.turn, spec.recognise), "test")
    return OcrFiles(paths[spec.detect], paths[spec.turn], paths[spec.recognise])


@pytest.fixture(scope="module")
def reader(files: OcrFiles) -> RapidTextReader:
    return RapidTextReader(files)


def written(
    text: str, *, size: int = 40, canvas: tuple[int, int] = (640, 480), angle: int = 0
) -> tuple[np.ndarray, Box]:
    """A picture with one line of text, turned by ``angle`` degrees, and the box of its ink."""
    ink = Image.new("L", canvas, 0)
    ImageDraw.Draw(ink).text((120, 200), text, font=ImageFont.truetype(FONT, size), fill=255)
    ink = ink.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
    picture = Image.new("RGB", ink.size, (230, 225, 210))
    picture.paste((20, 25, 60), mask=ink)
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    return np.asarray(picture), Box(left, top, right, bottom)


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 15])
@pytest.mark.parametrize("text", LINES)
def test_a_line_is_read_whichever_way_it_lies(reader: RapidTextReader, text: str, angle: int) -> None:
    picture, ink = written(text, angle=angle)
    lines = reader.read(picture)
    assert [line.text for line in lines] == [text]
    assert lines[0].score >= 0.6
    assert lines[0].box.intersection(ink) >= 0.85 * ink.area
    assert lines[0].box.area <= 3 * ink.area


@pytest.mark.parametrize(("size", "canvas"), [(16, (640, 480)), (48, (2400, 1600)), (24, (320, 260))])
def test_small_and_large_pictures(reader: RapidTextReader, size: int, canvas: tuple[int, int]) -> None:
    picture, ink = written("咖啡 ABC-123", size=size, canvas=canvas)
    lines = reader.read(picture)
    assert "".join(line.text for line in lines).replace(" ", "") == "咖啡ABC-123"
    assert all(line.box.intersection(ink) > 0 for line in lines)


def test_lines_come_from_top_to_bottom(reader: RapidTextReader) -> None:
    picture = Image.new("RGB", (500, 400), "white")
    for row, text in enumerate(("图书馆", "OPEN 24h", "禁止停车")):
        ImageDraw.Draw(picture).text((60, 40 + row * 110), text, font=ImageFont.truetype(FONT, 44), fill="black")
    assert [line.text for line in reader.read(np.asarray(picture))] == ["图书馆", "OPEN 24h", "禁止停车"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (300, 400)])
def test_where_there_is_no_text(reader: RapidTextReader, shape: tuple[int, int]) -> None:
    assert reader.read(np.full((*shape, 3), 120, np.uint8)) == []


def test_doubtful_lines_are_left_out(reader: RapidTextReader, files: OcrFiles) -> None:
    picture, _ = written("Hello World")
    picture = np.random.default_rng(0).normal(picture, 60).clip(0, 255).astype(np.uint8)
    scores = [line.score for line in reader.read(picture)]
    assert all(score >= 0.6 for score in scores)
    strict = RapidTextReader(files, threshold=1.1)
    assert strict.read(written("Hello World")[0]) == []


def test_many_threads_read_the_same(reader: RapidTextReader) -> None:
    pictures = [written(text)[0] for text in LINES[:3]]
    read: dict[int, list[list[str]]] = {}

    def work(number: int) -> None:
        read[number] = [[line.text for line in reader.read(picture)] for picture in pictures]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert list(read.values()) == [[[text] for text in LINES[:3]]] * 3


def test_missing_networks_are_named_and_nothing_is_fetched(tmp_path: Path) -> None:
    absent = OcrFiles(tmp_path / "a.onnx", tmp_path / "b.onnx", tmp_path / "c.onnx")
    with pytest.raises(ModelMissing, match=r"a\.onnx") as caught:
        RapidTextReader(absent).read(np.zeros((40, 40, 3), np.uint8))
    assert "boxlens models verify" in caught.value.hint
    assert not list(tmp_path.iterdir())
