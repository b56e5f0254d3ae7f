"""Searches: by query, by words in the address, by an uploaded picture, and by a stored object."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from boxlens.api import mappers, query_pictures
from boxlens.api.image_urls import ImageUrls
from boxlens.api.parameters import (
    CollectionName,
    Expression,
    Ignore,
    IgnoreField,
    ObjectId,
    PageSize,
    ReadText,
    ReadTextField,
)
from boxlens.api.problems import problems
from boxlens.api.schemas.answers import Answer
from boxlens.api.schemas.clauses import Text
from boxlens.api.schemas.query import MAX_SIZE, Cursor, RelevanceText, SortName
from boxlens.api.schemas.query import Query as SearchBody
from boxlens.api.services import Services, ServicesDep, with_ids, with_pack
from boxlens.domain import queries
from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import EmptyInput
from boxlens.domain.pictures import image_id_of
from boxlens.filters.expression import MAX_EXPRESSION
from boxlens.language.label_names import both_names

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.post("/search", response_model=Answer, summary="Search", responses=problems(401, 404, 413, 415, 422, 502, 503))
def search(collection: CollectionName, body: SearchBody, services: ServicesDep, request: Request) -> Response:
    """By words, example pictures and stored objects, together or alone, under a filter."""
    searched = CollectionSet.of([collection, *(body.collections or ())])
    query = query_pictures.query_of(services, searched, body)
    return _answer(services, request, searched, query, explain=body.explain)


@router.get("/search", response_model=Answer, summary="Search by words", responses=problems(401, 404, 422, 503))
def search_words(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    q: Annotated[Text | None, Query(description="words in any language", examples=["红色 Toyota"])] = None,
    size: PageSize = 20,
    cursor: Cursor | None = None,
    filter: Expression = None,
    sort: SortName = "relevance",
    group_by: Literal["image", "object"] = "image",
    fold: bool = True,
    min_relevance: RelevanceText = "auto",
    explain: bool = True,
    read_text: ReadText = True,
    ignore: Ignore = [],  # noqa: B006
) -> Response:
    """Conditions such as "two dogs" or "2023年7月" are read from the words, and told in `read_from_text`."""
    query = queries.Query(
        (queries.TextClause(q),) if q is not None else (),
        mappers.expression_of(filter),
        size=size,
        cursor=cursor,
        sort=queries.Sort.named(sort),
        group_by=group_by,
        collapse_duplicates=fold,
        min_relevance=min_relevance,
        read_text=read_text,
        ignore=tuple(ignore),
    )
    return _answer(services, request, collection, query, explain=explain)


@router.post(
    "/search/image",
    response_model=Answer,
    summary="Search with a picture",
    responses=problems(401, 404, 413, 415, 422, 503, 507),
)
def search_image(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    file: Annotated[UploadFile, File(description="the picture")],
    box: Annotated[str | None, Form(max_length=200, examples=["10,20,200,180"])] = None,
    text: Annotated[Text | None, Form(description="words that should match as well")] = None,
    filter: Annotated[str | None, Form(max_length=MAX_EXPRESSION, examples=["label:car"])] = None,
    size: Annotated[int, Form(ge=1, le=MAX_SIZE)] = 20,
    groups: Annotated[Literal["none", "query_objects"], Form()] = "none",
    min_relevance: Annotated[RelevanceText, Form()] = "auto",
    explain: Annotated[bool, Form()] = True,
    read_text: ReadTextField = True,
    ignore: IgnoreField = [],  # noqa: B006
) -> Response:
    """Also answers with the detected objects of the picture; the one searched for is marked as primary."""
    data = query_pictures.read_file(services, file.file)
    picture = services.decode(data)
    drawn = Box.within(mappers.box_of(box), picture.width, picture.height) if box else None
    clauses: tuple[queries.Clause, ...] = (queries.PictureClause(picture.pixels, drawn, image_id=image_id_of(data)),)
    if text is not None:
        clauses += (queries.TextClause(text),)
    query = queries.Query(
        clauses,
        mappers.expression_of(filter),
        size=size,
        groups=groups,
        min_relevance=min_relevance,
        read_text=read_text,
        ignore=tuple(ignore),
    )
    upload_id = query_pictures.keep_picture(services, data, picture)
    return _answer(services, request, collection, query, explain=explain, upload_id=upload_id)


@router.get(
    "/objects/{object_id}/similar",
    response_model=Answer,
    summary="Objects like a stored one",
    responses=problems(401, 404, 422, 503),
)
def similar(
    collection: CollectionName,
    object_id: ObjectId,
    services: ServicesDep,
    request: Request,
    size: PageSize = 20,
    min_relevance: RelevanceText = "auto",
    cursor: Cursor | None = None,
) -> Response:
    """From the stored vectors: nothing is embedded again. Any stored object will do, also one that matched nothing."""
    result = with_pack(
        services, collection, lambda scoped: scoped.searcher.similar(collection, object_id, size, min_relevance, cursor)
    )
    request.app.state.metrics.searched(result.took_ms)
    return _json(mappers.answer(result, ImageUrls(services.store)))


def _answer(
    services: Services,
    request: Request,
    collection: str | CollectionSet,
    query: queries.Query,
    *,
    explain: bool,
    upload_id: str | None = None,
) -> Response:
    if not (query.clauses or query.all_of) and query.filter.empty:
        raise EmptyInput("The query has neither a clause nor a filter.", hint="Type words, or give a picture.")
    result = with_pack(
        services,
        collection,
        lambda scoped: scoped.searcher.search(collection, with_ids(query, scoped, collection)),
    )
    request.app.state.metrics.searched(result.took_ms)
    sizes = [clause.pixels.shape for clause in query.clauses if isinstance(clause, queries.PictureClause)]
    return _json(
        mappers.answer(
            result,
            ImageUrls(services.store),
            explain=explain,
            picture_size=(sizes[0][1], sizes[0][0]) if sizes else None,
            upload_id=upload_id,
            names=both_names(services.for_collection(collection).labels) if sizes else None,
        )
    )


def _json(answer: dict[str, object]) -> Response:
    """The response, made in the thread of the search: returned as a model, FastAPI would check it in another thread and
    write it in that of all requests."""
    return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")
