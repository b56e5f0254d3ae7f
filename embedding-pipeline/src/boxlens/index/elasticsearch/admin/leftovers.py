"""Indices that a stopped try left: of a swap after its move, and of a rollover of what is not there any more."""

from __future__ import annotations

import re

from elasticsearch import Elasticsearch

from boxlens.domain.collections import successor_of
from boxlens.index.elasticsearch.admin.collections import Collections, further
from boxlens.index.elasticsearch.errors import translate_errors


def sweep(client: Elasticsearch, collections: Collections, collection: str) -> None:
    """Delete indices named for a collection that are behind no alias of it or its successor, and that do not follow one
    that is: that is an index which a rollover is about to take in."""
    name = collections.alias(collection)
    public = {name, collections.alias(successor_of(collection))}
    with translate_errors(collection):
        ours = {
            index: set(description["aliases"])
            for index, description in client.indices.get_alias(index=f"{name}-*").items()
            if re.fullmatch(re.escape(name) + r"-[0-9a-f]{12}", index)
        }
        standing = {index for index, aliases in ours.items() if aliases & public}
        kept = standing | set(map(further, standing))
        for index, aliases in ours.items():
            # what else may lie there under such a name has aliases of its own, or none
            if index not in kept and aliases and all(alias.startswith(f"{name}.") for alias in aliases):
                client.indices.delete(index=index, ignore_unavailable=True)
