"""Which kind of picture it is: the content decides, never the name."""

from __future__ import annotations

# our name: what Pillow calls it, and its media type (IANA; camera raw as in shared-mime-info)
_DECODED = {
    "jpeg": ("JPEG", "image/jpeg"),
    "png": ("PNG", "image/png"),
    "webp": ("WEBP", "image/webp"),
    "gif": ("GIF", "image/gif"),
    "bmp": ("BMP", "image/bmp"),
    "tiff": ("TIFF", "image/tiff"),
    "jp2": ("JPEG2000", "image/jp2"),
    "avif": ("AVIF", "image/avif"),
    "heic": ("HEIF", "image/heic"),
}
# read by the full-size JPEG preview that cameras put into them
RAW_FORMATS = {
    "dng": "image/x-adobe-dng",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "nef": "image/x-nikon-nef",
    "arw": "image/x-sony-arw",
    "raf": "image/x-fuji-raf",
    "orf": "image/x-olympus-orf",
    "rw2": "image/x-panasonic-rw2",
    "pef": "image/x-pentax-pef",
    "srw": "image/x-samsung-srw",
    "raw": "image/x-dcraw",
}
FORMATS = (*_DECODED, *RAW_FORMATS)
JPEG_XL = "jxl"  # known by name and refused: Pillow's plugin for it is GPL
_STARTS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"FUJIFILMCCD-RAW", "raf"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"IIU\0", "rw2"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"\xff\x0a", JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
)
_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")
_CR3 = b"crx "
_STRUCTURAL = (b"mif1", b"msf1")  # an HEIF of any codec; HEVC is by far the most usual one


def sniff(data: bytes) -> str | None:
    """One of FORMATS or JPEG_XL by the first bytes; None when it is none of them.

    Camera raw that is a TIFF (DNG, CR2, NEF, ARW and more) is "tiff" here: telling it apart takes its directories, see
    camera_raw.

    >>> sniff(b"GIF89a")
    'gif'
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _by_brand([data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4))])
    return next((name for start, name in _STARTS if data.startswith(start)), None)


def _by_brand(brands: list[bytes]) -> str | None:
    if brands[0] == _CR3:
        return "cr3"
    for name, brands_of_format in (("avif", _AVIF), ("heic", _HEIC), ("heic", _STRUCTURAL)):
        if any(brand in brands_of_format for brand in brands):
            return name
    return None


def content_type(format: str) -> str:
    """The media type of one of FORMATS."""
    return RAW_FORMATS.get(format) or _DECODED[format][1]


def pillow_name(format: str) -> str:
    """What Pillow calls a format that is decoded directly."""
    return _DECODED[format][0]
