"""When and where pictures were taken, as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from boxlens.api.schemas.query import Query
from boxlens.domain.answers.spread import FINEST


class SpreadQuery(Query):
    """The query of a search, of whose finds is told when and where they were taken; `size`, `cursor`, `sort` and
    `explain` change nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"clauses": [{"text": "dog"}], "filter": {"camera": ["X-T5"]}, "halvings": 10}]}
    )

    halvings: Annotated[int, Field(ge=0, le=FINEST)] = Field(
        6, description="how often the map is halved each way to make its cells: 6 are about 600 km, 12 about 10 km"
    )


class MonthCount(BaseModel):
    month: str = Field(examples=["2023-07"], description="by the clock of the place")
    count: int = Field(description="images taken in it")


class CellCount(BaseModel):
    box: tuple[float, float, float, float] = Field(
        description="west, south, east, north in WGS 84 degrees, as a filter on `location` takes it"
    )
    count: int = Field(description="images taken in it")


class Spread(BaseModel):
    """Images that hold what was found, by month, oldest first, and by cell of the map, fullest first."""

    images: int
    dated: int = Field(description="those of which it is known when they were taken")
    placed: int = Field(description="those of which it is known where")
    months: list[MonthCount]
    cells: list[CellCount]
    lost_shards: int = Field(description="parts of the index that did not answer: not counted; 0: none")
