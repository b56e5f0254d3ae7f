"""Trials of a whole Boxlens in processes of its own: what it loses, and what it answers, when it is treated badly."""
