"""An ingest on a Ray cluster, told and ended as one on this machine is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from boxlens import __version__
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.ingest.run import Journal
from boxlens.on_ray.cluster import cluster_address, connected, require_reachable
from boxlens.on_ray.dealer import Dealer
from boxlens.on_ray.pool import RayPool, Shape, shape_of
from boxlens.on_ray.worker import open_parts
from boxlens.servers import Report
from boxlens.settings import Settings
from boxlens.wiring import Boxlens


class RayIngest:
    """Takes pictures into collections on a cluster that the driver is connected to."""

    def __init__(self, ray: Any, shape: Shape, boxlens: Boxlens, report: Report) -> None:
        self._ray, self._shape, self._boxlens, self._report = ray, shape, boxlens, report

    def ingest(
        self,
        refs: Iterable[ImageRef],
        *,
        collection: str,
        on_progress: Callable[[IngestReport], None] = lambda report: None,
        on_failure: Callable[[ImageRef, Failure], None] = lambda ref, failure: None,
        stop: threading.Event | None = None,
        journal: Journal | None = None,
        on_merge: Callable[[int], None] = lambda documents: None,
    ) -> IngestReport:
        """As ``ingest.indexer.Indexer.ingest``; videos come as they are and not as their frames."""
        indexer = self._boxlens.for_pictures_or_new(collection).indexer
        settings = on_any_machine(self._boxlens.settings, self._shape)
        opening = partial(open_parts, settings, self._boxlens.addresses, collection, __version__)
        with indexer.loading(collection):
            pool = RayPool(self._ray, opening, self._shape, self._report)
            dealer = Dealer(pool, refs, settings.pipeline.slab, on_failure, journal)
            dealer.run(stop or threading.Event(), on_progress)
        report = dealer.report()
        if not report.interrupted:
            indexer.merge(collection, report.objects, on_merge)
        return report


@contextmanager
def ray_ingest(on: str, boxlens: Boxlens, report: Report) -> Iterator[RayIngest]:
    """An ingest on what ``--on`` names, for the length of the block. Raises BadInput, Unavailable."""
    with connected(cluster_address(on)) as ray:
        nodes = [node for node in ray.nodes() if node["Alive"]]
        require_reachable(boxlens.addresses, [node["NodeManagerAddress"] for node in nodes])
        shape = shape_of([node["Resources"] for node in nodes], boxlens.settings.threads, boxlens.settings.device)
        share = "a GPU" if shape.gpus else f"{shape.cores} cores"
        report(f"Ray: {shape.actors} actors with {share} on {len(nodes)} nodes.")
        yield RayIngest(ray, shape, boxlens, report)


def on_any_machine(settings: Settings, shape: Shape) -> Settings:
    """Settings with absolute paths, and with as many threads as an actor has cores."""
    packs = settings.packs_dir.absolute() if settings.packs_dir else None
    threads = settings.threads or shape.cores
    return settings.model_copy(
        update={"data_dir": settings.data_dir.absolute(), "packs_dir": packs, "threads": threads}
    )
