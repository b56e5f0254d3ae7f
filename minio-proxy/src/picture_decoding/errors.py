"""What can go wrong with a picture; each program maps these to errors of its own."""

from __future__ import annotations

import traceback


class PictureError(Exception):
    """Root: ``detail`` says what happened, ``hint`` what to do."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class EmptyFile(PictureError):
    """No bytes."""


class UnknownFormat(PictureError):
    """No picture, or one of a format that is not decoded; the format is named where it is known."""


class Damaged(PictureError):
    """Truncated, damaged, or not what its header claims."""


class PictureTooLarge(PictureError):
    """More bytes, pixels, scans or memory than are allowed."""


class BudgetBusy(PictureError):
    """Other pictures hold the memory; ``retry_after_s`` is a whole number of seconds."""

    def __init__(self, detail: str, hint: str, retry_after_s: int) -> None:
        super().__init__(detail, hint)
        self.retry_after_s = retry_after_s


def let_pixels_go(error: BaseException) -> None:
    """The functions on the way of an error, and of those that led to it, hold nothing any more. Whoever keeps the error
    keeps its trace, which would keep the pixels of what could not be decoded, and nobody reckons these."""
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
