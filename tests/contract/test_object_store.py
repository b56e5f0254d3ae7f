"""What both backends promise through the HTTP surface: the same cases on a folder and on a real MinIO server."""

from __future__ import annotations

import base64
import hashlib
import io
import random
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from minio_proxy.settings import ProxySettings

ODD_KEYS = ["a.bin", "2024/05/猫 и кот.jpg", "a b/+&=?#%25.png", "x" * 200 + ".jpg", "~tilde/$a@b,c;d'e(f)!*.txt"]
BAD_KEYS = [
    "../up",
    "a/../b",
    "./a",
    "a//b",
    "a/",
    "a\\b",
    "nul\x00",
    "line\nfeed",
    "y" * 256,
    "z/" * 600 + "z",
    "..",
    "a/..",
]


def path_of(bucket: str, key: str) -> str:
    return f"/file/{bucket}/{quote(key, safe='')}"


def jpeg(width: int = 640, height: int = 480, orientation: int = 1) -> bytes:
    """Left half red, right half blue, as stored; ``orientation`` says how it is to be turned."""
    picture = Image.new("RGB", (width, height), (255, 0, 0))
    picture.paste((0, 0, 255), (width // 2, 0, width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, quality=95)
    return out.getvalue()


def incoming(settings: ProxySettings) -> list[Path]:
    return list(settings.incoming_dir.iterdir())


@pytest.mark.parametrize("key", ODD_KEYS)
def test_bytes_come_back_as_they_went(proxy: httpx.Client, bucket: str, key: str) -> None:
    data = random.Random(key).randbytes(70_000)
    put = proxy.put(path_of(bucket, key), content=data)
    assert put.status_code == 201, put.text
    assert put.json()["key"] == key
    got = proxy.get(path_of(bucket, key))
    assert got.content == data
    assert got.headers["etag"] == put.headers["etag"]
    assert got.headers["x-content-type-options"] == "nosniff"
    head = proxy.head(path_of(bucket, key))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified"):
        assert head.headers[name] == got.headers[name]


def test_an_empty_file_is_a_file(proxy: httpx.Client, bucket: str) -> None:
    assert proxy.put(f"/file/{bucket}/none", content=b"").status_code == 201
    got = proxy.get(f"/file/{bucket}/none")
    assert (got.status_code, got.content, got.headers["content-length"]) == (200, b"", "0")
    assert proxy.get(f"/file/{bucket}/none", headers={"Range": "bytes=0-"}).status_code == 416


def test_the_file_of_a_form_is_stored(proxy: httpx.Client, bucket: str, proxy_settings: ProxySettings) -> None:
    picture = jpeg()
    sent = proxy.post(f"/file/{bucket}/form.jpg", files={"file": ("x.jpg", picture, "image/jpeg")}, data={"other": "1"})
    assert sent.status_code == 201, sent.text
    assert proxy.get(f"/file/{bucket}/form.jpg").content == picture
    missing = proxy.post(f"/file/{bucket}/no", files={"picture": ("x.jpg", picture, "image/jpeg")})
    assert (missing.status_code, missing.json()["code"]) == (400, "bad_request")
    broken = proxy.post(f"/file/{bucket}/no", content=b"zz", headers={"Content-Type": "multipart/form-data"})
    assert broken.status_code == 400
    assert proxy.get(f"/file/{bucket}/no").status_code == 404
    assert incoming(proxy_settings) == []


def test_a_second_write_replaces_the_first(proxy: httpx.Client, bucket: str) -> None:
    first = proxy.put(f"/file/{bucket}/k", content=b"one").headers["etag"]
    second = proxy.put(f"/file/{bucket}/k", content=b"two").headers["etag"]
    assert first != second
    assert proxy.get(f"/file/{bucket}/k").content == b"two"


def test_a_file_larger_than_one_chunk_streams_whole(proxy: httpx.Client, bucket: str) -> None:
    data = random.Random(1).randbytes(3_000_001)
    assert proxy.put(f"/file/{bucket}/big", content=data).status_code == 201
    assert hashlib.sha256(proxy.get(f"/file/{bucket}/big").content).digest() == hashlib.sha256(data).digest()
    part = proxy.get(f"/file/{bucket}/big", headers={"Range": "bytes=262143-2500000"})
    assert part.content == data[262143:2500001]


@pytest.mark.parametrize(
    ("byte_range", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-4", 206, b"6789", "bytes 6-9/10"),
        ("bytes=-40", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=5-4", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(
    proxy: httpx.Client, bucket: str, byte_range: str, status: int, content: bytes | None, content_range: str
) -> None:
    proxy.put(f"/file/{bucket}/digits", content=b"0123456789")
    got = proxy.get(f"/file/{bucket}/digits", headers={"Range": byte_range})
    assert got.status_code == status
    assert got.headers.get("content-range") == content_range
    if content is not None:
        assert got.content == content


def test_what_the_client_holds_is_not_sent_again(proxy: httpx.Client, bucket: str) -> None:
    etag = proxy.put(f"/file/{bucket}/k", content=b"one").headers["etag"]
    modified = proxy.get(f"/file/{bucket}/k").headers["last-modified"]
    held = proxy.get(f"/file/{bucket}/k", headers={"If-None-Match": f'"zz", {etag}'})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", etag)
    assert proxy.get(f"/file/{bucket}/k", headers={"If-Modified-Since": modified}).status_code == 304
    assert proxy.get(f"/file/{bucket}/k", headers={"If-None-Match": '"zz"'}).status_code == 200
    stale = {"If-None-Match": '"zz"', "If-Modified-Since": modified}
    assert proxy.get(f"/file/{bucket}/k", headers=stale).status_code == 200
    other = {"Range": "bytes=0-0", "If-Range": '"zz"'}
    assert proxy.get(f"/file/{bucket}/k", headers=other).content == b"one"
    assert proxy.get(f"/file/{bucket}/k", headers={**other, "If-Range": etag}).content == b"o"


def test_listing_pages_through_every_key_in_byte_order(proxy: httpx.Client, bucket: str) -> None:
    keys = ["a.jpg", "a/b.jpg", "a/c/d", "a/é", "a0", "b/1", "b/10", "b/2", "猫", "z"]
    for key in keys:
        proxy.put(path_of(bucket, key), content=key.encode())
    for limit in (1, 3, 10, 1000):
        assert list_all(proxy, bucket, "", limit) == sorted(keys, key=str.encode)
    assert list_all(proxy, bucket, "a/", 2) == ["a/b.jpg", "a/c/d", "a/é"]
    assert list_all(proxy, bucket, "b/1", 1) == ["b/1", "b/10"]
    assert list_all(proxy, bucket, "nothing", 5) == []
    entry = proxy.get(f"/file/{bucket}?prefix=a/c").json()["keys"][0]
    assert (entry["key"], entry["size"]) == ("a/c/d", 5)
    assert bucket in proxy.get("/file").json()["buckets"]


def list_all(proxy: httpx.Client, bucket: str, prefix: str, limit: int) -> list[str]:
    keys: list[str] = []
    cursor = ""
    while cursor is not None:
        page = proxy.get(f"/file/{bucket}", params={"prefix": prefix, "limit": limit, "cursor": cursor}).json()
        assert len(page["keys"]) <= limit
        keys += [entry["key"] for entry in page["keys"]]
        cursor = page["next_cursor"]
    return keys


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=%00", "cursor=a", "cursor=~~~~"])
def test_a_listing_that_cannot_be_is_refused(proxy: httpx.Client, bucket: str, query: str) -> None:
    proxy.put(f"/file/{bucket}/k", content=b"1")
    problem(proxy.get(f"/file/{bucket}?{query}"), 422)


def test_deleting(proxy: httpx.Client, bucket: str) -> None:
    proxy.put(f"/file/{bucket}/deep/er/k", content=b"1")
    assert proxy.delete(f"/file/{bucket}/deep/er/k").status_code == 204
    problem(proxy.get(f"/file/{bucket}/deep/er/k"), 404)
    assert proxy.delete(f"/file/{bucket}/deep/er/k").status_code == 204
    assert proxy.put(f"/file/{bucket}/deep", content=b"2").status_code == 201
    problem(proxy.delete("/file/no-such-bucket/k"), 404)
    problem(proxy.get("/file/no-such-bucket/k"), 404)
    problem(proxy.get("/file/no-such-bucket"), 404)


@pytest.mark.parametrize("key", BAD_KEYS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_keys_stay_in_their_bucket(
    proxy: httpx.Client, bucket: str, proxy_settings: ProxySettings, key: str, method: str
) -> None:
    escaped = path_of(bucket, key).replace(".", "%2e")  # a client would tidy the dots away
    answer = proxy.request(method, escaped, content=b"x" if method == "PUT" else None)
    assert answer.status_code == (404 if "\n" in key else 422)  # no route takes a line feed
    assert incoming(proxy_settings) == []


@pytest.mark.parametrize("name", ["..", "A-b", "ab", "a" * 64, "1.2.3.4", ".incoming", "a..b", "a_b"])
def test_names_that_no_bucket_has(proxy: httpx.Client, name: str) -> None:
    problem(proxy.put(path_of(name, "k").replace("..", "%2e%2e"), content=b"x"), 422)


def test_uploads_are_checked_and_leave_nothing_behind(
    proxy: httpx.Client, bucket: str, proxy_settings: ProxySettings
) -> None:
    url = f"/file/{bucket}/k"
    problem(proxy.put(url, content=b"x" * (proxy_settings.max_bytes + 1)), 413)
    problem(proxy.put(url, content=iter([b"x" * 1_000_000] * 5)), 413)
    problem(proxy.put(url, content=b"x", headers={"Content-MD5": "AAAA"}), 400)
    right = base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode()
    assert proxy.put(url, content=b"x", headers={"Content-MD5": right}).status_code == 201
    assert proxy.get(url).content == b"x"
    assert incoming(proxy_settings) == []


@pytest.mark.parametrize(
    ("key", "data", "kind", "inline"),
    [
        ("p.jpg", jpeg(8, 8), "image/jpeg", True),
        ("wrong.png", jpeg(8, 8), "image/jpeg", True),
        ("page.html", b"<script>alert(1)</script>", "text/html", False),
        ("page.jpg", b"<script>alert(1)</script>", "application/octet-stream", False),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "application/octet-stream", False),
        ("plain", b"abc", "application/octet-stream", False),
    ],
)
def test_only_pictures_are_shown_in_place(
    proxy: httpx.Client, bucket: str, key: str, data: bytes, kind: str, inline: bool
) -> None:
    proxy.put(f"/file/{bucket}/{key}", content=data)
    got = proxy.get(f"/file/{bucket}/{key}")
    if key != "logo.svg":
        assert got.headers["content-type"].split(";")[0] == kind
    assert got.headers["content-disposition"].startswith("inline" if inline else "attachment")
    assert "sandbox" in got.headers["content-security-policy"]


def test_thumbnails_and_crops_are_of_the_upright_picture(proxy: httpx.Client, bucket: str) -> None:
    proxy.put(f"/file/{bucket}/turned.jpg", content=jpeg(640, 480, orientation=6))  # shown turned right: red on top
    thumb = proxy.get(f"/file/{bucket}/turned.jpg?w=160")
    made = Image.open(io.BytesIO(thumb.content)).convert("RGB")
    assert made.size == (160, 213)
    assert red(made, 80, 20)
    assert not red(made, 80, 190)
    crop = Image.open(io.BytesIO(proxy.get(f"/file/{bucket}/turned.jpg?box=10,300,110,340").content)).convert("RGB")
    assert crop.size == (100, 40)
    assert red(crop, 50, 5)
    assert not red(crop, 50, 35)
    both = proxy.get(f"/file/{bucket}/turned.jpg?box=0,0,480,320&w=240")
    assert Image.open(io.BytesIO(both.content)).size == (240, 160)
    again = proxy.get(f"/file/{bucket}/turned.jpg?w=160", headers={"If-None-Match": thumb.headers["etag"]})
    assert again.status_code == 304
    part = proxy.get(f"/file/{bucket}/turned.jpg?w=160", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, thumb.content[:10])
    assert len({thumb.headers["etag"], both.headers["etag"]}) == 2
    proxy.put(f"/file/{bucket}/turned.jpg", content=jpeg(640, 480))
    assert Image.open(io.BytesIO(proxy.get(f"/file/{bucket}/turned.jpg?w=160").content)).size == (160, 120)


def red(picture: Image.Image, x: int, y: int) -> bool:
    pixel = picture.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel[0] > 200 and pixel[2] < 60


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("w=161", 422),
        ("w=0", 422),
        ("w=-1", 422),
        ("w=x", 422),
        ("box=1,2,3", 422),
        ("box=5,5,5,9", 422),
        ("box=nan,0,1,1", 422),
        ("box=700,0,800,10", 422),
        ("box=1e300,0,1e301,4", 422),
    ],
)
def test_recipes_that_make_no_picture(proxy: httpx.Client, bucket: str, query: str, status: int) -> None:
    proxy.put(f"/file/{bucket}/p.jpg", content=jpeg())
    problem(proxy.get(f"/file/{bucket}/p.jpg?{query}"), status)


def test_files_that_no_thumbnail_is_made_of(proxy: httpx.Client, bucket: str) -> None:
    proxy.put(f"/file/{bucket}/t.txt", content=b"not a picture")
    problem(proxy.get(f"/file/{bucket}/t.txt?w=160"), 415)
    proxy.put(f"/file/{bucket}/cut.jpg", content=jpeg()[:1500])
    problem(proxy.get(f"/file/{bucket}/cut.jpg?w=160"), 422)
    huge = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(huge, "PNG")
    proxy.put(f"/file/{bucket}/huge.png", content=huge.getvalue())
    problem(proxy.get(f"/file/{bucket}/huge.png?w=160"), 413)
    assert proxy.get(f"/file/{bucket}/huge.png").status_code == 200


def test_it_says_that_it_is_well(proxy: httpx.Client, proxy_settings: ProxySettings) -> None:
    assert proxy.get("/healthz").json() == {"status": "ok", "backend": proxy_settings.backend}


def problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert body["status"] == status
