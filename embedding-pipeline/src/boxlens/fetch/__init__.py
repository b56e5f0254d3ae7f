"""Fetching addresses: guarded against private hosts."""
