"""Queries answered: asked, ranked, fused, judged, grouped, paged."""
