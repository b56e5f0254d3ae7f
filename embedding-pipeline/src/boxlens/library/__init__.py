"""Keeping a collection: deletion and restoring, the move to another pack."""
