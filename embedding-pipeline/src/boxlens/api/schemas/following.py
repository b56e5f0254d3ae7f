"""Followed folders as the API tells of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from boxlens.api.schemas.clauses import Strict
from boxlens.library.following.folders import FolderState, Gone


class LastSync(BaseModel):
    """What the last sync of a folder found, in files."""

    at: datetime
    new: int = Field(description="bytes that the folder did not hold")
    changed: int = Field(description="other bytes under the same name")
    moved: int = Field(description="the same bytes under another name or in another folder")
    copied: int = Field(description="the same bytes once more")
    name_gone: int = Field(description="one of several names of the same bytes is gone")
    gone: int = Field(description="bytes that lie nowhere any more")
    unchanged: int
    failed: int
    deleted: int = Field(description="of images that a person deleted, and left so")
    unsettled: int = Field(description="still being written, left for the next time")
    interrupted: bool


class Followed(BaseModel):
    """A folder that is followed into a collection, or was."""

    id: int
    folder: str
    collection: str
    gone: Gone = Field(description="what becomes of images whose files are gone")
    state: FolderState = Field(
        description="stopped: no process follows it now; waiting: for something to happen; working; paused; quiet: in "
        "its quiet times; away: the folder or a server cannot be reached"
    )
    paused: bool
    polling: bool = Field(description="looked through every while, because its drive tells no changes")
    quiet: str = Field(description="spans of the day in which nothing is taken in, such as 22:00-06:00")
    pending: int = Field(description="changed files that wait to be taken in")
    problem: str = Field(description="why it is away, and what to do")
    last_sync: LastSync | None


class FollowedFolders(BaseModel):
    """All followed folders of this data folder, by collection and path."""

    folders: list[Followed]


class FollowedPatch(Strict):
    """Pause a followed folder, or let it go on."""

    paused: bool
