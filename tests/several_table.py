"""Prints the table of docs/operations.md: what queries for several things cost on Elasticsearch.

``python -m tests.several_table`` from the root of the repository. The queries are those of
``tests/integration/test_several.py``, over made-up images with labels.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.queries import Part, Query
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.settings import ElasticsearchSettings, IndexSettings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.embedded_node import EmbeddedElasticsearch
from tests.integration.test_several import QUERIES, names
from tests.parts import PACK, ColourWords, networks
from tests.scenes import THINGS, scenes
from tests.tables import head, table


def main(images: int = 5000) -> None:
    node = EmbeddedElasticsearch(Path(tempfile.mkdtemp()), port=0, heap="1g", short_lived=True)
    try:
        index = ElasticIndex(connect(node.start(wait_s=120), ElasticsearchSettings()), IndexSettings())
        index.create("several", PACK)
        for _ in index.write("several", (o for image in scenes(images, seed=7) for o in image)):
            pass
        index.refresh("several")
        search = Searcher(index, PACK, QueryPipeline(networks()), ColourWords(), THINGS)
        info = index.info("several")
        what = f"the middle of five, {info.images:,} made-up images, {info.images + info.objects:,} documents"
        print(head("python -m tests.several_table", what) + "\n")
        print(table(("query", "milliseconds", "images found"), (row(search, parts) for parts in QUERIES)))
    finally:
        node.close()


def row(search: Searcher, parts: tuple[Part, ...]) -> tuple[str, str, str]:
    answers = [search.search("several", Query((), all_of=parts)) for _ in range(5)]
    took = median(answer.took_ms["total"] for answer in answers)
    total = f"{answers[0].total:,}" if answers[0].total_exact else f"{answers[0].total:,} or more"
    return " + ".join(map(told, parts, names(parts))), f"{took:,.0f}", total


def told(part: Part, name: str) -> str:
    """One part in words: "2 dog left of (1)"."""
    count = f"{part.least}" if part.most is None else f"{part.least} to {part.most}"
    relation = f" {part.relation.name.replace('_', ' ')} ({part.relation.other + 1})" if part.relation else ""
    return f"{count} {name}{relation}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
