"""The Elasticsearch client as Boxlens uses it: orjson for bodies and answers, SMILE for bulk bodies."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import SerializationError, Serializer, Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch
from elasticsearch.serializer import NdjsonSerializer, OrjsonSerializer

from boxlens.index.elasticsearch.errors import BUSY
from boxlens.settings import ElasticsearchSettings

# what fails is an error of ours, told once: its warnings are a trace for every try, megabytes a minute of an outage
logging.getLogger("elastic_transport").setLevel(logging.ERROR)

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


def following(where: Callable[[], str | None]) -> type[Urllib3HttpNode]:
    """Connections to one server that may move: when it cannot be reached, ``where`` is asked for its address."""

    class FollowingNode(Urllib3HttpNode):
        _moved: Urllib3HttpNode | None = None

        def perform_request(self, *request: Any, **more: Any) -> NodeApiResponse:
            node = self._moved
            try:
                return node.perform_request(*request, **more) if node else super().perform_request(*request, **more)
            except NoConnection:
                url = where()
                if url is None or url == (node or self).base_url:
                    raise
                self._moved = moved = Urllib3HttpNode(replace(self.config, **_place(url)))
                if node is not None:
                    node.close()
                return moved.perform_request(*request, **more)

        def close(self) -> None:
            if self._moved is not None:
                self._moved.close()
            super().close()

    return FollowingNode


def _place(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}


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
        max_retries=3,
        retry_on_status=BUSY,
        retry_on_timeout=False,
        **more,
    )
