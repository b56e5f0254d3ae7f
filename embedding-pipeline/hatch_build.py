"""Brings into the distribution what stands beside this folder in the repository: the built page and the mapping of
Elasticsearch. A wheel is made from the sdist, which cannot see its neighbours, and finds them inside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FROM_REPOSITORY = {
    "es-mappings/objects.json": "src/boxlens/index/objects.json",
    "search-front/dist": "src/boxlens/web/page",
}
PICTURES = "src/boxlens/samples/pictures"


class FromRepository(BuildHookInterface):  # type: ignore[type-arg]
    """Runs for sdists and wheels; an editable install reads the repository itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises FileNotFoundError when the page is not built or the sample pictures are not drawn."""
        root = Path(self.root)
        if version == "editable" or (root / "PKG-INFO").is_file():  # the second: unpacked from an sdist
            return
        for made in (root.parent / "search-front/dist/index.html", root / PICTURES / "manifest.jsonl"):
            if not made.is_file():
                raise FileNotFoundError(f"{made} is not there: run `./boxlens build` in the repository first")
        for source, target in FROM_REPOSITORY.items():
            place = target if self.target_name == "sdist" else target.removeprefix("src/")
            build_data["force_include"][str(root.parent / source)] = place
