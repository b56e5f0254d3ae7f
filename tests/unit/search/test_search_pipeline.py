"""The way of a word query through boxlens.search: the modules that docs/design.md lists, once each and in order."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

import pytest
from tests.checkout import ROOT
from tests.parts import MemoryStore, indexer, networks, png, scene, searcher

import boxlens.search
from boxlens.domain.boxes import Box
from boxlens.domain.queries import Query, TextClause
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.search.searcher import Searcher

ROOM = Path(boxlens.search.__file__).parent
GUIDE = ROOT / "docs/design.md"
IMAGES = 120  # enough for a calibrated sample and for a second page


def listed() -> list[str]:
    """The modules of the numbered list, in order."""
    section = GUIDE.read_text().split("## How a search works")[1].split("\n## ")[0]
    return [path.replace("/", ".") for path in re.findall(r"^\d+\. `search/([\w/]+)\.py`", section, re.MULTILINE)]


@pytest.fixture(scope="module")
def search() -> Searcher:
    index = InMemoryIndex()
    pictures = [png(scene(("red", Box(10, 20, 60, 80)), seed=n)) for n in range(IMAGES)]
    refs = [ImageRef(f"test:{n}", data=data, file_name=f"{n}.png") for n, data in enumerate(pictures)]
    indexer(index, networks(), MemoryStore()).ingest(refs, collection="photos")
    return searcher(index, networks())


def entered(search: Searcher, query: Query) -> list[str]:
    """The modules of the room that were called from another, each time they were."""
    calls: list[str] = []

    def module(frame: FrameType | None) -> str | None:
        """That of the innermost frame in the room."""
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(ROOM):
                return ".".join(path.relative_to(ROOM).with_suffix("").parts)
            frame = frame.f_back
        return None

    def follow(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and Path(frame.f_code.co_filename).is_relative_to(ROOM):
            callee = module(frame)
            if callee is not None and callee != module(frame.f_back):
                calls.append(callee)

    sys.setprofile(follow)
    try:
        answer = search.search("photos", query)
    finally:
        sys.setprofile(None)
    assert len(answer.hits) == query.size
    assert answer.next_cursor is not None
    return calls


def test_a_word_query_enters_each_listed_module_once_in_this_order(search: Searcher) -> None:
    modules = listed()
    assert len(modules) > 10
    assert (
        entered(search, Query((TextClause("red"),), size=5, collapse_duplicates=False, min_relevance="auto")) == modules
    )
    assert entered(search, Query((TextClause("red"),), size=5, min_relevance="auto", read_text=True)) == modules


def test_the_list_names_modules_that_exist_and_no_folder_is_crowded() -> None:
    assert all((ROOM / f"{name.replace('.', '/')}.py").is_file() for name in listed())
    for folder in (ROOM, ROOM / "scoring", ROOM / "multi_object"):
        assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 15
