"""Path, query and form parameters that several routes share, checked before any work begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Form, Path, Query, UploadFile

from embedding_pipeline.api.query import IMAGE_ID, MAX_SIZE, OBJECT_ID
from embedding_pipeline.api.schemas import Caption, Tags
from embedding_pipeline.filters import MAX_EXPRESSION

COLLECTION = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_SOME_IMAGE = "3f" * 32

CollectionName = Annotated[str, Path(pattern=COLLECTION, examples=["default"])]
ImageId = Annotated[str, Path(pattern=IMAGE_ID, description="SHA-256 of its bytes", examples=[_SOME_IMAGE])]
ObjectId = Annotated[str, Path(pattern=OBJECT_ID, description="0 is the frame", examples=[f"{_SOME_IMAGE}-1"])]
PageSize = Annotated[int, Query(ge=1, le=MAX_SIZE, description="images on a page")]
Expression = Annotated[
    str | None,
    Query(alias="filter", max_length=MAX_EXPRESSION, examples=["label:car,truck score>=0.5 -tag:draft"]),
]
PictureFile = Annotated[UploadFile | None, File(description="the picture")]
PictureUrl = Annotated[
    str | None, Form(min_length=1, max_length=8192, description="a public http or https address of a picture")
]
CaptionField = Annotated[Caption | None, Form(description="words of a person about it")]
TagsField = Annotated[Tags, Form(description="repeat the field for several")]
SourceField = Annotated[str | None, Form(max_length=4096, description="where it came from, kept as it is")]
