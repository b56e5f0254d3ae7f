"""Asks the questions of ``photographs`` of a checkout from before 0.2, when the package was called embedding_pipeline.

``photographs --before CHECKOUT`` runs it, with the checkout first on the path. What the questions need goes there by
other names of modules, and one of a class.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

PACKAGE = "embedding_pipeline"
_NAMES = {
    "boxlens.domain.answers.hits": f"{PACKAGE}.answers",
    "boxlens.domain.collections": f"{PACKAGE}.domain",
    "boxlens.domain.filters": f"{PACKAGE}.queries",
    "boxlens.domain.queries": f"{PACKAGE}.queries",
    "boxlens.domain.references": f"{PACKAGE}.domain",
    "boxlens.index.memory.index": f"{PACKAGE}.stores.exact",
    "boxlens.models.coco_labels": f"{PACKAGE}.models.coco",
    "boxlens.models.packs.pack": f"{PACKAGE}.models.packs",
    "boxlens.pipeline.query_pictures": f"{PACKAGE}.pipeline.graph",
    "boxlens.search.searcher": f"{PACKAGE}.search.searching",
    "tests.model_files.trial_pack": f"{PACKAGE}.models.trial_pack",
    "tests.samples.drawn": "tests.drawn",
}


def is_earlier(checkout: Path) -> bool:
    return (checkout / "embedding-pipeline" / "src" / PACKAGE / "search" / "searching.py").is_file()


def main() -> None:
    modules = {name: import_module(earlier) for name, earlier in _NAMES.items()}
    for name, module in modules.items():
        for parent in _parents(name):
            sys.modules.setdefault(parent, ModuleType(parent))
        sys.modules[name] = module
    exact = sys.modules["boxlens.index.memory.index"]
    exact.InMemoryIndex = exact.ExactIndex  # type: ignore[attr-defined]
    packs = sys.modules["boxlens.models.packs.pack"]
    packs.BUNDLED = Path(import_module(PACKAGE).__path__[0]) / "packs"  # type: ignore[attr-defined]
    _take_words()
    import_module("benchmarks.photographs").main()


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _take_words() -> None:
    """The lists of words are today's."""
    file = Path(__file__).resolve().parents[1] / "tests" / "words" / "__init__.py"
    spec = spec_from_file_location("tests.words", file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["tests.words"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
