"""Frames of videos: how a stored picture tells the video that it is a frame of, and the moment.

They are attributes of the picture: ``video`` is where the video came from, ``video_key`` its place in the bucket of
videos (absent where its bytes are not kept), ``video_s`` the moment in seconds and ``video_shot`` the shot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

BUCKET = "videos"


@dataclass(frozen=True, slots=True)
class VideoMoment:
    """``source_uri``: of the video; ``key``: in ``BUCKET``, "" where it is not kept; ``at_s``: seconds from its start;
    ``shot`` counts from 0."""

    source_uri: str
    key: str
    at_s: float
    shot: int


def video_attributes(source_uri: str, key: str, at_s: float, shot: int) -> dict[str, str]:
    """The attributes of a frame."""
    kept = {"video_key": key} if key else {}
    return {"video": source_uri, "video_s": f"{at_s:.3f}", "video_shot": str(shot)} | kept


def video_moment(attributes: Mapping[str, str]) -> VideoMoment | None:
    """What the attributes of a picture say; None for one that is no frame of a video.

    >>> video_moment(video_attributes("/clip.mp4", "", 12.5, 2))
    VideoMoment(source_uri='/clip.mp4', key='', at_s=12.5, shot=2)
    """
    source, second, shot = (attributes.get(name, "") for name in ("video", "video_s", "video_shot"))
    try:
        at_s, number = float(second), int(shot)
    except ValueError:
        return None
    key = attributes.get("video_key", "")
    return VideoMoment(source, key, at_s, number) if source and math.isfinite(at_s) and at_s >= 0 else None
