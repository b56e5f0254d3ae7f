"""The settings and mappings of a stored object, read from ``objects.json``, the one truth, and filled in.

``objects.json`` here is a link to es-mappings/objects.json of the repository; a built wheel carries the file itself.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from boxlens.domain.collections import IndexType, PackInfo
from boxlens.settings import IndexSettings

VECTOR_FIELDS = ("vit_vector", "clip_vector")
WITHOUT_GRAPHS = {"hnsw": "flat", "int8_hnsw": "int8_flat", "bbq_hnsw": "bbq_flat"}
"""How vectors of each type are kept until they get graphs. Elasticsearch takes the way to graphs, and none back."""


@lru_cache(maxsize=1)
def _text() -> str:
    return files("boxlens.index").joinpath("objects.json").read_text(encoding="utf-8")


@cache
def schema_version() -> int:
    """The version of the stored object this program writes; an index with a higher one is refused."""
    return int(json.loads(_text())["mappings"]["_meta"]["schema"])


def index_body(pack: PackInfo, index_type: IndexType, settings: IndexSettings) -> dict[str, Any]:
    """``settings`` and ``mappings`` of a new index. A vector the pack does not make is left out."""
    values = {
        "shards": settings.shards or 1,
        "replicas": settings.replicas or 0,
        "pack": pack.name,
        "pack_revision": pack.revision,
        "vit_dims": pack.vit_dims,
        "clip_dims": pack.clip_dims,
        "index_type": index_type,
        "m": settings.m,
        "ef_construction": settings.ef_construction,
    }
    whole = _filled(json.loads(_text()), values)
    fields = whole["mappings"]["properties"]
    for field, dims in (("vit_vector", pack.vit_dims), ("clip_vector", pack.clip_dims)):
        if dims is None:
            del fields[field]
        elif index_type.endswith("flat"):
            fields[field]["index_options"] = {"type": index_type}  # no graph, so nothing to set of one
    index = {**whole["settings"]["index"], **whole["serving"]["index"]}
    return {"settings": {"index": index}, "mappings": whole["mappings"]}


def without_graphs(body: dict[str, Any]) -> dict[str, Any]:
    """The same new index, whose vectors get graphs later (``graphs`` in ``_meta`` says that they have none).

    So a load builds them once, from all vectors, instead of a piece at a time. Until then searches compare all vectors.
    """
    mappings = body["mappings"]
    kept = {name: field for name, field in mappings["properties"].items() if name in VECTOR_FIELDS}
    types = {name: WITHOUT_GRAPHS.get(field["index_options"]["type"]) for name, field in kept.items()}
    if None in types.values():
        return body
    flat = {name: {**field, "index_options": {"type": types[name]}} for name, field in kept.items()}
    meta = {**mappings["_meta"], "graphs": False}
    return {**body, "mappings": {**mappings, "_meta": meta, "properties": {**mappings["properties"], **flat}}}


def added_fields(pack: PackInfo, index_type: IndexType, settings: IndexSettings) -> dict[str, Any]:
    """The fields of an index, to be put on one that an older program made. Vector fields stay as they were made."""
    fields = index_body(pack, index_type, settings)["mappings"]["properties"]
    return {name: field for name, field in fields.items() if name not in VECTOR_FIELDS}


def mode_settings(*, loading: bool) -> dict[str, Any]:
    """The settings block to put while loading, or while serving."""
    block: dict[str, Any] = json.loads(_text())["loading" if loading else "serving"]
    return block


def _filled(part: Any, values: dict[str, Any]) -> Any:
    """The same structure with every string ``"{name}"`` replaced by the value of that name."""
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    if isinstance(part, str) and part.startswith("{") and part.endswith("}"):
        return values[part[1:-1]]
    return part
