"""Following folders: what changed in them since last time, done once (``sync``) or as it happens (``watch``)."""
