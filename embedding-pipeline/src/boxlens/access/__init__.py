"""Who may do what: keys with roles, kept as hashes, and a log of changes and of the use of keys."""
