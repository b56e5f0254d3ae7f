"""Commands that measure, and print the tables of the guides; `python -m benchmarks.NAME` from the root."""
