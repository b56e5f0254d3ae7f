"""From the JSON of the API to domain values and back: pure functions, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from boxlens.api.filter_mappers import filter_of
from boxlens.api.image_urls import ImageUrls
from boxlens.api.parsed_conditions import read_conditions
from boxlens.api.schemas.answers import Collection, DetectedObject, Image, Label, LabelNames, Labels
from boxlens.api.schemas.clauses import Part, Subject
from boxlens.api.schemas.query import Query
from boxlens.domain import boxes, collections, filters, objects, pictures, queries
from boxlens.domain.answers import hits as answers
from boxlens.domain.errors import BadQuery
from boxlens.domain.judgements.corrections import read_corrections
from boxlens.filters.expression import parse_expression
from boxlens.language.label_names import BothNames, names_of

THUMBNAIL = 320
THUMBNAILS = (320, 640, 960, 1280)

PictureOf = Callable[[Subject], queries.PictureClause]
Names = Mapping[str, BothNames]


def clause_of(subject: Subject, picture: PictureOf, weight: float = 1.0) -> queries.Clause:
    """The domain's clause; ``picture`` brings the pixels where the subject is a picture. Raises BadBox."""
    if subject.text is not None:
        return queries.TextClause(subject.text, weight)
    if subject.object_id is not None:
        return queries.ObjectClause(subject.object_id, weight)
    if subject.image_id is not None and not subject.is_picture:
        return queries.ObjectClause(objects.object_id(subject.image_id, 0), weight)
    example = picture(subject)
    height, width = example.pixels.shape[:2]
    box = boxes.Box.within(subject.box, width, height) if subject.box is not None else None
    return replace(example, box=box, weight=weight)


def part_of(part: Part, picture: PictureOf) -> queries.Part:
    """One part of ``all_of``. Raises BadBox."""
    relation = queries.Relation(part.relation.is_, part.relation.other) if part.relation else None
    return queries.Part(clause_of(part, picture), part.count.least, part.count.max, relation)


def query_of(model: Query, picture: PictureOf) -> queries.Query:
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
        collapse_duplicates=model.fold,
        groups=model.groups,
        all_of=tuple(part_of(part, picture) for part in model.all_of),
        read_text=model.read_text,
        ignore=tuple(model.ignore),
    )


def expression_of(text: str | None) -> filters.Filter:
    """The filter of a ``filter=`` parameter."""
    return parse_expression(text) if text else filters.Filter()


def box_of(text: str) -> list[float]:
    """The four numbers of a ``box`` form field, ``x1,y1,x2,y2`` with or without brackets. Raises BadQuery."""
    try:
        return [float(part) for part in text.strip().removeprefix("[").removesuffix("]").split(",")]
    except ValueError as error:
        raise BadQuery(f"{text[:80]!r} is not a box.", hint="Write x1,y1,x2,y2 in pixels.", place="box") from error


def collection(info: collections.CollectionInfo, about_pack: str) -> Collection:
    """A collection with its counts and the settings it has of its own."""
    return Collection(
        name=info.name,
        pack=info.pack,
        pack_revision=info.pack_revision,
        about_pack=about_pack,
        index_type=info.index_type,
        images=info.images,
        objects=info.objects,
        size_bytes=info.size_bytes,
        last_change=info.last_change,
        score_threshold=info.settings.score_threshold,
        nms_iou=info.settings.nms_iou,
        min_relevance=info.settings.min_relevance,
        tiles=info.settings.tiles,
        shards=info.shards,
        replicas=info.replicas,
        frozen=info.frozen,
        indices=info.indices,
    )


def label_names(names: BothNames | None) -> LabelNames | None:
    return LabelNames(en=names.en, zh=names.zh) if names else None


@lru_cache(maxsize=1024)  # the same few labels in every answer
def _stored_names(label: str, stored: tuple[str, ...]) -> dict[str, str] | None:
    names = names_of(label, stored)
    return {"en": names.en, "zh": names.zh} if names else None


def labels(names: Sequence[objects.LabelName]) -> Labels:
    """All labels of a pack with their names."""
    return Labels(labels=[Label(id=label.id, en=list(label.en), zh=list(label.zh)) for label in names])


def detected(detection: objects.Detection, width: int, height: int, names: Names) -> DetectedObject:
    """A detection in a picture of ``width`` x ``height`` pixels, its box in pixels and in shares of the picture."""
    return DetectedObject(
        label_name=label_names(names.get(detection.label)),
        box=detection.box.as_list(),
        box_norm=list(detection.box.norm(width, height)),
        label=detection.label,
        box_score=detection.score,
    )


def _facts(record: pictures.ImageRecord, urls: ImageUrls) -> dict[str, object]:
    place, thumbnails = record.location, _thumbnails(record, urls)
    return {
        "image_id": record.image_id,
        "image_url": urls.image(record),
        "thumbnail_url": thumbnails.get(str(THUMBNAIL)) or urls.image(record, THUMBNAIL),
        "thumbnails": thumbnails,
        "file_name": record.file_name,
        "source_uri": record.source_uri,
        "other_sources": list(record.other_sources),
        "other_names": list(record.other_names),
        "gone_at": record.gone_at,
        "width": record.width,
        "height": record.height,
        "bytes": record.bytes,
        "format": record.format,
        "taken_at": record.taken_at,
        "camera": record.camera,
        "location": {"lat": place.lat, "lon": place.lon} if place else None,
        "caption": record.caption,
        "tags": list(record.tags),
        "albums": list(record.albums),
        "attributes": dict(record.attributes),
        "video": urls.video(record),
    }


def _thumbnails(record: pictures.ImageRecord, urls: ImageUrls) -> dict[str, str | None]:
    """Every width below the picture's own and the next above, so that one shows all the pixels there are."""
    if not (record.bucket and record.image_key):
        return {}
    enough = next((width for width in THUMBNAILS if width >= record.width), THUMBNAILS[-1])
    return {str(width): urls.image(record, width) for width in THUMBNAILS if width <= enough}


def _object(stored: objects.IndexedObject) -> dict[str, object]:
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
        "corrected_by": stored.corrected_by or None,
        "corrected_at": stored.corrected_at,
        "colours": list(stored.colours),
        "ocr_text": list(stored.ocr_text),
        "caption": stored.caption,
        "tags": list(stored.tags),
    }


def image(objects: Sequence[objects.IndexedObject], urls: ImageUrls) -> Image:
    """A stored image from all its objects, frame first; proposals are no part of the list."""
    counted = [stored for stored in objects if stored.kind != "proposal"]
    stored_objects = [_object(stored) | {"crop_url": urls.crop(stored.image, stored.box)} for stored in counted]
    corrections = [
        {"number": step.number, "by": step.by, "at": step.at, "did": step.did}
        for step in read_corrections(objects[0].corrections)
    ]
    facts = _facts(objects[0].image, urls)
    return Image.model_validate(facts | {"objects": stored_objects, "corrections": corrections})


def _hit(hit: answers.Hit, urls: ImageUrls, explain: bool) -> dict[str, object]:
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
    return _facts(hit.image, urls) | {
        "collection": hit.objects[0].object.collection,
        "score": hit.score,
        "relevance": hit.relevance,
        "weak": hit.weak,
        "near_duplicates": len(hit.near_duplicates),
        "near_duplicate_ids": list(hit.near_duplicates),
        "highlights": _highlights(hit.highlights),
        "objects": objects,
    }


def _highlights(fields: Mapping[str, Sequence[answers.Highlight]]) -> dict[str, list[dict[str, object]]]:
    return {
        name: [{"text": highlight.text, "spans": list(highlight.spans)} for highlight in texts]
        for name, texts in fields.items()
    }


def _query_object(thing: answers.QueryObject, picture_size: tuple[int, int], names: Names) -> dict[str, object]:
    return detected(thing.detection, *picture_size, names).model_dump() | {"primary": thing.primary}


def answer(
    result: answers.Answer,
    urls: ImageUrls,
    *,
    explain: bool = True,
    picture_size: tuple[int, int] | None = None,
    upload_id: str | None = None,
    names: Names | None = None,
) -> dict[str, object]:
    """The answer of a search as plain values of the schema ``Answer``: they come from typed ones, and models of dozens
    of objects cost more than all else of them. ``picture_size`` is (width, height) of the query picture when there was
    one, ``names`` are those of the labels that may be seen in it."""
    names = names or {}
    things = result.query_objects if picture_size else ()
    query_objects = [_query_object(thing, picture_size, names) for thing in things if picture_size]
    groups = [
        {
            "object": _query_object(group.object, picture_size, names),
            "hits": [_hit(hit, urls, explain) for hit in group.hits],
        }
        for group in (result.groups if picture_size else ())
        if picture_size
    ]
    cut = result.cut
    return {
        "hits": [_hit(hit, urls, explain) for hit in result.hits],
        "total": {"value": result.total, "relation": "eq" if result.total_exact else "gte"},
        "next_cursor": result.next_cursor,
        "took_ms": dict(result.took_ms),
        "query_objects": query_objects,
        "upload_id": upload_id,
        "notes": list(result.notes),
        "cut": {"relevance": cut.relevance, "dropped": cut.dropped} if cut else None,
        "groups": groups,
        "read_from_text": [condition.model_dump(by_alias=True) for condition in read_conditions(result.read)],
        "words_left": result.words_left,
        "lost_shards": result.lost_shards,
    }
