"""Prints the table of docs/operations.md: what queries for several things cost on Elasticsearch.

``python -m benchmarks.multi_object`` from the root of the repository. The queries are those of
``tests/integration/search/test_multi_object.py``, over made-up images with labels.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.integration.search.test_multi_object import QUERIES, names
from tests.parts import PACK, ColourWords, networks
from tests.samples.scenes import THINGS, scenes

from benchmarks.guides.tables import head, table
from boxlens.domain.queries import Part, Query
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings


def main(images: int = 5000) -> None:
    node = EmbeddedElasticsearch(Path(tempfile.mkdtemp()), port=0, heap="1g", short_lived=True)
    try:
        index = ElasticsearchIndex(connect(node.start(wait_s=120), ElasticsearchSettings()), IndexSettings())
        index.create("several", PACK)
        for _ in index.write("several", (o for image in scenes(images, seed=7) for o in image)):
            pass
        index.refresh("several")
        search = Searcher(index, PACK, QueryPipeline(networks()), ColourWords(), THINGS)
        info = index.info("several")
        what = f"the middle of five, {info.images:,} made-up images, {info.images + info.objects:,} documents"
        print(head("python -m benchmarks.multi_object", what) + "\n")
        print(table(("query", "milliseconds", "images found"), (row(search, parts) for parts in QUERIES)))
    finally:
        node.close()


def row(search: Searcher, parts: tuple[Part, ...]) -> tuple[str, str, str]:
    answers = [search.search("several", Query((), all_of=parts)) for _ in range(5)]
    took = median(answer.took_ms["total"] for answer in answers)
    total = f"{answers[0].total:,}" if answers[0].total_exact else f"{answers[0].total:,} or more"
    return " + ".join(map(part_in_words, parts, names(parts))), f"{took:,.0f}", total


def part_in_words(part: Part, name: str) -> str:
    """One part in words: "2 dog left of (1)"."""
    count = f"{part.min_count}" if part.max_count is None else f"{part.min_count} to {part.max_count}"
    relation = f" {part.relation.name.replace('_', ' ')} ({part.relation.other + 1})" if part.relation else ""
    return f"{count} {name}{relation}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
