"""``boxlens collections plan``: what the rule of thumb says of a collection that is still to be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from boxlens.cli import output

if TYPE_CHECKING:
    from boxlens.domain.share_out import ShareOut

_GIB = 2**30


def plan(
    expect: Annotated[int, typer.Option(min=1, help="Boxes and frames that it is to hold.")],
    vit_dims: Annotated[int, typer.Option(min=0, max=4096, help="Dims of its picture vectors; 0: none.")] = 768,
    clip_dims: Annotated[int, typer.Option(min=0, max=4096, help="Dims of its vectors of words; 0: none.")] = 512,
    index_type: Annotated[str | None, typer.Option(help="int8_hnsw, hnsw, bbq_hnsw, int8_flat or flat.")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Machines that hold data.")] = 1,
    memory: Annotated[
        float | None, typer.Option(min=0, help="GiB of each beside the heap of Elasticsearch: half of it, usually.")
    ] = None,
    json: output.Json = False,
) -> None:
    """Shards, copies and memory of a collection, by the rule that makes one. No server is asked.

    Example: boxlens collections plan --expect 20000000 --nodes 3 --memory 32
    """
    from boxlens.domain.share_out import Machines, share_out

    changes: dict[str, Any] = {"index": {"type": index_type}} if index_type else {}
    index = output.settings(**changes).index
    free = None if memory is None else round(nodes * memory * _GIB)
    rule = share_out(expect, vit_dims, clip_dims, index.type, index.m, Machines(nodes, free))
    values = {
        "objects": rule.documents,
        "index_type": index.type,
        "shards": rule.shards,
        "replicas": rule.replicas,
        "memory_gib": round(rule.memory_bytes / _GIB, 1),
        "disk_gib": round(rule.vector_bytes * (1 + rule.replicas) / _GIB, 1),
        "fits": rule.fits,
        "machines_needed": rule.machines_needed,
    }
    if json:
        output.print_json(values)
    else:
        for sentence in sentences(rule):
            output.console.print(sentence)


def sentences(rule: ShareOut) -> list[str]:
    """The rule in words."""
    of_shard = rule.documents / rule.shards
    copies = "a copy of each, so that any one machine may be lost" if rule.replicas else "no copies"
    texts = [
        f"{rule.shards} shards of {of_shard:,.0f} objects, {copies}.",
        f"{rule.memory_bytes / _GIB:,.1f} GiB of memory for vectors and graphs of all copies, beside the heaps.",
        f"{rule.vector_bytes * (1 + rule.replicas) / _GIB:,.1f} GiB on disk for the same; texts and sources of "
        "documents come on top.",
    ]
    if rule.fits is False and rule.machines_needed is not None:
        texts.append(f"The machines have too little memory: {rule.machines_needed} like them would do.")
    return texts
