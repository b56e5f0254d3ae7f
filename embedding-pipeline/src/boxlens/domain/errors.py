"""Every error a user of Boxlens can meet, as one tree.

::

    BoxlensError
    ├── BadInput                 what was handed in cannot be used            exit 3
    │   ├── EmptyInput           no bytes, no words, no clauses               422
    │   ├── UnreadablePicture    not a picture, truncated or damaged          422
    │   ├── UnsupportedType      a file type outside the allowed list         415
    │   ├── TooLarge             more bytes or pixels than the limit          413
    │   ├── BadBox               zero area, outside the picture, not numbers  422
    │   ├── BadQuery             a query that makes no sense, with its place  422
    │   ├── BadSource            a folder, manifest or file list to ingest    422
    │   └── ForbiddenUrl         an address that must not be fetched          422
    ├── FetchFailed              a remote picture did not come                502, exit 4
    ├── NotFound                 unknown collection, image, object, upload    404, exit 3
    ├── Conflict                 it stands already, or changed meanwhile      409, exit 3
    │   ├── Frozen               the collection is read-only                  409, exit 3
    │   └── PackMismatch         vectors of two packs must not mix            409, exit 3
    │       └── FormerPack       made with the pack that once was the default 409, exit 3
    ├── Denied                   key missing or wrong                         401, exit 3
    │   └── Forbidden            the role of the key is too low               403, exit 3
    ├── TooManyRequests          a limit of a key, of uploads, of a queue     429, exit 4
    └── Unavailable              a server, model or resource is missing       503, exit 4
        ├── ElasticsearchAway    no answer, or it refuses to work             503
        ├── ProxyAway            minio-proxy does not answer                  503
        ├── ModelMissing         a pack, a file of it, or a role              503
        ├── NodeFailed           the embedded Elasticsearch did not start     503
        └── DiskFull             no room to write                             507

``code`` is stable: programs and translations rely on it. ``detail`` says what happened here, ``hint`` what to do.
"""

from __future__ import annotations

from typing import ClassVar


class BoxlensError(Exception):
    """Root of the tree; carries a stable code, an HTTP status and a command-line exit code."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str, *, hint: str = "", place: str = "") -> None:
        """``detail``: what happened; ``hint``: what repairs it; ``place``: where in the input (a JSON path)."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.place = place


class BadInput(BoxlensError):
    code = "bad_input"
    title = "The input cannot be used"
    status = 422
    exit_code = 3


class EmptyInput(BadInput):
    code = "empty_input"
    title = "There is nothing in it"


class UnreadablePicture(BadInput):
    code = "unreadable_picture"
    title = "The picture cannot be read"


class UnsupportedType(BadInput):
    code = "unsupported_type"
    title = "This file type is not supported"
    status = 415


class TooLarge(BadInput):
    code = "too_large"
    title = "It is too large"
    status = 413


class BadBox(BadInput):
    code = "bad_box"
    title = "The box is not inside the picture"


class BadQuery(BadInput):
    code = "bad_query"
    title = "The query cannot be understood"


class BadSource(BadInput):
    code = "bad_source"
    title = "The source cannot be read"


class ForbiddenUrl(BadInput):
    code = "forbidden_url"
    title = "This address is not fetched"


class FetchFailed(BoxlensError):
    code = "fetch_failed"
    title = "The remote picture did not come"
    status = 502
    exit_code = 4


class NotFound(BoxlensError):
    code = "not_found"
    title = "It is not here"
    status = 404
    exit_code = 3


class Conflict(BoxlensError):
    code = "conflict"
    title = "It conflicts with what is stored"
    status = 409
    exit_code = 3


class Frozen(Conflict):
    code = "frozen"
    title = "The collection is frozen"


class PackMismatch(Conflict):
    code = "pack_mismatch"
    title = "The collection was made with another pack"


class FormerPack(PackMismatch):
    code = "former_pack"
    title = "The collection was made with the pack that was the default before"


class Denied(BoxlensError):
    code = "denied"
    title = "A valid key is needed"
    status = 401
    exit_code = 3


class Forbidden(Denied):
    code = "forbidden"
    title = "The key may not do that"
    status = 403


class TooManyRequests(BoxlensError):
    code = "busy"
    title = "There is too much to do"
    status = 429
    exit_code = 4

    def __init__(self, detail: str, *, hint: str = "", place: str = "", retry_after_s: int = 1) -> None:
        """``retry_after_s``: seconds after which it is worth trying again."""
        super().__init__(detail, hint=hint, place=place)
        self.retry_after_s = retry_after_s


class Unavailable(BoxlensError):
    usual_retry_s: ClassVar[int | None] = None
    code = "unavailable"
    title = "Something needed is missing"
    status = 503
    exit_code = 4

    def __init__(self, detail: str, *, hint: str = "", place: str = "", retry_after_s: int | None = None) -> None:
        """``retry_after_s``: seconds after which it is worth trying again, where that is known."""
        super().__init__(detail, hint=hint, place=place)
        self.retry_after_s = self.usual_retry_s if retry_after_s is None else retry_after_s


class ElasticsearchAway(Unavailable):
    usual_retry_s = 5
    code = "elasticsearch_away"
    title = "Elasticsearch does not answer"


class ProxyAway(Unavailable):
    usual_retry_s = 2
    code = "proxy_away"
    title = "minio-proxy does not answer"


class ModelMissing(Unavailable):
    code = "model_missing"
    title = "A model is missing or damaged"


class NodeFailed(Unavailable):
    code = "node_failed"
    title = "The embedded Elasticsearch did not start"


class DiskFull(Unavailable):
    code = "disk_full"
    title = "There is no room to write"
    status = 507
