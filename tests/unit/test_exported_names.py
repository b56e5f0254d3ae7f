"""Names of exported pictures, whatever strangers called them."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.pictures import ImageRecord
from boxlens.library.exported_names import exported_names, printable


def record(file_name: str, number: int = 1, format: str = "png") -> ImageRecord:
    image_id = f"{number:064x}"
    return ImageRecord(image_id, "pictures", image_id, "upload", file_name, 1, 1, 1, format, "")


@pytest.mark.parametrize(
    ("file_name", "exported"),
    [
        ("a.png", "a.png"),
        ("A.PNG", "A.PNG"),
        ("海边 狗.png", "海边 狗.png"),
        ("👨\u200d👩.png", "👨\u200d👩.png"),
        ("v1.2 of it", "v1.2 of it.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\a\\b.png", "b.png"),
        ("page.html", "page.html.png"),
        ("photo.jpg", "photo.jpg.png"),
        ("\u202egnp.exe", "gnp.exe.png"),
        ("\x1b[2Ja\x00b\n.png", "[2Jab.png"),
        ("a.png:hidden", "a.png_hidden.png"),
        ('<"|?*>.png', "______.png"),
        ("con.png", "_con.png"),
        ("Lpt1.x.png", "_Lpt1.x.png"),
        (" .. .png", "000000000000.png"),
        ("", "000000000000.png"),
        (".htaccess", "htaccess.png"),
        ("e\u0301.png", "\u00e9.png"),
    ],
)
def test_the_name_of_a_picture(file_name: str, exported: str) -> None:
    assert exported_names([record(file_name)]) == [exported]


def test_a_suffix_that_means_the_format_stays() -> None:
    assert exported_names([record("a.JPG", format="jpeg"), record("b.heif", 2, "heic")]) == ["a.JPG", "b.heif"]


def test_no_name_is_there_twice_whatever_names_were_chosen() -> None:
    last = f"{3:064x}"
    names = exported_names([record("a.png"), record(f"A-{last[:12]}.png", 2), record("a\x00.png", 3)])
    assert len({name.casefold() for name in names}) == 3


@given(st.lists(st.text(max_size=300), max_size=5))
def test_any_name_can_be_unpacked_anywhere(file_names: list[str]) -> None:
    names = exported_names([record(name, number) for number, name in enumerate(file_names)])
    assert len({name.casefold() for name in names}) == len(file_names)
    for name in names:
        assert PurePosixPath(name).name == PureWindowsPath(name).name == name
        assert PurePosixPath(name).suffix.lower() == ".png"
        assert len(name.encode()) <= 255
        assert name == printable(name)
        assert all(unicodedata.category(c) != "Cc" for c in name)
