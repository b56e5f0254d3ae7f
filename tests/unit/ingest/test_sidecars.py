"""Which sidecar speaks of which picture, and what exporters of many kinds write into theirs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from boxlens.domain.errors import BadSource
from boxlens.domain.pictures import GeoPoint
from boxlens.imaging.picture_words import PictureWords
from boxlens.ingest.sidecar_words import read_sidecar
from boxlens.ingest.sidecars import Sidecars

LONG = "Screenshot_of_the_very_long_name_of_a_photo_0123.jpg"
TAIL = ".supplemental-metadata"


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("pier.jpg", "pier.jpg.json"),
        ("pier.jpg", "pier.jpg.supplemental-metadata.json"),
        ("pier.jpg", "pier.jpg.supplem.json"),
        ("pier.jpg", "pier.jpg..json"),
        ("mill(1).jpg", "mill.jpg(1).json"),
        ("mill(1).jpg", "mill(1).jpg.json"),
        ("mill(12).jpg", "mill.jpg.supplemental-metadata(12).json"),
        ("mill(1).jpg", "mill(1).jpg.supplemental-metadata.json"),
        ("garden-edited.jpg", "garden.jpg.json"),
        ("garden-edited(1).jpg", "garden.jpg(1).json"),
        ("garden-bearbeitet.jpg", "garden.jpg.supplemental-metadata.json"),
        ("garden-effects-edited.jpg", "garden.jpg.json"),
        ("garden-smile.jpg", "garden.jpg.json"),
        ("garden-edited.jpg", "garden.HEIC.supplemental-metadata.json"),
        ("y" * 43 + "-edi.jpg", "y" * 43 + ".jp.json"),
        ("y" * 45 + "-e.jpg", "y" * 45 + "..json"),
        ("Caf\u00e9.jpg", "Cafe\u0301.jpg.json"),
        ("Cafe\u0301.jpg", "Caf\u00e9.xmp"),
        ("IMG_7001.JPG", "IMG_7001.jpg.json"),
        ("img_7001.jpg", "IMG_7001.JPG.supplemental-metadata.json"),
        (LONG[:47] + ".jpg", LONG[:46] + ".json"),
        (LONG[:47] + "(1).jpg", LONG[:46] + "(1).json"),
        ("PXL_20240512_101112131.PORTRAIT-01.COVER.jpg", "PXL_20240512_101112131.PORTRAIT-01.COVER.jpg.s.json"),
        *(("x" * n + ".jpg", ("x" * n + ".jpg" + TAIL)[:46] + ".json") for n in range(20, 47)),
        *(("x" * n + "(3).jpg", ("x" * n + ".jpg" + TAIL)[:46] + "(3).json") for n in range(20, 47)),
        ("k7.jpg", "k7.json"),
        ("k7.jpg", "k7.jpg.xmp"),
        ("k7.jpg", "k7.xmp"),
        ("k7.CR2", "k7.XMP"),
        ("PXL_1.MP.jpg", "PXL_1.MP.jpg.supplemental-metadata.json"),
        ("旅行 (2).heic", "旅行 (2).heic.supplemental-metada.json"),
    ],
)
def test_a_sidecar_finds_its_picture(picture: str, sidecar: str) -> None:
    other = "other.jpg"
    assert Sidecars([picture, sidecar, other]).pair([picture, other]) == ({picture: [sidecar]}, set())


def test_copies_of_one_name_keep_their_own_words() -> None:
    names = ["a.jpg", "a(1).jpg", "a.jpg.supplemental-metadata.json", "a.jpg.supplemental-metadata(1).json"]
    pairs, unmatched = Sidecars(names).pair(names[:2])
    assert pairs == {"a.jpg": [names[2]], "a(1).jpg": [names[3]]}
    assert not unmatched
    pairs, unmatched = Sidecars(names[:3]).pair(names[:2])
    assert (pairs, unmatched) == ({"a.jpg": [names[2]]}, set())


def test_json_and_xmp_may_both_speak_of_a_picture_and_its_film() -> None:
    names = ["a.heic", "a.mov", "a.heic.json", "a.xmp"]
    pairs, unmatched = Sidecars(names).pair(names[:2])
    assert pairs == {"a.heic": ["a.heic.json", "a.xmp"], "a.mov": ["a.xmp"]}
    assert not unmatched


def test_an_edit_of_two_that_could_be_meant_has_no_words() -> None:
    sidecars = ["a.heic.json", "a.png.json"]
    pairs, _ = Sidecars(["a-edited.jpg", *sidecars]).pair(["a-edited.jpg"])
    assert pairs == {}


def test_the_very_case_of_a_name_goes_first() -> None:
    names = ["Photo.JPG", "photo.jpg", "Photo.JPG.json", "photo.jpg.json"]
    pairs, _ = Sidecars(names).pair(names[:2])
    assert pairs == {"Photo.JPG": ["Photo.JPG.json"], "photo.jpg": ["photo.jpg.json"]}


def test_a_name_cut_so_short_that_two_could_be_meant_speaks_of_none() -> None:
    first, second, sidecar = "y" * 46 + "1.jpg", "y" * 46 + "2.jpg", "y" * 46 + ".json"
    assert Sidecars([first, second, sidecar]).pair([first, second]) == ({}, {sidecar})


@pytest.mark.parametrize("sidecar", ["metadata.json", "pier.json.json", "pie.jpg.json", "pier.jpg.small.json"])
def test_other_files_are_no_sidecars_of_it(sidecar: str) -> None:
    assert Sidecars(["pier.jpg", sidecar]).pair(["pier.jpg"]) == ({}, {sidecar})


MORNING = datetime(2019, 5, 4, 10, 0, tzinfo=UTC)
BEIJING = GeoPoint(39.9, 116.4)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {
                "title": "IMG_1.jpg",
                "description": "by the lake",
                "photoTakenTime": {"timestamp": "1556964000", "formatted": "May 4, 2019"},
                "geoData": {"latitude": 0.0, "longitude": 0.0},
                "geoDataExif": {"latitude": 39.9, "longitude": 116.4},
                "people": [{"name": "Li"}, {"name": None}, {}],
            },
            PictureWords("by the lake", ("Li",), MORNING, BEIJING),
        ),
        (
            [
                {
                    "SourceFile": "a.jpg",
                    "XMP:Description": "by the lake",
                    "IPTC:Keywords": ["lake", 2019],
                    "XMP:PersonInImage": "Li",
                    "EXIF:DateTimeOriginal": "2019:05:04 10:00:00",
                    "EXIF:GPSLatitude": 39.9,
                    "EXIF:GPSLongitude": 116.4,
                }
            ],
            PictureWords("by the lake", ("lake", "2019", "Li"), MORNING, BEIJING),
        ),
        (
            {
                "description": "by the lake",
                "tags": [{"tag": "lake"}, {"tag": "summer"}],
                "date_taken": "2019-05-04 10:00:00",
                "geo": {"latitude": "39.9", "longitude": "116.4"},
            },
            PictureWords("by the lake", ("lake", "summer"), MORNING, BEIJING),
        ),
        (
            {"caption": "by the lake", "keywords": "lake; summer，water", "lat": 39.9, "lon": 116.4},
            PictureWords("by the lake", ("lake", "summer", "water"), None, BEIJING),
        ),
        ({"caption": "a small boat", "url": "https://example.org/k7.jpg"}, PictureWords("a small boat")),
        (
            {"photoTakenTime": {"timestamp": "-1000000000"}},
            PictureWords(taken_at=datetime(1938, 4, 24, 22, 13, 20, tzinfo=UTC)),
        ),
        ({"photoTakenTime": {"timestamp": "0"}}, PictureWords()),
        ({"photoTakenTime": {"timestamp": "99999999999999999999"}}, PictureWords()),
        ({"taken_at": "9999-12-31T23:59:59-10:00"}, PictureWords()),
        ({"taken_at": "0001-01-01T00:00:00+10:00"}, PictureWords()),
        (
            {"GPSLatitude": "39 deg 54' 0.00\" N", "GPSLongitude": "116 deg 24' 0.00\" E", "DateTimeOriginal": 2019},
            PictureWords(None, (), MORNING.replace(month=1, day=1, hour=0), BEIJING),
        ),
        (
            {
                "EXIF:DateTimeOriginal": "2019:05:04 18:00:00",
                "EXIF:OffsetTimeOriginal": "+08:00",
                "EXIF:GPSLatitude": 39.9,
                "EXIF:GPSLatitudeRef": "South",
                "EXIF:GPSLongitude": 116.4,
                "EXIF:GPSLongitudeRef": "W",
            },
            PictureWords(None, (), MORNING, GeoPoint(-39.9, -116.4)),
        ),
        ({"GPSPosition": "39 deg 54' 0.00\" N, 116 deg 24' 0.00\" E"}, PictureWords(location=BEIJING)),
        ({"GPSPosition": "39.9 116.4"}, PictureWords(location=BEIJING)),
        ({"persons": ["_UNKNOWN_", "Li"]}, PictureWords(None, ("Li",))),
        ({"description": "  ", "tags": ["", " "], "people": []}, PictureWords()),
    ],
)  # fmt: skip
def test_what_exporters_write_as_json(tmp_path: Path, said: Any, words: PictureWords) -> None:
    path = tmp_path / "a.jpg.json"
    path.write_text(json.dumps(said))
    assert read_sidecar(path) == words


def test_one_value_of_no_use_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg.json"
    said = {
        "description": ["no text"],
        "caption": "by the lake",
        "tags": ["lake", ["no word"], 2019],
        "photoTakenTime": {"timestamp": "soon"},
        "date": "2019-05-04 10:00",
        "geoData": {"latitude": 91, "longitude": 1},
        "geoDataExif": {"latitude": 39.9, "longitude": 116.4},
    }
    path.write_text(json.dumps(said))
    words = read_sidecar(path)
    assert replace(words, faults=()) == PictureWords("by the lake", ("lake", "2019"), MORNING, BEIJING)
    assert [fault.split(":")[0] for fault in words.faults] == ["tags", "caption", "date", "place"]


XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
  xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
  xmlns:mwg="http://www.metadataworkinggroup.com/schemas/regions/"
  exif:DateTimeOriginal="2019-05-04T18:00:00+08:00" exif:GPSLatitude="39,54.0N" exif:GPSLongitude="116,24,0E">
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">by the lake</rdf:li></rdf:Alt></dc:description>
 <dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>夏天</rdf:li></rdf:Bag></dc:subject>
 <digiKam:TagsList><rdf:Seq><rdf:li>Places/China/Beijing</rdf:li></rdf:Seq></digiKam:TagsList>
 <i:PersonInImage><rdf:Bag><rdf:li>Li</rdf:li></rdf:Bag></i:PersonInImage>
 <mwg:Regions><rdf:Bag><rdf:li><rdf:Description mwg:Name="Wang"/></rdf:li></rdf:Bag></mwg:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_programs_write_as_xmp(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(XMP, encoding)
    assert read_sidecar(path) == PictureWords(
        "by the lake", ("lake", "夏天", "Beijing", "Li", "Wang"), MORNING, BEIJING
    )


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:p="http://ns.adobe.com/photoshop/1.0/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/"><rdf:Description {}>{}</rdf:Description></rdf:RDF>"""


@pytest.mark.parametrize(
    ("attributes", "elements", "words"),
    [
        (
            "",
            "<dc:description><rdf:Alt><rdf:li xml:lang='de'>am See</rdf:li>"
            "<rdf:li xml:lang='x-default'>by the lake</rdf:li></rdf:Alt></dc:description>",
            PictureWords("by the lake"),
        ),
        ("", "<dc:title><rdf:Alt><rdf:li>by the lake</rdf:li></rdf:Alt></dc:title>", PictureWords("by the lake")),
        (
            "",
            "<m:Pantry><rdf:Bag><rdf:li><rdf:Description dc:description='of another picture'><dc:subject><rdf:Bag>"
            "<rdf:li>another</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:li></rdf:Bag></m:Pantry>",
            PictureWords(),
        ),
        (
            "",
            "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Lakes</rdf:li></rdf:Bag></lr:hierarchicalSubject>",
            PictureWords(None, ("Lakes",)),
        ),
        ("p:DateCreated='1965'", "", PictureWords(taken_at=datetime(1965, 1, 1, tzinfo=UTC))),
        (
            "exif:DateTimeOriginal='2019-05-04T18:00:00' exif:OffsetTimeOriginal='+08:00'",
            "<dc:subject><rdf:Bag/></dc:subject><dc:description><rdf:Alt/></dc:description>",
            PictureWords(taken_at=MORNING),
        ),
    ],
)
def test_forms_of_xmp(tmp_path: Path, attributes: str, elements: str, words: PictureWords) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(RDF.format(attributes, elements))
    assert read_sidecar(path) == words


@pytest.mark.parametrize(("encoding", "name"), [("utf-16", "UTF-16"), ("utf-8", "utf-8"), ("utf-8", "iso-8859-1")])
def test_an_xmp_that_names_its_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(f'<?xml version="1.0" encoding="{name}"?>' + RDF.format("dc:description='Café'", ""), encoding)
    assert read_sidecar(path) == PictureWords("Café")


@pytest.mark.parametrize(
    "text", ["", "<x", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>", "not xml", "<x/>" * 2, "\0\0"]
)
def test_what_is_no_xmp(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(text)
    with pytest.raises(BadSource, match=r"a\.xmp"):
        read_sidecar(path)


def test_an_xmp_that_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_text("<x/>")
    assert read_sidecar(path) == PictureWords()
