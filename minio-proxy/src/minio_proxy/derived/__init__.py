"""Thumbnails and crops: made from a stored picture, cached, sent."""
