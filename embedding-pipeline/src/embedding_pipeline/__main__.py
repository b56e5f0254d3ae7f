"""``python -m embedding_pipeline`` is ``boxlens``."""

from embedding_pipeline.cli import main

main()
