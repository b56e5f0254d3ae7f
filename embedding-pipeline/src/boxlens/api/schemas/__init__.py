"""The JSON of the HTTP API."""
