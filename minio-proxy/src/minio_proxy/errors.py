"""Every error minio-proxy answers with, as one tree; codes are stable and shared with Boxlens where they mean the same.

::

    ProxyError
    ├── BadKey           a bucket, key or cursor that cannot be one             422
    ├── BadRequest       a body that is not what its headers say                400
    ├── BadBox           no numbers, no area, outside the picture               422
    ├── BadWidth         a thumbnail width outside the allowed list             422
    ├── UnreadablePicture  not a picture, truncated or damaged                  422
    ├── UnsupportedType  a file that no thumbnail is made of                    415
    ├── TooLarge         more bytes or pixels than the limit                    413
    ├── TooSlow          the body did not come in time                          408
    ├── Denied           key or signature missing, wrong or expired             401
    ├── NotFound         no such bucket or key                                  404
    ├── Conflict         a key inside another key, or changed while being read  409
    ├── BadRange         a range outside the file                               416
    ├── Busy             no memory came free to make a thumbnail in time        503
    ├── StoreAway        the folder or the S3 server does not answer            503
    └── DiskFull         no room to write                                       507
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ProxyError(Exception):
    """Root of the tree: ``detail`` says what happened, ``hint`` what repairs it."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})

    def problem(self) -> dict[str, Any]:
        """The body of RFC 9457 problem+json."""
        body = {"type": "about:blank", "title": self.title, "status": self.status, "code": self.code}
        return body | {"detail": self.detail} | ({"hint": self.hint} if self.hint else {})


class BadKey(ProxyError):
    code = "bad_key"
    title = "This name cannot be used"
    status = 422


class BadRequest(ProxyError):
    code = "bad_request"
    title = "The request does not fit together"
    status = 400


class BadBox(ProxyError):
    code = "bad_box"
    title = "The box is not inside the picture"
    status = 422


class BadWidth(ProxyError):
    code = "bad_width"
    title = "No thumbnail has this width"
    status = 422


class UnreadablePicture(ProxyError):
    code = "unreadable_picture"
    title = "The picture cannot be read"
    status = 422


class UnsupportedType(ProxyError):
    code = "unsupported_type"
    title = "This file type is not supported"
    status = 415


class TooLarge(ProxyError):
    code = "too_large"
    title = "It is too large"
    status = 413


class TooSlow(ProxyError):
    code = "too_slow"
    title = "The body did not come in time"
    status = 408


class Denied(ProxyError):
    code = "denied"
    title = "A valid key is needed"
    status = 401


class NotFound(ProxyError):
    code = "not_found"
    title = "It is not here"
    status = 404


class Conflict(ProxyError):
    code = "conflict"
    title = "It conflicts with what is stored"
    status = 409


class BadRange(ProxyError):
    code = "bad_range"
    title = "This range is not in the file"
    status = 416


class Busy(ProxyError):
    code = "busy"
    title = "Too many pictures at once"
    status = 503


class StoreAway(ProxyError):
    code = "store_away"
    title = "The object store does not answer"
    status = 503


class DiskFull(ProxyError):
    code = "disk_full"
    title = "There is no room to write"
    status = 507
