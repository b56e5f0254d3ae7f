"""Boxlens from Python: the queries of the HTTP API, typed results that show themselves in a notebook, typed errors.

from boxlens.client import Client

boxlens = Client("http://127.0.0.1:8080")
results = boxlens.search("default", "红色 Toyota", not_=["卡车"], size=10)
"""

from boxlens.client.http_client import Client, Example
from boxlens.client.results import Results

__all__ = ["Client", "Example", "Results"]
