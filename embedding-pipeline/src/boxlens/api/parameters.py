"""Path, query and form parameters that several routes share, checked before any work begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Form, Path, Query, UploadFile

from boxlens.api.schemas.answers import Caption, Tags
from boxlens.api.schemas.clauses import IMAGE_ID, OBJECT_ID, UPLOAD_ID
from boxlens.api.schemas.query import COLLECTION, MAX_SIZE, Value
from boxlens.filters.expression import MAX_EXPRESSION

_SOME_IMAGE = "3f" * 32

CollectionName = Annotated[str, Path(pattern=COLLECTION, examples=["default"])]
AskedCollection = Annotated[str | None, Query(pattern=COLLECTION, examples=["default"])]
ImageId = Annotated[str, Path(pattern=IMAGE_ID, description="SHA-256 of its bytes", examples=[_SOME_IMAGE])]
ObjectId = Annotated[str, Path(pattern=OBJECT_ID, description="0 is the frame", examples=[f"{_SOME_IMAGE}-1"])]
UploadId = Annotated[
    str, Path(pattern=UPLOAD_ID, description="from POST /v1/detect", examples=[f"7a1b2-{_SOME_IMAGE}"])
]
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

READ_TEXT = 'read conditions such as "two dogs" or "2023年7月" from the words'
IGNORE = "keys of read_from_text that shall not be read; repeat for several"
ReadText = Annotated[bool, Query(description=READ_TEXT)]
Ignore = Annotated[list[Value], Query(max_length=64, description=IGNORE)]
ReadTextField = Annotated[bool, Form(description=READ_TEXT)]
IgnoreField = Annotated[list[Value], Form(max_length=64, description=IGNORE)]
