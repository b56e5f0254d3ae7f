"""Captions, keywords, people, dates and places inside pictures, as programs and cameras write them."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from boxlens.imaging.decoding import DecodedPicture, decode

LIMIT = 1_000_000
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'
MWG = 'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"'
MP = 'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"'
XMP = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/"
 {MWG} {MP} exif:DateTimeOriginal="2019-05-04T10:00:00+08:00" exif:GPSLatitude="39,54.5N" exif:GPSLongitude="116,23.5E">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">颐和园 the bridge</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>bridge</rdf:li><rdf:li>夏天</rdf:li></rdf:Bag></dc:subject>
<mwg-rs:Regions><rdf:Bag><rdf:li mwg-rs:Name="Ann"/></rdf:Bag></mwg-rs:Regions>
<MPReg:PersonDisplayName>Bo</MPReg:PersonDisplayName></rdf:Description></rdf:RDF></x:xmpmeta>"""


def picture(format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), (90, 120, 30)).save(buffer, format, **options)
    return buffer.getvalue()


def exif_of(values: dict[int, object], inner: dict[int, object] | None = None) -> bytes:
    exif = Image.Exif()
    for tag, value in values.items():
        exif[tag] = value
    exif.get_ifd(IFD.Exif).update(inner or {})
    return exif.tobytes()


def with_iptc(data: bytes, *sets: tuple[int, int, bytes]) -> bytes:
    """A JPEG with an IPTC block in the segment that Photoshop writes."""
    block = b"".join(struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in sets)
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(block)) + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + resource
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def read(data: bytes) -> DecodedPicture:
    return decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_of_every_format(format: str) -> None:
    options: dict[str, object] = {"xmp": XMP.encode()}
    if format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP)
        options = {"pnginfo": info}
    if format == "TIFF":
        options = {"tiffinfo": {700: XMP.encode()}}
    metadata = read(picture(format, **options))
    assert metadata.caption == "颐和园 the bridge"
    assert metadata.tags == ("bridge", "夏天", "Ann", "Bo")
    assert metadata.taken_at == datetime(2019, 5, 4, 10, tzinfo=timezone(timedelta(hours=8)))
    assert metadata.location is not None
    assert (round(metadata.location.lat, 3), round(metadata.location.lon, 3)) == (39.908, 116.392)


def test_iptc_in_both_encodings() -> None:
    sets = [(2, 120, "在桥上".encode()), (2, 25, b"bridge"), (2, 25, b"summer"), (2, 55, b"20190504")]
    metadata = read(with_iptc(picture(), (1, 90, b"\x1b%G"), *sets, (2, 60, b"100000+0800")))
    assert (metadata.caption, metadata.tags) == ("在桥上", ("bridge", "summer"))
    assert metadata.taken_at == datetime(2019, 5, 4, 2, tzinfo=UTC)
    assert read(with_iptc(picture(), (2, 120, "Café".encode("latin-1")))).caption == "Café"
    assert read(with_iptc(picture(), (2, 105, b"headline"))).caption == "headline"


@pytest.mark.parametrize(
    ("exif", "caption", "tags"),
    [
        (exif_of({Base.ImageDescription: "on the beach"}), "on the beach", ()),
        (exif_of({Base.ImageDescription: "海边".encode()}), "海边", ()),
        (exif_of({Base.ImageDescription: "OLYMPUS DIGITAL CAMERA         "}), None, ()),
        (exif_of({Base.ImageDescription: "SONY DSC", Base.XPTitle: "海边\0".encode("utf-16-le")}), "海边", ()),
        (exif_of({Base.XPKeywords: "sea;夏天;\0".encode("utf-16-le")}), None, ("sea", "夏天")),
        (exif_of({}, {Base.UserComment: b"ASCII\0\0\0in May"}), "in May", ()),
        (exif_of({}, {Base.UserComment: b"UNICODE\0" + "五月 May".encode("utf-16-be")}), "五月 May", ()),
        (exif_of({}, {Base.UserComment: b"UNICODE\0" + "in May".encode("utf-16-le")}), "in May", ()),
        (exif_of({}, {Base.UserComment: b"ASCII\0\0\0" + b"\0" * 40}), None, ()),
        (exif_of({}, {Base.UserComment: b"\0\0\0\0\0\0\0\0     "}), None, ()),
        (exif_of({Base.ImageDescription: "two\r\nlines \x1b[31m"}), "two\nlines  [31m", ()),
    ],
)
def test_words_of_exif(exif: bytes, caption: str | None, tags: tuple[str, ...]) -> None:
    metadata = read(picture(exif=exif))
    assert (metadata.caption, metadata.tags) == (caption, tags)


def test_xmp_wins_over_iptc_and_iptc_over_exif() -> None:
    exif = exif_of({Base.ImageDescription: "of exif"})
    both = with_iptc(picture(exif=exif), (2, 120, b"of iptc"))
    assert read(both).caption == "of iptc"
    assert read(with_iptc(picture(exif=exif, xmp=XMP.encode()), (2, 120, b"of iptc"))).caption == "颐和园 the bridge"


@pytest.mark.parametrize(
    "xmp",
    [
        b"<not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>',
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_odd_xmp_is_no_fault_of_the_picture(xmp: bytes) -> None:
    metadata = read(picture(xmp=xmp))
    assert (metadata.width, metadata.caption, metadata.tags) == (32, None, ())


@pytest.mark.parametrize(
    ("date", "offset", "hour"),
    [
        ("2019:05:04 10:00:00", "+08:00", 2),
        ("2019:05:04 10:00:00", "+0800", 2),
        ("2019:05:04 10:00:00", "-3", 13),
        ("2019-05-04T10:00:00+02:00", None, 8),
        ("2019:05:04 10:00", None, 10),
        ("2019: 5: 4 10: 0: 0", None, 10),
        ("2019:05:04", None, 0),
    ],
)
def test_dates_of_cameras_in_every_form(date: str, offset: str | None, hour: int) -> None:
    offsets: dict[int, object] = {} if offset is None else {Base.OffsetTimeOriginal: offset}
    metadata = read(picture(exif=exif_of({}, {Base.DateTimeOriginal: date, **offsets})))
    assert metadata.taken_at == datetime(2019, 5, 4, hour, tzinfo=UTC)


def test_implausible_dates_and_places_of_exif_are_none() -> None:
    exif = Image.Exif()
    exif[Base.DateTime] = "1601:01:01 00:00:00"
    place = exif.get_ifd(IFD.GPSInfo)
    place.update({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (0, 0, 0), GPS.GPSLongitudeRef: "E"})
    place[GPS.GPSLongitude] = (0, 0, 0)
    metadata = read(picture(exif=exif.tobytes()))
    assert (metadata.taken_at, metadata.location) == (None, None)
