"""Folders hold at most 16 modules, and modules at most 350 lines."""

from __future__ import annotations

from collections import Counter

from tests.checkout import ROOT
from tests.unit.test_names import MODULES

MOST_MODULES = 16
MOST_LINES = 350


def test_no_folder_holds_too_many_modules() -> None:
    rooms = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(room.relative_to(ROOT)): count for room, count in rooms.items() if count > MOST_MODULES} == {}


def test_no_module_is_too_long() -> None:
    lines = {path: path.read_text("utf-8").count("\n") for path in MODULES}
    assert {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > MOST_LINES} == {}
