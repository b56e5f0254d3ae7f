"""The exact index in memory: test code, and the ground truth that Elasticsearch is held to."""
