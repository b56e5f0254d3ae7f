"""Whether anything was ever stored: known from the data folder, before a server is started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from boxlens.domain.errors import NotFound
from boxlens.embedded.config import home_of, nodes_with_data

if TYPE_CHECKING:
    from boxlens.settings import Settings

DEMO = "demo"  # the folder of a demo's data within the data folder


def demo_folder(settings: Settings) -> Path:
    """Where ``boxlens demo`` keeps its data unless it is given ``--data``."""
    return settings.data_dir / DEMO


def check_anything_stored(settings: Settings, collection: str) -> None:
    """Raises NotFound at once when the embedded Elasticsearch of the data folder never held anything."""

    from boxlens.servers import EMBEDDED

    if settings.elasticsearch.url == EMBEDDED and not _holds_data(settings.data_dir):
        raise NotFound(
            f"There is no collection {collection!r}: nothing is stored in {settings.data_dir} yet.",
            hint=_where_to_go(settings),
            place="collection",
        )


@contextmanager
def explaining_absence(settings: Settings) -> Iterator[None]:
    """A collection that is not there is told with how to make it and where a demo's pictures are. Raises NotFound."""
    try:
        yield
    except NotFound as error:
        if error.place != "collection":
            raise
        raise NotFound(
            error.detail, hint=f"{error.hint} {_where_to_go(settings)}".strip(), place=error.place
        ) from error


def _where_to_go(settings: Settings) -> str:
    hint = "Take pictures in: boxlens ingest FOLDER."
    if _holds_data(demo_folder(settings)):
        hint += f" The demo's pictures are in {demo_folder(settings)}: set BOXLENS_DATA_DIR={demo_folder(settings)}."
    return hint


def _holds_data(data_dir: Path) -> bool:
    return nodes_with_data(home_of(data_dir)) > 0
