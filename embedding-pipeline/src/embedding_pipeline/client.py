"""``from embedding_pipeline.client import Client`` as programs written for version 0.1 say it."""

import warnings

from boxlens.client import Client, Example, Results

__all__ = ["Client", "Example", "Results"]

warnings.warn(
    "embedding_pipeline.client is now boxlens.client; the old name goes in version 0.3.",
    DeprecationWarning,
    stacklevel=2,
)
