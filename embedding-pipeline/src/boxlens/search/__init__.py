"""Searches as a pipeline: plan, retrieve, fuse, calibrate, threshold, group, hydrate, explain.

``searcher`` runs it, ``rank`` its middle; ``scoring`` holds what a match is worth; ``multi_object`` has the same steps
for several things in one image.
"""
