"""Between the JSON of the API and the words of the domain: pure functions, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from embedding_pipeline import answers, domain, filters, queries
from embedding_pipeline.api import clauses, schemas
from embedding_pipeline.api import query as q
from embedding_pipeline.api.readings import readings
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.fields import ATTRIBUTES, COUNT, FIELDS, Field, bounds, inside, near, terms
from embedding_pipeline.text.label_names import BothNames, names_of

MAX_DEPTH = 8
MAX_CONDITIONS = 500
THUMBNAIL = 320
THUMBNAILS = (320, 640, 960, 1280)

UrlOf = Callable[[domain.ImageRecord, int | None], str | None]
CropOf = Callable[[domain.ImageRecord, domain.Box], str | None]
Names = Mapping[str, BothNames]


def filter_of(model: q.Filter, place: str = "filter") -> queries.Filter:
    """The domain's filter. Raises BadQuery for values that make no sense, too many of them, or too deep nesting."""
    if _count(model) > MAX_CONDITIONS:
        raise BadQuery(f"The filter has more than {MAX_CONDITIONS} conditions.", place=place)
    return _filter(model, place, 1)


def _count(model: q.Filter) -> int:
    own = sum(getattr(model, name) is not None for name in FIELDS)
    own += len(model.attributes) + len(model.count) + (model.location is not None)
    return own + sum(1 + _count(inner) for inner in (*model.any, *model.none))


def _filter(model: q.Filter, place: str, depth: int) -> queries.Filter:
    if depth > MAX_DEPTH:
        raise BadQuery(f"The filter nests deeper than {MAX_DEPTH}.", place=place)
    conditions: list[queries.Condition] = []
    for field in FIELDS.values():
        value = getattr(model, field.name)
        if value is not None:
            conditions += _conditions(field, value, f"{place}.{field.name}")
    for name, sets in model.attributes.items():
        conditions += _conditions(Field(ATTRIBUTES + name, "keyword"), sets, f"{place}.attributes.{name}")
    for name, amount in model.count.items():
        conditions += _conditions(Field(COUNT + name, "whole"), amount, f"{place}.count.{name}")
    if model.location is not None:
        conditions.append(_location(model.location, f"{place}.location"))
    return queries.Filter(
        conditions=tuple(conditions),
        any=tuple(_filter(inner, f"{place}.any[{i}]", depth + 1) for i, inner in enumerate(model.any)),
        none=tuple(_filter(inner, f"{place}.none[{i}]", depth + 1) for i, inner in enumerate(model.none)),
    )


def _conditions(field: Field, value: q.TermSets | q.NumberRange | q.DateRange, place: str) -> list[queries.Condition]:
    if isinstance(value, q.TermSets):
        return [terms(field, value.any, value.none, place)] if value.any or value.none else []
    return [bounds(field, value.gte, value.lte, place)]


def _location(where: q.Location, place: str) -> queries.Condition:
    if where.near is not None:
        return near(where.near.lat, where.near.lon, where.near.km, f"{place}.near")
    west, south, east, north = where.box or (0.0, 0.0, 0.0, 0.0)  # the model holds exactly one of the two
    return inside(west, south, east, north, f"{place}.box")


def clause_of(
    subject: clauses.Subject, picture: Callable[[clauses.Subject], queries.PictureClause], weight: float = 1.0
) -> queries.Clause:
    """The domain's clause; ``picture`` brings an upload, or what lies at an address. Raises BadBox."""
    if subject.text is not None:
        return queries.TextClause(subject.text, weight)
    if subject.object_id is not None:
        return queries.ObjectClause(subject.object_id, weight)
    if subject.image_id is not None:
        return queries.ObjectClause(domain.object_id(subject.image_id, 0), weight)
    example = picture(subject)
    height, width = example.pixels.shape[:2]
    box = domain.Box.within(subject.box, width, height) if subject.box is not None else None
    return replace(example, box=box, weight=weight)


def part_of(part: clauses.Part, picture: Callable[[clauses.Subject], queries.PictureClause]) -> queries.Part:
    """One part of ``all_of``. Raises BadBox."""
    relation = queries.Relation(part.relation.is_, part.relation.other) if part.relation else None
    return queries.Part(clause_of(part, picture), part.count.least, part.count.max, relation)


def query_of(model: q.Query, picture: Callable[[clauses.Subject], queries.PictureClause]) -> queries.Query:
    """The domain's query. Raises BadQuery, BadBox, and whatever ``picture`` raises."""
    signals: dict[queries.Signal, float] = {name: getattr(model.signals, name) for name in queries.SIGNALS}
    least = {name: value for name in queries.SIGNALS if (value := getattr(model.min_similarity, name)) is not None}
    return queries.Query(
        filter=filter_of(model.filter),
        clauses=tuple(clause_of(clause, picture, clause.weight) for clause in model.clauses),
        signals=signals,
        size=model.size,
        cursor=model.cursor,
        min_relevance=model.min_relevance,
        min_similarity=least,
        sort=queries.Sort.named(model.sort),
        group_by=model.group_by,
        fold=model.fold,
        groups=model.groups,
        all_of=tuple(part_of(part, picture) for part in model.all_of),
        read_text=model.read_text,
        ignore=tuple(model.ignore),
    )


def expression_of(text: str | None) -> queries.Filter:
    """The filter of a ``filter=`` parameter."""
    return filters.parse_expression(text) if text else queries.Filter()


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
        score_threshold=info.settings.score_threshold,
        nms_iou=info.settings.nms_iou,
        min_relevance=info.settings.min_relevance,
    )


def _names(names: BothNames | None) -> schemas.LabelNames | None:
    return schemas.LabelNames(en=names.en, zh=names.zh) if names else None


@lru_cache(maxsize=1024)  # the same few labels in every answer
def _stored_names(label: str, stored: tuple[str, ...]) -> schemas.LabelNames | None:
    return _names(names_of(label, stored))


def labels(known: Sequence[domain.LabelName]) -> schemas.Labels:
    """All labels of a pack with their names."""
    return schemas.Labels(labels=[schemas.Label(id=each.id, en=list(each.en), zh=list(each.zh)) for each in known])


def detected(found: domain.Detection, width: int, height: int, names: Names) -> schemas.DetectedObject:
    return schemas.DetectedObject(
        label_name=_names(names.get(found.label)),
        box=found.box.as_list(),
        box_norm=list(found.box.norm(width, height)),
        label=found.label,
        box_score=found.score,
    )


def _facts(record: domain.ImageRecord, url_of: UrlOf) -> dict[str, object]:
    place, thumbnails = record.location, _thumbnails(record, url_of)
    return {
        "image_id": record.image_id,
        "image_url": url_of(record, None),
        "thumbnail_url": thumbnails.get(str(THUMBNAIL)) or url_of(record, THUMBNAIL),
        "thumbnails": thumbnails,
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


def _thumbnails(record: domain.ImageRecord, url_of: UrlOf) -> dict[str, str | None]:
    """Every width below the picture's own and the next above, so that one shows all the pixels there are."""
    if not (record.bucket and record.image_key):
        return {}
    enough = next((width for width in THUMBNAILS if width >= record.width), THUMBNAILS[-1])
    return {str(width): url_of(record, width) for width in THUMBNAILS if width <= enough}


def _object(stored: domain.IndexedObject) -> dict[str, object]:
    width, height = stored.image.width, stored.image.height
    return {
        "object_id": stored.object_id,
        "kind": stored.kind,
        "box": stored.box.as_list(),
        "box_norm": list(stored.box.norm(width, height)),
        "area_share": stored.box.area / (width * height),
        "label": stored.label,
        "label_name": _stored_names(stored.label, stored.label_names),
        "label_names": list(stored.label_names),
        "box_score": stored.box_score,
        "colours": list(stored.colours),
        "ocr_text": list(stored.ocr_text),
        "caption": stored.caption,
        "tags": list(stored.tags),
    }


def image(objects: Sequence[domain.IndexedObject], url_of: UrlOf, crop_of: CropOf) -> schemas.Image:
    """A stored image from all its objects, frame first."""
    shown = [_object(stored) | {"crop_url": crop_of(stored.image, stored.box)} for stored in objects]
    return schemas.Image.model_validate(_facts(objects[0].image, url_of) | {"objects": shown})


def _hit(hit: answers.Hit, url_of: UrlOf, explain: bool) -> schemas.Hit:
    objects = [
        _object(matched.object)
        | {
            "score": matched.score,
            "relevance": matched.relevance,
            "part": matched.part,
            "why": [
                {
                    "signal": why.signal,
                    "clause": why.clause,
                    "rank": why.rank,
                    "similarity": why.similarity,
                    "weight": why.weight,
                    "contribution": why.contribution,
                    "words": list(why.words),
                    "label": why.label,
                    "of": why.of,
                }
                for why in (matched.why if explain else ())
            ],
            "highlights": _highlights(matched.highlights),
        }
        for matched in hit.objects
    ]
    return schemas.Hit.model_validate(
        _facts(hit.image, url_of)
        | {
            "collection": hit.objects[0].object.collection,
            "score": hit.score,
            "relevance": hit.relevance,
            "weak": hit.weak,
            "near_duplicates": len(hit.near_duplicates),
            "near_duplicate_ids": list(hit.near_duplicates),
            "highlights": _highlights(hit.highlights),
            "objects": objects,
        }
    )


def _highlights(fields: Mapping[str, Sequence[answers.Highlight]]) -> dict[str, list[dict[str, object]]]:
    return {
        name: [{"text": highlight.text, "spans": list(highlight.spans)} for highlight in texts]
        for name, texts in fields.items()
    }


def _query_object(seen: answers.QueryObject, picture_size: tuple[int, int], names: Names) -> schemas.QueryObject:
    return schemas.QueryObject(**detected(seen.detection, *picture_size, names).model_dump(), primary=seen.primary)


def answer(
    found: answers.Answer,
    url_of: UrlOf,
    *,
    explain: bool = True,
    picture_size: tuple[int, int] | None = None,
    upload_id: str | None = None,
    names: Names | None = None,
) -> schemas.Answer:
    """The answer of a search; ``picture_size`` is (width, height) of the query picture when there was one, ``names``
    are those of the labels that may be seen in it."""
    names = names or {}
    seen = found.query_objects if picture_size else ()
    query_objects = [_query_object(each, picture_size, names) for each in seen if picture_size]
    groups = [
        schemas.Group(
            object=_query_object(group.object, picture_size, names),
            hits=[_hit(hit, url_of, explain) for hit in group.hits],
        )
        for group in (found.groups if picture_size else ())
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
        cut=schemas.Cut(relevance=found.cut.relevance, dropped=found.cut.dropped) if found.cut else None,
        groups=groups,
        read_from_text=readings(found.read),
        words_left=found.words_left,
    )


def facets(counts: Mapping[str, Mapping[str, int]], names: Names) -> schemas.Facets:
    """Counts as lists, largest first, because JSON objects do not keep the order of keys such as years."""
    return schemas.Facets(
        facets={
            field: [
                schemas.Count(value=value, count=count, name=_names(names.get(value)) if field == "label" else None)
                for value, count in sorted(values.items(), key=lambda item: (-item[1], item[0]))
            ]
            for field, values in counts.items()
        }
    )
