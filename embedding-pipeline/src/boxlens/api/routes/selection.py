"""Several images of a collection at once: describe, delete, bring back, export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from boxlens.api.parameters import CollectionName
from boxlens.api.problems import problems
from boxlens.api.schemas.selection import Refused, Selection, SelectionExport, SelectionPatch, SelectionResult
from boxlens.api.services import ServicesDep
from boxlens.domain.errors import EmptyInput, NotFound
from boxlens.library import export, selection

router = APIRouter(prefix="/v1/collections/{collection}/selection", tags=["images"])
_SUFFIX = {"csv": "csv", "json": "json", "coco": "coco.json", "yolo": "yolo.zip", "zip": "zip"}


@router.post("/describe", summary="Caption, tags and albums of several images", responses=problems(401, 404, 422, 503))
def describe_selection(
    collection: CollectionName, patch: SelectionPatch, services: ServicesDep, request: Request
) -> SelectionResult:
    """An image that is not there is refused; the others are changed."""
    if patch.caption is None and not (patch.add_tags or patch.remove_tags or patch.add_albums or patch.remove_albums):
        hint = "Give caption, add_tags, remove_tags, add_albums or remove_albums."
        raise EmptyInput("There is nothing to change.", hint=hint)
    services.index.setup(collection)
    return _result(
        selection.describe_images(
            services,
            collection,
            patch.image_ids,
            caption=patch.caption,
            add_tags=patch.add_tags,
            remove_tags=patch.remove_tags,
            add_albums=patch.add_albums,
            remove_albums=patch.remove_albums,
            by=request.state.key_name,
        )
    )


@router.post("/delete", summary="Delete several images", responses=problems(401, 404, 422, 503, 507))
def delete_selection(collection: CollectionName, selected: Selection, services: ServicesDep) -> SelectionResult:
    """They can be restored within an hour."""
    services.index.setup(collection)
    return _result(selection.delete_images(services, collection, selected.image_ids))


@router.post("/restore", summary="Undo the deletion of several images", responses=problems(401, 404, 422, 503))
def restore_selection(collection: CollectionName, selected: Selection, services: ServicesDep) -> SelectionResult:
    """Within an hour of it; an image that is there, or is kept no more, is refused."""
    services.index.setup(collection)
    return _result(selection.restore_images(services, collection, selected.image_ids))


@router.post(
    "/export",
    summary="Several images as a file",
    response_class=StreamingResponse,
    responses=problems(401, 404, 422, 503)
    | {200: {"description": "The file", "content": {media: {} for media in sorted(set(export.MEDIA_TYPES.values()))}}},
)
def export_selection(collection: CollectionName, selected: SelectionExport, services: ServicesDep) -> StreamingResponse:
    """`csv` and `json` hold all that is known, `coco` and `yolo` boxes and classes, `zip` the pictures. Images that are
    not there are left out. `corrected` keeps only what persons corrected, for training. For `zip` the header
    `Boxlens-Picture-Bytes` tells how many bytes of pictures come."""
    services.index.setup(collection)
    stored = export.stored_images(services, collection, selected.image_ids)
    images = list(export.only_corrected(stored, selected.corrected))
    if not images:
        detail = "None of these images is there." if selected.corrected is None else "Nothing of them was corrected."
        raise NotFound(detail, hint="Search again, and select what is found.")
    headers = {"content-disposition": f'attachment; filename="{_file_name(collection, selected.format)}"'}
    content: Iterator[str] | Iterator[bytes]
    if selected.format == "zip":
        records = [objects[0].image for objects in images]
        headers["boxlens-picture-bytes"] = str(sum(record.bytes for record in records))
        content = export.to_zip(services, records)
    else:
        written = export.WRITERS[selected.format](images)
        content = iter([written]) if isinstance(written, str) else written
    return StreamingResponse(content, media_type=export.MEDIA_TYPES[selected.format], headers=headers)


def _file_name(collection: str, form: str) -> str:
    return f"{collection}-{datetime.now(UTC):%Y-%m-%d}.{_SUFFIX[form]}"


def _result(outcome: selection.Outcome) -> SelectionResult:
    refused = [
        Refused(image_id=refusal.image_id, code=refusal.error.code, detail=refusal.error.detail)
        for refusal in outcome.refused
    ]
    return SelectionResult(done=list(outcome.done), refused=refused)
