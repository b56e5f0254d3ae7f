"""Writes to Elasticsearch: images in bulk requests, changes of stored ones, and the merge at the end of a load."""
