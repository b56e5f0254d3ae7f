"""Names say what a value is: participles and pronouns that fit every value are kept out of the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.checkout import ROOT

FOLDERS = ("embedding-pipeline/src", "embedding-pipeline/training", "minio-proxy/src", "benchmarks", "scripts", "tests")
NO_NOUNS = {"told", "one", "found", "each", "wanted", "known"}
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of everything that a module gives a name to."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


def vague(code: str) -> list[tuple[int, str]]:
    return [(line, name) for line, name in names(ast.parse(code)) if name.strip("_") in NO_NOUNS]


def test_values_and_functions_are_named_by_nouns() -> None:
    assert {str(path.relative_to(ROOT)): lines for path in MODULES if (lines := vague(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "self._known = 1",
        "for one in rows: pass",
        "def f(told): pass",
        "def _wanted(): pass",
        "[each for each in rows]",
        "x = (found := 1)",
    ],
)
def test_a_vague_name_is_seen(code: str) -> None:
    assert len(vague(code)) == 1
