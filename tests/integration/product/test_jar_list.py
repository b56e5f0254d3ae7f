"""The committed jar list is what the resolver finds for the two artifacts the embedded server is made of."""

from __future__ import annotations

from pathlib import Path

from jgo.maven import MavenContext

from boxlens.embedded.jars import VERSION, read_jar_list

ROOTS = (f"org.elasticsearch:elasticsearch:{VERSION}", f"org.elasticsearch.plugin:transport-netty4:{VERSION}")


def test_the_list_names_what_the_resolver_finds(tmp_path: Path) -> None:
    context = MavenContext(repo_cache=tmp_path, timeout=60)
    roots, dependencies = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
    resolved = {
        f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}" for dependency in roots + dependencies
    }
    assert {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in read_jar_list()} == resolved
