"""The embedded Elasticsearch: the real server in child processes."""
