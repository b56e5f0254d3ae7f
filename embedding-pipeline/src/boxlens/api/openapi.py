"""Writes the OpenAPI document to standard output: ``python -m boxlens.api.openapi > openapi.json``."""

from __future__ import annotations

import json
import sys

from boxlens.api.app import routes_only


def document() -> str:
    """The document as stable, indented JSON."""
    return json.dumps(routes_only().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
