"""Reads by id, real-time: they see what was written whether or not a refresh came in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from boxlens.domain.collections import CollectionSet
from boxlens.domain.objects import Vector, object_id
from boxlens.domain.ports import MAX_RESULTS
from boxlens.index.checks import stacked
from boxlens.index.elasticsearch.asking import ask
from boxlens.index.elasticsearch.errors import contended, translate_errors, unavailable
from boxlens.index.elasticsearch.queries import UNREAD, of_images_body, sample_body, vectors_body
from boxlens.index.elasticsearch.routing import Target, lookups
from boxlens.index.mapping import VECTOR_FIELDS

INDEX_GONE = "index_not_found_exception"
AT_ONCE = 500
"""Documents per request."""
LOOKUPS = 5000
"""Most places that one request looks in: each document may lie in any index of its collection."""
Place = tuple[str, str]
"""Where a document lies: the name of its index, and its id."""
_READINGS = 8
"""How often a document is read again that changes while it is read."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a document was read: a change may ask that it be still that (optimistic concurrency control)."""

    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What the frame of a whole image says: the numbers of its objects, when it was first taken in, and its index."""

    numbers: tuple[int, ...]
    ingested_at: str
    version: Version
    index: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What stands for a frame that was taken away in an index that takes no new images (``writing/frames.py``)."""

    version: Version
    index: str


_FRAME_FIELDS = ["object_numbers", "ingested_at", "kind", "number"]


def sources(
    client: Elasticsearch,
    targets: Sequence[Target],
    collection: str | CollectionSet,
    ids: Sequence[str],
    *,
    vectors: bool = False,
) -> dict[str, dict[str, Any]]:
    """Stored documents by id; unknown ids are left out."""
    if not vectors:
        return {key: doc["_source"] for key, doc in _without_vectors(client, targets, collection, ids).items()}
    documents = _with_vectors(client, targets, collection, ids)
    if documents is None:
        raise contended(ids[0].rpartition("-")[0])
    return {key: document["_source"] for key, document in documents.items()}


def visible_sources(
    client: Elasticsearch, alias: str, collection: str | CollectionSet, ids: Sequence[str], indices: int
) -> dict[str, dict[str, Any]]:
    """Documents with their vectors as searches see them, in one request; those that none sees yet are left out."""
    documents: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), AT_ONCE):
        body = vectors_body(ids[start : start + AT_ONCE], AT_ONCE * indices) | {"_source": {"excludes": UNREAD}}
        for hit in ask(client, alias, collection, body)["hits"]["hits"]:
            if not _placeholder(hit):
                documents[hit["_id"]] = hit["_source"] | _vectors(hit)
    return documents


def versioned_sources(
    client: Elasticsearch, targets: Sequence[Target], collection: str, ids: Sequence[str]
) -> dict[str, tuple[dict[str, Any], Version]] | None:
    """As ``sources``, with vectors and with what states they are; None where others change them faster than they are
    read: whoever has changed a part of an image already must go on."""
    documents = _with_vectors(client, targets, collection, ids)
    if documents is None:
        return None
    return {key: (document["_source"], _version(document)) for key, document in documents.items()}


def versions(
    client: Elasticsearch, targets: Sequence[Target], collection: str, ids: Sequence[str]
) -> dict[Place, Version]:
    """The states of those documents that are there, wherever they lie."""
    documents = _all_of(client, targets, collection, ids, {"source": False})
    return {(document["_index"], document["_id"]): _version(document) for document in documents}


def frame_facts(
    client: Elasticsearch, targets: Sequence[Target], collection: str | CollectionSet, image_ids: Sequence[str]
) -> dict[str, FrameFacts]:
    """Of those images that are stored whole, by image id."""
    facts, _ = frames(client, targets, collection, image_ids)
    return facts


def frames(
    client: Elasticsearch, targets: Sequence[Target], collection: str | CollectionSet, image_ids: Sequence[str]
) -> tuple[dict[str, FrameFacts], dict[str, Placeholder]]:
    """What the frames of those images say that are stored whole, and the placeholders of those that are not, each by
    image id."""
    by_id = {object_id(image_id, 0): image_id for image_id in image_ids}
    facts: dict[str, FrameFacts] = {}
    placeholders: dict[str, Placeholder] = {}
    for document in _all_of(client, targets, collection, list(by_id), {"source_includes": _FRAME_FIELDS}):
        image_id, source, version = by_id[document["_id"]], document["_source"], _version(document)
        if _placeholder(document):
            placeholders[image_id] = Placeholder(version, document["_index"])
        elif image_id not in facts:
            numbers = tuple(source["object_numbers"])
            facts[image_id] = FrameFacts(numbers, str(source["ingested_at"]), version, document["_index"])
    return facts, placeholders


def visible_places(
    client: Elasticsearch, alias: str, collection: str | CollectionSet, image_ids: Sequence[str]
) -> list[Place]:
    """Where all documents of these images lie that a search can see, whole or not; not placeholders."""
    places: list[Place] = []
    body = of_images_body(list(image_ids))
    while True:
        hits = ask(client, alias, collection, body)["hits"]["hits"]
        places += [(hit["_index"], hit["_id"]) for hit in hits]
        if len(hits) < MAX_RESULTS:
            return places
        body = {**body, "search_after": hits[-1]["sort"]}


def sample(client: Elasticsearch, alias: str, collection: str | CollectionSet, signal: str, size: int) -> Vector:
    """The vectors of the smallest object ids that have one, float32 of shape (n, dims)."""
    field = f"{signal}_vector"
    rows: list[Vector] = []
    after: str | None = None
    while len(rows) < size:
        body = sample_body(field, min(AT_ONCE, size - len(rows)), after)
        hits = ask(client, alias, collection, body)["hits"]["hits"]
        rows += [_doc_value(hit, field) for hit in hits]
        if len(hits) < body["size"]:
            break
        after = hits[-1]["_id"]
    return stacked(rows)


def numbered(image_id: str, facts: FrameFacts | None) -> list[str]:
    """Ids of the objects that a frame says its image has."""
    return [object_id(image_id, number) for number in facts.numbers] if facts else []


def is_placeholder(source: Mapping[str, Any]) -> bool:
    """Whether what is stored under the id of a frame says that the frame was taken away."""
    return source.get("kind") == "proposal" and source.get("number") == 0


def _placeholder(document: Mapping[str, Any]) -> bool:
    return is_placeholder(document.get("_source", {}))


def _version(document: Mapping[str, Any]) -> Version:
    return Version(document["_seq_no"], document["_primary_term"])


def _without_vectors(
    client: Elasticsearch, targets: Sequence[Target], collection: str | CollectionSet, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    return _mget(client, targets, collection, ids, {"source_excludes": UNREAD})


def _with_vectors(
    client: Elasticsearch, targets: Sequence[Target], collection: str | CollectionSet, ids: Sequence[str]
) -> dict[str, dict[str, Any]] | None:
    """Documents with their vectors in ``_source``, where they do not stand (es-mappings/README.md).

    Doc values are those of the last refresh: where a document has changed since, it is refreshed, and both are read
    again. None where others change a document faster than it is read.
    """
    whole: dict[str, dict[str, Any]] = {}
    left = list(ids)
    for attempt in range(_READINGS):
        if attempt:
            with translate_errors(collection):
                client.indices.refresh(index=",".join(target.alias for target in targets))
        documents = _without_vectors(client, targets, collection, left)
        visible = _visible_vectors(client, targets, collection, list(documents))
        for key, document in documents.items():
            vectors = visible.get((document["_index"], key, _version(document)))
            if vectors is not None:
                document["_source"] |= vectors
                whole[key] = document
        left = [key for key in documents if key not in whole]
        if not left:
            return whole
    return None


def _visible_vectors(
    client: Elasticsearch, targets: Sequence[Target], collection: str | CollectionSet, ids: Sequence[str]
) -> dict[tuple[str, str, Version], dict[str, Vector]]:
    """The vectors of the documents that a search can see, float32 by field, by index, id and state."""
    alias = ",".join(target.alias for target in targets)
    visible: dict[tuple[str, str, Version], dict[str, Vector]] = {}
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        for hit in ask(client, alias, collection, vectors_body(part, len(part) * len(targets)))["hits"]["hits"]:
            visible[hit["_index"], hit["_id"], _version(hit)] = _vectors(hit)
    return visible


def _vectors(hit: Mapping[str, Any]) -> dict[str, Vector]:
    return {field: _doc_value(hit, field) for field in VECTOR_FIELDS if field in hit.get("fields", {})}


def _doc_value(hit: Mapping[str, Any], field: str) -> Vector:
    """A vector that was asked for as doc value, float32 of shape (dims,)."""
    return np.asarray(hit["fields"][field], np.float32).reshape(-1)


def _mget(
    client: Elasticsearch,
    targets: Sequence[Target],
    collection: str | CollectionSet,
    ids: Sequence[str],
    chosen: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """The documents that are there, by id, each from the first target that has it; not placeholders."""
    documents: dict[str, dict[str, Any]] = {}
    for document in _all_of(client, targets, collection, ids, chosen):
        if not _placeholder(document):
            documents.setdefault(document["_id"], document)
    return documents


def _all_of(
    client: Elasticsearch,
    targets: Sequence[Target],
    collection: str | CollectionSet,
    ids: Sequence[str],
    chosen: dict[str, Any],
) -> list[dict[str, Any]]:
    """All documents of these ids, in any target, in the order of ids and targets. Raises ElasticsearchAway where the
    shard of a document does not answer: it may be there."""
    documents: list[dict[str, Any]] = []
    step = max(1, min(AT_ONCE, LOOKUPS // len(targets)))
    for start in range(0, len(ids), step):
        with translate_errors(collection):
            answer = client.mget(docs=lookups(targets, ids[start : start + step]), **chosen)
        for document in answer["docs"]:
            if "error" in document and document["error"]["type"] != INDEX_GONE:
                raise unavailable(f"Elasticsearch could not read {document['_id']}: {document['error']['reason']}")
        documents += [document for document in answer["docs"] if document.get("found")]
    return documents
