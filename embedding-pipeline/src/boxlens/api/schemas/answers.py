"""What the API answers with, and the small bodies it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from boxlens.api.schemas.clauses import Strict
from boxlens.api.schemas.corrections import CorrectionStep
from boxlens.api.schemas.read_conditions import ReadCondition
from boxlens.domain.collections import IndexType
from boxlens.domain.objects import Kind
from boxlens.domain.queries import Signal

Numbers4 = Annotated[list[float], Field(min_length=4, max_length=4)]
BOX = Field(description="x1, y1, x2, y2 in pixels of the upright picture", examples=[[12, 30, 200, 210]])
BOX_NORM = Field(description="the same as fractions 0..1", examples=[[0.02, 0.06, 0.31, 0.44]])
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
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

    pack: str | None = Field(None, max_length=200, description="any pack the server has, else its own")
    index_type: IndexType | None = None
    score_threshold: Share | None = Field(None, description="detections below it are dropped")
    nms_iou: Share | None = Field(None, description="overlap from which two boxes of a class are one")
    min_relevance: Share | None = Field(None, description='what "auto" means in its searches')
    tiles: bool | None = Field(None, description="look at the quarters of each picture too, for small things")
    shards: int | None = Field(None, ge=1, le=1024, description="parts of its index; set when it is made")
    replicas: int | None = Field(None, ge=0, le=9, description="copies of each part; may be changed")
    expected_objects: int | None = Field(
        None, ge=0, le=10**12, description="boxes and frames to come: without `shards` their number follows from it"
    )


class Collection(BaseModel):
    """A named set of images with its pack, its index and its own settings; null leaves one to the server."""

    name: str
    pack: str
    pack_revision: str
    about_pack: str = Field(description="what the pack is good for, in a line; empty when it is not here")
    index_type: IndexType
    images: int
    objects: int
    size_bytes: int
    last_change: datetime | None
    score_threshold: float | None
    nms_iou: float | None
    min_relevance: float | None
    tiles: bool | None
    shards: int = Field(description="parts of each of its indices")
    replicas: int = Field(description="copies of each part: so many machines may be lost")
    frozen: bool = Field(description="it takes no changes")
    indices: int = Field(description="it stands in so many: one more each time that it outgrows the last")


class Collections(BaseModel):
    collections: list[Collection]


class LabelNames(BaseModel):
    """The best name of a label in each language, to show it by."""

    en: str = Field(examples=["traffic light"])
    zh: str = Field(examples=["红绿灯"])


class Label(BaseModel):
    """A class of the detector with all names by which words find it, best first."""

    id: str
    en: list[str]
    zh: list[str]


class Labels(BaseModel):
    labels: list[Label]


class DetectedObject(BaseModel):
    """An object found in a query picture."""

    box: Numbers4 = BOX
    box_norm: Numbers4 = BOX_NORM
    label: str
    label_name: LabelNames | None
    box_score: float = Field(description="confidence of the detector, 0..1")


class QueryObject(DetectedObject):
    primary: bool = Field(description="the object that was searched")


class Detected(BaseModel):
    """What a picture shows. `upload_id` stands for the picture in later searches, for a limited time."""

    upload_id: str
    width: int
    height: int
    objects: list[DetectedObject]


class Upload(Detected):
    """A query picture that is still kept, as it was detected, with an address that shows it."""

    image_url: str = Field(description="the picture upright, at most 1280 pixels wide, in a type browsers show")


class StoredObject(BaseModel):
    """One box of a stored image; kind `frame` is the whole picture."""

    object_id: str
    kind: Kind
    box: Numbers4 = BOX
    box_norm: Numbers4 = BOX_NORM
    area_share: float = Field(description="box area over picture area, 0..1")
    label: str
    label_name: LabelNames | None = Field(description="None for the frame")
    label_names: list[str] = Field(description="all names by which words find it, in English and Chinese")
    box_score: float
    corrected_by: str | None = Field(description="who gave it its label or box, where a person did")
    corrected_at: datetime | None
    colours: list[str]
    ocr_text: list[str]
    caption: str | None
    tags: list[str]


class Place(BaseModel):
    """WGS 84 degrees."""

    lat: float
    lon: float


class VideoPlace(BaseModel):
    """The video that an image is a frame of, and the moment."""

    url: str | None = Field(description="plays in browsers, with ranges; None when its bytes are not kept")
    source_uri: str
    at_s: float = Field(description="seconds from its start")
    shot: int = Field(description="which shot of it, counted from 0")


class ImageFacts(BaseModel):
    """What is known of a stored image. The addresses are for browsers and may expire."""

    image_id: str
    image_url: str | None = Field(description="None when the bytes stay where Boxlens cannot serve them")
    thumbnail_url: str | None
    thumbnails: dict[str, str] = Field(description="addresses by width in pixels; none for pictures kept elsewhere")
    file_name: str
    source_uri: str
    other_sources: list[str] = Field(description="other places where the same bytes lie")
    other_names: list[str] = Field(description="other names that the same bytes have, or had")
    gone_at: datetime | None = Field(description="when its file was found to be gone from a followed folder")
    width: int
    height: int
    bytes: int
    format: str
    taken_at: datetime | None
    camera: str | None
    location: Place | None
    caption: str | None
    tags: list[str]
    albums: list[str] = Field(description="named sets that persons put it into")
    attributes: dict[str, str]
    video: VideoPlace | None = Field(description="of frames of videos")


class ImageObject(StoredObject):
    """An object of one image, with the picture of it alone."""

    crop_url: str | None


class Image(ImageFacts):
    """A stored image with its objects, the frame first, and what was corrected of it, oldest first."""

    objects: list[ImageObject]
    corrections: list[CorrectionStep]


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
    weight: float = Field(description="that of the clause times that of the signal")
    contribution: float = Field(description="weight / (10 + rank); for all_of strength / 11")
    words: list[str] = Field(description="words: what of the query the object holds, as cut for search; colours by id")
    label: str | None = Field(description="words: the label that was recognised in the query")
    of: Literal["clauses", "all_of"] = Field(description="what `clause` is an index of")


class Highlight(BaseModel):
    """A text and where words of the query stand in it, in order: start and end, the end exclusive.

    Counted in Unicode code points; in JavaScript `[...text]` counts so.
    """

    text: str = Field(examples=["停在中關村"])
    spans: list[tuple[int, int]] = Field(examples=[[[2, 5]]])


class HitObject(StoredObject):
    """A matching object of a hit."""

    score: float
    relevance: float | None = Field(description="0..1; null where the collection is too small to tell")
    part: int | None = Field(description="the index in all_of of what this box stands for")
    why: list[Why]
    highlights: dict[str, list[Highlight]] = Field(
        description="of label_names, ocr_text, caption and tags of the object: the texts that hold words of the query"
    )


class Hit(ImageFacts):
    """One image in the answer with its matching objects, best first."""

    collection: str
    score: float
    near_duplicates: int = Field(description="found images that look the same and were folded into this one")
    near_duplicate_ids: list[str] = Field(description="their ids, best first")
    relevance: float | None = Field(description="of the most relevant object, 0..1; null where it cannot be told")
    weak: bool = Field(description="shown, but it may well be something else")
    objects: list[HitObject]
    highlights: dict[str, list[Highlight]] = Field(
        description="of caption, tags and file_name of the image: the texts that hold words of the query"
    )


class Cut(BaseModel):
    """What was left out because it is not relevant enough."""

    relevance: float = Field(description="what a hit must reach")
    dropped: int = Field(description="images found but left out")


class Total(BaseModel):
    """`gte`: there may be more."""

    value: int
    relation: Literal["eq", "gte"]


class Group(BaseModel):
    """The best hits for one object of the query picture."""

    object: QueryObject
    hits: list[Hit]


class Answer(BaseModel):
    """What a search found."""

    hits: list[Hit]
    total: Total
    next_cursor: str | None
    took_ms: dict[str, float]
    query_objects: list[QueryObject] = Field(description="objects detected in the query picture")
    upload_id: str | None = Field(description="stands for the picture of search/image in further searches")
    notes: list[str] = Field(description="what the reader should know, such as a signal that is off")
    cut: Cut | None = Field(description="null when nothing was to be cut, or relevance cannot be told")
    groups: list[Group] = Field(description="one for each object of the query picture, where groups asked for them")
    read_from_text: list[ReadCondition] = Field(description="conditions read from the texts")
    words_left: str | None = Field(description="what was left of the texts to be searched as words, if any was read")
    lost_shards: int = Field(description="parts of the index that did not answer: their images are missing; 0: none")


class FacetCount(BaseModel):
    value: str
    count: int = Field(description="images that hold a found object with this value")
    name: LabelNames | None = Field(None, description="names of a label; None for other fields")


class Facets(BaseModel):
    """Counts of images by label, tag, album, colour, format, year and camera of what was found, largest first."""

    facets: dict[str, list[FacetCount]]
    lost_shards: int = Field(description="parts of the index that did not answer: not counted; 0: none")
