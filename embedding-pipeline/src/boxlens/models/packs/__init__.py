"""Packs: folders of model files with their description."""
