"""The machines of an Elasticsearch, as far as a new index has to know them."""

from __future__ import annotations

from elasticsearch import ApiError, Elasticsearch

from boxlens.domain.share_out import Machines

HOLDS_DATA = {"data", "data_content", "data_hot"}
_READ = "nodes.*.host,nodes.*.roles,nodes.*.os.mem.total_in_bytes,nodes.*.jvm.mem.heap_max_in_bytes"


def machines(client: Elasticsearch) -> Machines:
    """Nodes that hold data, and their memory beside the heaps, of each host once. A key that may not read this sees one
    machine of unknown memory. Raises TransportError when the server does not answer, ApiError when it cannot."""
    try:
        nodes = client.nodes.stats(metric=["os", "jvm"], filter_path=_READ)["nodes"].values()
    except ApiError as error:
        if error.status_code in (401, 403):
            return Machines()
        raise
    holding = [node for node in nodes if HOLDS_DATA & set(node["roles"])]
    if not holding:
        return Machines()
    memory = {node["host"]: int(node["os"]["mem"]["total_in_bytes"]) for node in holding}
    heaps = sum(int(node["jvm"]["mem"]["heap_max_in_bytes"]) for node in holding)
    return Machines(len(holding), max(0, sum(memory.values()) - heaps))
