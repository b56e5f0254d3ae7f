"""Followed folders: how each is getting on, pause and resume."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path

from boxlens.api.problems import problems
from boxlens.api.schemas.following import Followed, FollowedFolders, FollowedPatch, LastSync
from boxlens.api.services import ServicesDep
from boxlens.domain.local_files import local_path, shown
from boxlens.library.following.folders import FollowedFolder

FollowedId = Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="the id of a followed folder")]

router = APIRouter(prefix="/v1/following", tags=["following"])


@router.get("", summary="Followed folders and how they are getting on", responses=problems(401, 503, 507))
def list_following(services: ServicesDep) -> FollowedFolders:
    """Folders that `boxlens sync` or `boxlens watch` follows with the data folder of this server."""
    return FollowedFolders(folders=[_followed(folder) for folder in services.following.folders()])


@router.patch("/{id}", summary="Pause or resume", responses=problems(401, 404, 422, 503, 507))
def patch_following(id: FollowedId, patch: FollowedPatch, services: ServicesDep) -> Followed:
    """A paused folder remembers what happens meanwhile. The process that watches it obeys within some seconds."""
    number = int(id)
    services.following.folder(number)
    services.following.update(number, paused=patch.paused)
    return _followed(services.following.folder(number))


def _followed(folder: FollowedFolder) -> Followed:
    last = None
    if folder.synced_at:
        last = LastSync(at=datetime.fromtimestamp(folder.synced_at, UTC), **folder.report)
    return Followed(
        id=folder.id,
        folder=shown(local_path(folder.path)),
        collection=folder.collection,
        gone=folder.gone,
        state=folder.standing(time.time()),
        paused=folder.paused,
        polling=folder.polling,
        quiet=folder.quiet,
        pending=folder.pending,
        problem=folder.problem,
        last_sync=last,
    )
