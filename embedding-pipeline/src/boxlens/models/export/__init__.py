"""From torch weights to a pack."""
