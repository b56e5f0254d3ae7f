"""The index of stored objects: what every adapter of it shares."""
