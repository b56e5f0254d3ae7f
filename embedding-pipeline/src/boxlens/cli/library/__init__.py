"""Commands that keep a collection: what it holds, whether it is whole, and its move to another pack."""
