"""Saved searches that watch: which they are, the pictures that came since, and who is told of them."""
