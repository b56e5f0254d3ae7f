"""The index in Elasticsearch 8."""
