"""The ingest engines, and the choice among them. An engine's own library is imported when it is first made."""

from __future__ import annotations

from typing import Literal, assert_never

from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.stages import Stages

EngineName = Literal["towhee", "sequential"]


def make_engine(name: EngineName, stages: Stages, sizes: BatchSizes) -> IngestEngine:
    """The engine of that name over the given stages."""
    if name == "towhee":
        from boxlens.pipeline.engines.towhee import TowheeEngine

        return TowheeEngine(stages, sizes)
    if name == "sequential":
        from boxlens.pipeline.engines.sequential import SequentialEngine

        return SequentialEngine(stages, sizes)
    assert_never(name)
