"""What the networks of drawings learn from: sprites and backgrounds, changed looks, names and phrases."""
