"""Names set by hand: short everyday words in place of Unicode's descriptions, and what is no thing to draw a box on."""

from __future__ import annotations

from pathlib import Path

# not in the main styles, or no thing of its own
LEFT_OUT = frozenset(
    {
        "orca",
        "leafless-tree",
        "root-vegetable",
        "landslide",
        "trombone",
        "harp",
        "treasure-chest",
        "shovel",
        "fog",
        "foggy",
        "bell-with-slash",
        "muted-speaker",
        "speaker-low-volume",
        "speaker-medium-volume",
        "heart-suit",
        "elevator",
    }
)


def _table(name: str) -> dict[str, tuple[str, ...]]:
    """Lines of ``id: best name, other name, ...`` in a file beside this one."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    rows = (line.split(":", 1) for line in lines if line.strip())
    return {key.strip(): tuple(word.strip() for word in words.split(",")) for key, words in rows}


BEST_EN = _table("best_en.txt")
BEST_ZH = _table("best_zh.txt")
