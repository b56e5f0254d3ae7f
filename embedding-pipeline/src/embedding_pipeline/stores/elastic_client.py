"""The Elasticsearch client as Boxlens uses it: orjson for bodies and answers, SMILE for bulk bodies."""

from __future__ import annotations

from typing import Any

from elastic_transport import SerializationError, Serializer
from elasticsearch import Elasticsearch
from elasticsearch.serializer import NdjsonSerializer, OrjsonSerializer

from embedding_pipeline.settings import ElasticsearchSettings

SMILE_TYPE = "application/vnd.elasticsearch+smile"


class Lines(NdjsonSerializer, OrjsonSerializer):
    """Bodies of multi-searches, whose query vectors are numpy arrays."""


class SmileBytes(Serializer):
    """Bulk bodies come encoded, because their size decides where one ends; answers are asked for as JSON."""

    mimetype = SMILE_TYPE

    def dumps(self, data: Any) -> bytes:
        return bytes(data)

    def loads(self, data: bytes) -> Any:
        raise SerializationError(f"an answer of {len(data)} bytes came as SMILE, though JSON was asked for")


def connect(urls: str, settings: ElasticsearchSettings, **more: Any) -> Elasticsearch:
    """A client for one or more addresses, comma-separated. It may be used from several threads.

    ``more`` goes to the client, such as ``node_class``.
    """
    key = settings.api_key
    return Elasticsearch(
        [url.strip() for url in urls.split(",") if url.strip()],
        api_key=key.get_secret_value() if key else None,
        request_timeout=settings.timeout_s,
        serializers={
            OrjsonSerializer.mimetype: OrjsonSerializer(),
            Lines.mimetype: Lines(),
            SMILE_TYPE: SmileBytes(),
        },
        max_retries=2,
        retry_on_timeout=False,
        **more,
    )
