"""Requests that schemathesis makes from the OpenAPI document, for a server with a few pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from tests.api.world import World, first_object, proxy_in_process

from boxlens.api.app import create_app, routes_only
from boxlens.settings import ApiSettings, Settings

METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Served:
    """The document as served, and the path parameters of what is there."""

    schema: schemathesis.BaseSchema
    stored: dict[str, str]


def operations() -> list[tuple[str, dict[str, Any]]]:
    """Every operation of the document with its name, such as ``get /healthz``."""
    paths = routes_only().openapi()["paths"]
    return [
        (f"{method} {path}", entry[method]) for path, entry in paths.items() for method in METHODS if method in entry
    ]


@contextmanager
def serving_pictures(folder: Path) -> Iterator[Served]:
    """A server in this process, over a world with three pictures whose bytes lie in the folder."""
    settings = Settings(api=ApiSettings(allowed_hosts=("testserver",)))
    with proxy_in_process(folder) as transport, closing(World(transport, settings=settings)) as world:
        world.index.create("photos", world.pack)
        ids = [world.add(seed, caption="two dogs", tags=("a",)) for seed in range(3)]
        stored = {"collection": "photos", "image_id": ids[0], "object_id": first_object(ids[0])}
        yield Served(schemathesis.openapi.from_asgi("/openapi.json", create_app(world)), stored)


def requests_of(served: Served, name: str, mode: GenerationMode) -> SearchStrategy[schemathesis.Case[Any]] | None:
    """Requests that fit an operation, or do not; None where nothing could be wrong.

    Those that fit name what is stored, else all they met would be 404.
    """
    method, path = name.split(" ")
    operation = served.schema[path][method.upper()]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        return None
    ids: dict[str, str] | None = None
    if mode is GenerationMode.POSITIVE and name != "delete /v1/collections/{collection}":
        ids = {key: value for key, value in served.stored.items() if f"{{{key}}}" in path}
    strategy: SearchStrategy[schemathesis.Case[Any]] = operation.as_strategy(
        generation_mode=mode, path_parameters=ids or None
    )
    return strategy
