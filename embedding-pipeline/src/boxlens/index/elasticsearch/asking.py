"""Searches sent to Elasticsearch, whole or partial as whoever asks allows; see ``domain.answers.partial``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from boxlens.domain.answers.partial import open_losses
from boxlens.domain.collections import CollectionSet
from boxlens.index.elasticsearch.errors import translate_errors

GLOBAL_RARITY = "dfs_query_then_fetch"
"""How words are asked for: how rare a word is, is counted over all shards before any of them scores. Where an index has
one shard the server does no more for it than otherwise."""


def ask(
    client: Elasticsearch, alias: str, collection: str | CollectionSet, body: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The answer to one search. Raises NotFound, ElasticsearchAway; also where a shard does not answer, unless partial
    answers are allowed."""
    partial = open_losses() is not None
    with translate_errors(collection):
        answer: Mapping[str, Any] = client.search(
            index=alias, body=dict(body), allow_partial_search_results=partial
        ).body
    note_losses(answer)
    return answer


def ask_all(
    client: Elasticsearch, alias: str, collection: str | CollectionSet, bodies: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The answers to several searches in one round trip; one that failed holds its error. Raises as ``ask``."""
    partial = {"allow_partial_search_results": open_losses() is not None}
    lines: list[Mapping[str, Any]] = []
    for body in bodies:
        lines += [partial if "knn" in body else {**partial, "search_type": GLOBAL_RARITY}, body]
    with translate_errors(collection):
        answers: Sequence[Mapping[str, Any]] = client.msearch(index=alias, searches=lines)["responses"]
    for answer in answers:
        note_losses(answer)
    return answers


def note_losses(answer: Mapping[str, Any]) -> None:
    """Tells whoever allowed a partial answer how many shards it lacks."""
    losses = open_losses()
    if losses is not None and "_shards" in answer:
        losses.add(answer["_shards"]["failed"])
