"""Tables of words in both languages (see README.md)."""

from pathlib import Path


def rows(name: str) -> list[tuple[str, ...]]:
    """The lines of a table, each as its fields."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines() if line]
