"""What queries for several things cost on Elasticsearch: ``python -m tests.several_table`` prints a line for each of
those of ``tests/integration/test_several.py`` over 5,000 made-up images (27,386 documents): the middle of five."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.queries import Query
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.settings import ElasticsearchSettings, IndexSettings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.embedded_node import EmbeddedElasticsearch
from tests.integration.test_several import QUERIES, names
from tests.parts import PACK, ColourWords, networks
from tests.scenes import THINGS, scenes


def main(images: int = 5000) -> None:
    node = EmbeddedElasticsearch(Path(tempfile.mkdtemp()), port=0, heap="1g", short_lived=True)
    try:
        index = ElasticIndex(connect(node.start(wait_s=120), ElasticsearchSettings()), IndexSettings())
        index.create("several", PACK)
        for _ in index.write("several", (o for image in scenes(images, seed=7) for o in image)):
            pass
        index.refresh("several")
        search = Searcher(index, PACK, QueryPipeline(networks()), ColourWords(), THINGS)
        for parts in QUERIES:
            answers = [search.search("several", Query((), all_of=parts)) for _ in range(5)]
            took = median(answer.took_ms["total"] for answer in answers)
            relations = " ".join(part.relation.name for part in parts if part.relation)
            print(f"{' + '.join(names(parts))} {relations}: {took:.0f} ms, {answers[0].total} images", flush=True)
    finally:
        node.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
