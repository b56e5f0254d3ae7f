"""Conditions read from the words of a query."""
