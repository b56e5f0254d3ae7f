"""The page: built from its sources, and served."""
