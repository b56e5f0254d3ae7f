"""Searches: by query, by words in the address, by an uploaded picture, and by a stored object."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile

from embedding_pipeline import domain, queries
from embedding_pipeline.api import convert, pictures, query, schemas
from embedding_pipeline.api.clauses import Text
from embedding_pipeline.api.parameters import (
    CollectionName,
    Expression,
    Ignore,
    IgnoreField,
    ObjectId,
    PageSize,
    ReadText,
    ReadTextField,
)
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.services import Services, ServicesDep, with_ids, with_pack
from embedding_pipeline.errors import EmptyInput
from embedding_pipeline.filters import MAX_EXPRESSION
from embedding_pipeline.queries import together
from embedding_pipeline.text.label_names import both_names

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.post("/search", summary="Search", responses=problems(401, 404, 413, 415, 422, 502, 503))
def search(collection: CollectionName, body: query.Query, services: ServicesDep, request: Request) -> schemas.Answer:
    """By words, example pictures and stored objects, together or alone, under a filter."""
    wanted = convert.query_of(body, partial(pictures.clause_picture, services))
    searched = together([collection, *(body.collections or ())])
    return _answer(services, request, searched, wanted, explain=body.explain)


@router.get("/search", summary="Search by words", responses=problems(401, 404, 422, 503))
def search_words(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    q: Annotated[Text | None, Query(description="words in any language", examples=["红色 Toyota"])] = None,
    size: PageSize = 20,
    cursor: query.Cursor | None = None,
    filter: Expression = None,
    sort: query.SortName = "relevance",
    group_by: Literal["image", "object"] = "image",
    fold: bool = True,
    min_relevance: query.RelevanceText = "auto",
    explain: bool = True,
    read_text: ReadText = True,
    ignore: Ignore = [],  # noqa: B006
) -> schemas.Answer:
    """Conditions such as "two dogs" or "2023年7月" are read from the words, and told in `read_from_text`."""
    wanted = queries.Query(
        (queries.TextClause(q),) if q is not None else (),
        convert.expression_of(filter),
        size=size,
        cursor=cursor,
        sort=queries.Sort.named(sort),
        group_by=group_by,
        fold=fold,
        min_relevance=min_relevance,
        read_text=read_text,
        ignore=tuple(ignore),
    )
    return _answer(services, request, collection, wanted, explain=explain)


@router.post("/search/image", summary="Search with a picture", responses=problems(401, 404, 413, 415, 422, 503, 507))
def search_image(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    file: Annotated[UploadFile, File(description="the picture")],
    box: Annotated[str | None, Form(max_length=200, examples=["10,20,200,180"])] = None,
    text: Annotated[Text | None, Form(description="words that should match as well")] = None,
    filter: Annotated[str | None, Form(max_length=MAX_EXPRESSION, examples=["label:car"])] = None,
    size: Annotated[int, Form(ge=1, le=query.MAX_SIZE)] = 20,
    groups: Annotated[Literal["none", "query_objects"], Form()] = "none",
    min_relevance: Annotated[query.RelevanceText, Form()] = "auto",
    explain: Annotated[bool, Form()] = True,
    read_text: ReadTextField = True,
    ignore: IgnoreField = [],  # noqa: B006
) -> schemas.Answer:
    """Also answers with the detected objects of the picture; the one searched for is marked as primary."""
    data = pictures.read_upload(services, file.file)
    picture = services.decode(data)
    meant = domain.Box.within(convert.box_of(box), picture.width, picture.height) if box else None
    clauses: tuple[queries.Clause, ...] = (
        queries.PictureClause(picture.pixels, meant, image_id=domain.image_id_of(data)),
    )
    if text is not None:
        clauses += (queries.TextClause(text),)
    wanted = queries.Query(
        clauses,
        convert.expression_of(filter),
        size=size,
        groups=groups,
        min_relevance=min_relevance,
        read_text=read_text,
        ignore=tuple(ignore),
    )
    upload_id = pictures.keep_upload(services, data, picture)
    return _answer(services, request, collection, wanted, explain=explain, upload_id=upload_id)


@router.get("/objects/{object_id}/similar", summary="Objects like a stored one", responses=problems(401, 404, 422, 503))
def similar(
    collection: CollectionName,
    object_id: ObjectId,
    services: ServicesDep,
    request: Request,
    size: PageSize = 20,
    min_relevance: query.RelevanceText = "auto",
    cursor: query.Cursor | None = None,
) -> schemas.Answer:
    """From the stored vectors: nothing is embedded again. Any stored object will do, also one that matched nothing."""
    found = with_pack(
        services, collection, lambda room: room.searcher.similar(collection, object_id, size, min_relevance, cursor)
    )
    request.app.state.metrics.searched(found.took_ms)
    return convert.answer(found, partial(pictures.address_of, services))


def _answer(
    services: Services,
    request: Request,
    collection: str,
    wanted: queries.Query,
    *,
    explain: bool,
    upload_id: str | None = None,
) -> schemas.Answer:
    if not (wanted.clauses or wanted.all_of) and wanted.filter.empty:
        raise EmptyInput("The query has neither a clause nor a filter.", hint="Type words, or give a picture.")
    found = with_pack(services, collection, lambda room: room.searcher.search(collection, with_ids(wanted, room)))
    request.app.state.metrics.searched(found.took_ms)
    sizes = [clause.pixels.shape for clause in wanted.clauses if isinstance(clause, queries.PictureClause)]
    return convert.answer(
        found,
        partial(pictures.address_of, services),
        explain=explain,
        picture_size=(sizes[0][1], sizes[0][0]) if sizes else None,
        upload_id=upload_id,
        names=both_names(services.at(collection).labels) if sizes else None,
    )
