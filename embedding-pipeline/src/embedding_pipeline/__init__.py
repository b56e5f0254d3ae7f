"""Boxlens: object-level image search on Elasticsearch."""
