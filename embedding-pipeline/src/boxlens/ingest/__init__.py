"""Pictures into collections: where they come from, what was done, and the move to another pack."""
