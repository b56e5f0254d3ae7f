"""Between the JSON of the API and the words of the domain: pure functions, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from embedding_pipeline import domain, filters
from embedding_pipeline.api import query as q
from embedding_pipeline.api import schemas
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.fields import ATTRIBUTES, FIELDS, Field, bounds, terms

MAX_DEPTH = 8
MAX_CONDITIONS = 500
THUMBNAIL = 320

UrlOf = Callable[[domain.ImageRecord, int | None], str | None]


def filter_of(model: q.Filter, place: str = "filter") -> domain.Filter:
    """The domain's filter. Raises BadQuery for values that make no sense, too many of them, or too deep nesting."""
    if _count(model) > MAX_CONDITIONS:
        raise BadQuery(f"The filter has more than {MAX_CONDITIONS} conditions.", place=place)
    return _filter(model, place, 1)


def _count(model: q.Filter) -> int:
    own = sum(getattr(model, name) is not None for name in FIELDS) + len(model.attributes)
    return own + sum(1 + _count(inner) for inner in (*model.any, *model.none))


def _filter(model: q.Filter, place: str, depth: int) -> domain.Filter:
    if depth > MAX_DEPTH:
        raise BadQuery(f"The filter nests deeper than {MAX_DEPTH}.", place=place)
    conditions: list[domain.Condition] = []
    for field in FIELDS.values():
        value = getattr(model, field.name)
        if value is not None:
            conditions += _conditions(field, value, f"{place}.{field.name}")
    for name, sets in model.attributes.items():
        conditions += _conditions(Field(ATTRIBUTES + name, "keyword"), sets, f"{place}.attributes.{name}")
    return domain.Filter(
        conditions=tuple(conditions),
        any=tuple(_filter(inner, f"{place}.any[{i}]", depth + 1) for i, inner in enumerate(model.any)),
        none=tuple(_filter(inner, f"{place}.none[{i}]", depth + 1) for i, inner in enumerate(model.none)),
    )


def _conditions(field: Field, value: q.TermSets | q.NumberRange | q.DateRange, place: str) -> list[domain.Condition]:
    if isinstance(value, q.TermSets):
        return [terms(field, value.any, value.none, place)] if value.any or value.none else []
    return [bounds(field, value.gte, value.lte, place)]


def clause_of(
    clause: q.Clause, picture: Callable[[q.Clause], domain.Pixels], place: str = "clauses[0]"
) -> domain.Clause:
    """The domain's clause; ``picture`` brings the pixels of an upload or address. Raises BadBox."""
    if clause.text is not None:
        return domain.TextClause(clause.text, clause.weight)
    if clause.object_id is not None:
        return domain.ObjectClause(clause.object_id, clause.weight)
    if clause.image_id is not None:
        return domain.ObjectClause(domain.object_id(clause.image_id, 0), clause.weight)
    pixels = picture(clause)
    height, width = pixels.shape[:2]
    box = domain.Box.within(clause.box, width, height) if clause.box is not None else None
    return domain.PictureClause(pixels, box, clause.weight)


def query_of(model: q.Query, picture: Callable[[q.Clause], domain.Pixels]) -> domain.Query:
    """The domain's query. Raises BadQuery, BadBox, and whatever ``picture`` raises."""
    filter = filter_of(model.filter)
    clauses = tuple(clause_of(clause, picture, f"clauses[{i}]") for i, clause in enumerate(model.clauses))
    signals: dict[domain.Signal, float] = {name: getattr(model.signals, name) for name in domain.SIGNALS}
    return domain.Query(clauses, filter, signals, model.size, model.cursor)


def expression_of(text: str | None) -> domain.Filter:
    """The filter of a ``filter=`` parameter."""
    return filters.parse_expression(text) if text else domain.Filter()


def box_of(text: str) -> list[float]:
    """The four numbers of a ``box`` form field, ``x1,y1,x2,y2`` with or without brackets. Raises BadQuery."""
    try:
        return [float(part) for part in text.strip().removeprefix("[").removesuffix("]").split(",")]
    except ValueError as error:
        raise BadQuery(f"{text[:80]!r} is not a box.", hint="Write x1,y1,x2,y2 in pixels.", place="box") from error


def collection(info: domain.CollectionInfo) -> schemas.Collection:
    return schemas.Collection(
        name=info.name,
        pack=info.pack,
        pack_revision=info.pack_revision,
        index_type=info.index_type,
        images=info.images,
        objects=info.objects,
        size_bytes=info.size_bytes,
        last_change=info.last_change,
    )


def detected(found: domain.Detection, width: int, height: int) -> schemas.DetectedObject:
    return schemas.DetectedObject(
        box=found.box.as_list(),
        box_norm=list(found.box.norm(width, height)),
        label=found.label,
        box_score=found.score,
    )


def _facts(record: domain.ImageRecord, url_of: UrlOf) -> dict[str, object]:
    place = record.location
    return {
        "image_id": record.image_id,
        "image_url": url_of(record, None),
        "thumbnail_url": url_of(record, THUMBNAIL),
        "file_name": record.file_name,
        "source_uri": record.source_uri,
        "width": record.width,
        "height": record.height,
        "bytes": record.bytes,
        "format": record.format,
        "taken_at": record.taken_at,
        "camera": record.camera,
        "location": schemas.Place(lat=place.lat, lon=place.lon) if place else None,
        "caption": record.caption,
        "tags": list(record.tags),
        "attributes": dict(record.attributes),
    }


def _object(stored: domain.IndexedObject) -> dict[str, object]:
    width, height = stored.image.width, stored.image.height
    return {
        "object_id": stored.object_id,
        "kind": stored.kind,
        "box": stored.box.as_list(),
        "box_norm": list(stored.box.norm(width, height)),
        "area_share": stored.box.area / (width * height),
        "label": stored.label,
        "label_names": list(stored.label_names),
        "box_score": stored.box_score,
        "colours": list(stored.colours),
        "ocr_text": list(stored.ocr_text),
        "caption": stored.caption,
        "tags": list(stored.tags),
    }


def image(objects: Sequence[domain.IndexedObject], url_of: UrlOf) -> schemas.Image:
    """A stored image from all its objects, frame first."""
    return schemas.Image.model_validate(
        _facts(objects[0].image, url_of) | {"objects": [_object(stored) for stored in objects]}
    )


def _hit(hit: domain.Hit, url_of: UrlOf, explain: bool) -> schemas.Hit:
    objects = [
        _object(matched.object)
        | {
            "score": matched.score,
            "why": [
                {
                    "signal": why.signal,
                    "clause": why.clause,
                    "rank": why.rank,
                    "similarity": why.similarity,
                    "contribution": why.contribution,
                }
                for why in (matched.why if explain else ())
            ],
        }
        for matched in hit.objects
    ]
    return schemas.Hit.model_validate(
        _facts(hit.image, url_of) | {"score": hit.score, "relevance": None, "objects": objects}
    )


def answer(
    found: domain.Answer,
    url_of: UrlOf,
    *,
    explain: bool = True,
    picture_size: tuple[int, int] | None = None,
    upload_id: str | None = None,
) -> schemas.Answer:
    """The answer of a search; ``picture_size`` is (width, height) of the query picture when there was one."""
    query_objects = [
        schemas.QueryObject(
            **detected(seen.detection, *picture_size).model_dump(),
            primary=seen.primary,
        )
        for seen in (found.query_objects if picture_size else ())
        if picture_size
    ]
    return schemas.Answer(
        hits=[_hit(hit, url_of, explain) for hit in found.hits],
        total=schemas.Total(value=found.total, relation="eq" if found.total_exact else "gte"),
        next_cursor=found.next_cursor,
        took_ms=dict(found.took_ms),
        query_objects=query_objects,
        upload_id=upload_id,
        notes=list(found.notes),
        cut=None,
        groups=[],
        read_from_text=[],
    )


def facets(counts: Mapping[str, Mapping[str, int]]) -> schemas.Facets:
    """Counts as lists, largest first, because JSON objects do not keep the order of keys such as years."""
    return schemas.Facets(
        facets={
            field: [
                schemas.Count(value=value, count=count)
                for value, count in sorted(values.items(), key=lambda item: (-item[1], item[0]))
            ]
            for field, values in counts.items()
        }
    )
