"""Boxlens: object-level image search on Elasticsearch."""

from boxlens.telemetry import switch_off

__version__ = "0.2.0"  # of both distributions: their metadata, the API document and the images are held to it

switch_off()
