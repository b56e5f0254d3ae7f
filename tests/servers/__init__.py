"""Real servers that tests start, and how they are had."""
