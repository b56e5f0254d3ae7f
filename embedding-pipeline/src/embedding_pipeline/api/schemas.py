"""What the API answers with, and the small bodies it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from embedding_pipeline.api.query import Strict
from embedding_pipeline.domain import IndexType, Kind, Signal

Numbers4 = Annotated[list[float], Field(min_length=4, max_length=4)]
BOX = Field(description="x1, y1, x2, y2 in pixels of the upright picture", examples=[[12, 30, 200, 210]])
BOX_NORM = Field(description="the same as fractions 0..1", examples=[[0.02, 0.06, 0.31, 0.44]])
Caption = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Tags = Annotated[list[Tag], Field(max_length=100)]


class Health(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Everything that is needed is there."""

    status: Literal["ready"] = "ready"


class CollectionSpec(Strict):
    """How to make a collection; what is left out comes from the settings of the server."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"index_type": "int8_hnsw"}]})

    pack: str | None = Field(None, max_length=200, description="must be the pack this server runs")
    index_type: IndexType | None = None


class Collection(BaseModel):
    """A named set of images with its pack and its index."""

    name: str
    pack: str
    pack_revision: str
    index_type: IndexType
    images: int
    objects: int
    size_bytes: int
    last_change: datetime | None


class Collections(BaseModel):
    collections: list[Collection]


class DetectedObject(BaseModel):
    """An object found in a query picture."""

    box: Numbers4 = BOX
    box_norm: Numbers4 = BOX_NORM
    label: str
    box_score: float = Field(description="confidence of the detector, 0..1")


class QueryObject(DetectedObject):
    primary: bool = Field(description="the object that was searched")


class Detected(BaseModel):
    """What a picture shows. `upload_id` stands for the picture in later searches, for a limited time."""

    upload_id: str
    width: int
    height: int
    objects: list[DetectedObject]


class StoredObject(BaseModel):
    """One box of a stored image; kind `frame` is the whole picture."""

    object_id: str
    kind: Kind
    box: Numbers4 = BOX
    box_norm: Numbers4 = BOX_NORM
    area_share: float = Field(description="box area over picture area, 0..1")
    label: str
    label_names: list[str] = Field(description="names of the label in English and Chinese")
    box_score: float
    colours: list[str]
    ocr_text: list[str]
    caption: str | None
    tags: list[str]


class Place(BaseModel):
    """WGS 84 degrees."""

    lat: float
    lon: float


class ImageFacts(BaseModel):
    """What is known of a stored image. The addresses are for browsers and may expire."""

    image_id: str
    image_url: str | None = Field(description="None when the bytes stay where Boxlens cannot serve them")
    thumbnail_url: str | None
    file_name: str
    source_uri: str
    width: int
    height: int
    bytes: int
    format: str
    taken_at: datetime | None
    camera: str | None
    location: Place | None
    caption: str | None
    tags: list[str]
    attributes: dict[str, str]


class Image(ImageFacts):
    """A stored image with its objects, the frame first."""

    objects: list[StoredObject]


class ImagePatch(Strict):
    """New words for an image, or for its object `number` alone; what is left out stays, `""` and `[]` clear."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"caption": "两只狗", "tags": ["dogs", "beach"]}]})

    caption: Caption | None = None
    tags: Tags | None = None
    number: int | None = Field(None, ge=0, le=999_999)


class Why(BaseModel):
    """The part of one signal in a score; the contributions add up to it."""

    signal: Signal
    clause: int
    rank: int
    similarity: float
    contribution: float


class HitObject(StoredObject):
    """A matching object of a hit."""

    score: float
    why: list[Why]


class Hit(ImageFacts):
    """One image in the answer with its matching objects, best first."""

    score: float
    relevance: float | None = Field(description="0..1 once relevance is calibrated, until then null")
    objects: list[HitObject]


class Total(BaseModel):
    """`gte`: there may be more."""

    value: int
    relation: Literal["eq", "gte"]


class Answer(BaseModel):
    """What a search found."""

    hits: list[Hit]
    total: Total
    next_cursor: str | None
    took_ms: dict[str, float]
    query_objects: list[QueryObject] = Field(description="objects detected in the query picture")
    upload_id: str | None = Field(description="stands for the picture of search/image in further searches")
    notes: list[str] = Field(description="what the reader should know, such as a signal that is off")
    cut: dict[str, Any] | None = Field(description="what relevance cut off, once it is calibrated")
    groups: list[Any] = Field(description="one answer per detected object, once that can be asked for")
    read_from_text: list[Any] = Field(description="filters read from the words, once that is done")


class Count(BaseModel):
    value: str
    count: int


class Facets(BaseModel):
    """Counts of objects under a filter, largest first, by field."""

    facets: dict[str, list[Count]]
