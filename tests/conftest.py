"""Fixtures that every layer of tests may use; the servers are started once, when first asked for."""

pytest_plugins = ["tests.servers.elasticsearch", "tests.servers.stack"]
