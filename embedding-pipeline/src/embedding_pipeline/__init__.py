"""The former name of the package ``boxlens``; only its client is kept, until version 0.3."""
