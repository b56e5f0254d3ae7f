"""Searches: by query, by words in the address, by an uploaded picture, and by a stored object."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile

from embedding_pipeline import domain
from embedding_pipeline.api import convert, pictures, query, schemas
from embedding_pipeline.api.parameters import CollectionName, Expression, ObjectId, PageSize
from embedding_pipeline.api.problems import problems
from embedding_pipeline.api.services import Services, ServicesDep
from embedding_pipeline.errors import EmptyInput
from embedding_pipeline.filters import MAX_EXPRESSION

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.post("/search", summary="Search", responses=problems(401, 404, 413, 415, 422, 502, 503))
def search(collection: CollectionName, body: query.Query, services: ServicesDep, request: Request) -> schemas.Answer:
    """By words, example pictures and stored objects, together or alone, under a filter."""
    wanted = convert.query_of(body, partial(pictures.clause_picture, services))
    return _answer(services, request, collection, wanted, explain=body.explain)


@router.get("/search", summary="Search by words", responses=problems(401, 404, 422, 503))
def search_words(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    q: Annotated[query.Text | None, Query(description="words in any language", examples=["红色 Toyota"])] = None,
    size: PageSize = 20,
    cursor: query.Cursor | None = None,
    filter: Expression = None,
    explain: bool = True,
) -> schemas.Answer:
    clauses = (domain.TextClause(q),) if q is not None else ()
    wanted = domain.Query(clauses, convert.expression_of(filter), size=size, cursor=cursor)
    return _answer(services, request, collection, wanted, explain=explain)


@router.post("/search/image", summary="Search with a picture", responses=problems(401, 404, 413, 415, 422, 503, 507))
def search_image(
    collection: CollectionName,
    services: ServicesDep,
    request: Request,
    file: Annotated[UploadFile, File(description="the picture")],
    box: Annotated[str | None, Form(max_length=200, examples=["10,20,200,180"])] = None,
    text: Annotated[query.Text | None, Form(description="words that should match as well")] = None,
    filter: Annotated[str | None, Form(max_length=MAX_EXPRESSION, examples=["label:car"])] = None,
    size: Annotated[int, Form(ge=1, le=query.MAX_SIZE)] = 20,
    explain: Annotated[bool, Form()] = True,
) -> schemas.Answer:
    """Also answers with the detected objects of the picture; the one searched for is marked as primary."""
    data = pictures.read_upload(services, file.file)
    picture = services.decode(data)
    meant = domain.Box.within(convert.box_of(box), picture.width, picture.height) if box else None
    clauses: tuple[domain.Clause, ...] = (domain.PictureClause(picture.pixels, meant),)
    if text is not None:
        clauses += (domain.TextClause(text),)
    wanted = domain.Query(clauses, convert.expression_of(filter), size=size)
    upload_id = pictures.keep_upload(services, data, picture)
    return _answer(services, request, collection, wanted, explain=explain, upload_id=upload_id)


@router.get("/objects/{object_id}/similar", summary="Objects like a stored one", responses=problems(401, 404, 422, 503))
def similar(
    collection: CollectionName, object_id: ObjectId, services: ServicesDep, request: Request, size: PageSize = 20
) -> schemas.Answer:
    """From the stored vectors: nothing is embedded again."""
    found = services.searcher.similar(collection, object_id, size)
    request.app.state.metrics.searched(found.took_ms)
    return convert.answer(found, partial(pictures.address_of, services))


def _answer(
    services: Services,
    request: Request,
    collection: str,
    wanted: domain.Query,
    *,
    explain: bool,
    upload_id: str | None = None,
) -> schemas.Answer:
    if not wanted.clauses and wanted.filter.empty:
        raise EmptyInput("The query has neither a clause nor a filter.", hint="Type words, or give a picture.")
    found = services.searcher.search(collection, wanted)
    request.app.state.metrics.searched(found.took_ms)
    sizes = [clause.pixels.shape for clause in wanted.clauses if isinstance(clause, domain.PictureClause)]
    return convert.answer(
        found,
        partial(pictures.address_of, services),
        explain=explain,
        picture_size=(sizes[0][1], sizes[0][0]) if sizes else None,
        upload_id=upload_id,
    )
