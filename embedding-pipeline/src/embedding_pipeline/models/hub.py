"""One file from a model hub or a release page: resumed where it stopped, and held to the hash the server names.

A hub has the layout of Hugging Face: ``{endpoint}/{repo}/resolve/{revision}/{file}``. It names a large file's SHA-256
in ``X-Linked-Etag`` and a small one's git blob hash in ``ETag``.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.pack_files import sha256 as sha256_of

HUB = "https://huggingface.co"
ATTEMPTS = 4
PAUSE_S = 0.5  # before the second attempt; longer before each further one
Progress = Callable[[str, int, int], None]  # file name, bytes present, bytes in all (0: not known)


def hub_url(endpoint: str, repo: str, file: str, revision: str = "main") -> str:
    """Where a hub keeps a file of a repository."""
    return f"{endpoint.rstrip('/')}/{repo}/resolve/{revision}/{file}"


def download(client: httpx.Client, url: str, target: Path, *, sha256: str = "", at: Progress | None = None) -> Path:
    """Bring ``target`` in, or leave it when it is the file the server has.

    ``sha256`` is what it must have; without it, what the server says of it counts, and a server that says nothing is
    held to the size alone. A broken connection is taken up again where it stopped, up to ATTEMPTS times; a wrong file
    is thrown away and fetched once more. Raises ModelMissing with the address and what to do.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    last = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S * attempt)
        try:
            wanted, size = _continue(client, url, target, part, sha256, at or (lambda *_: None))
        except httpx.HTTPStatusError as error:
            if error.response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                raise _refused(url, error.response.status_code) from error
            last = str(error.response.status_code)
            continue
        except httpx.HTTPError as error:
            last = str(error) or type(error).__name__
            continue
        if not part.exists():
            return target
        if part.stat().st_size == size and wanted in ("", _hash(part, wanted)):
            part.replace(target)
            return target
        last = f"what arrived is another file: {wanted or f'{size} bytes'} wanted, "
        last += f"{_hash(part, wanted)} found" if wanted else f"{part.stat().st_size} found"
        part.unlink()
    raise ModelMissing(
        f"{url} could not be fetched: {last}",
        hint="Check the network, HF_ENDPOINT and HTTPS_PROXY and run it again: it goes on where it stopped.",
    )


def _continue(client: httpx.Client, url: str, target: Path, part: Path, sha256: str, at: Progress) -> tuple[str, int]:
    """The hash (empty when unknown) and size that the whole file must have, with its bytes in ``part``.

    No ``part`` is left when ``target`` is already that file.
    """
    have = part.stat().st_size if part.exists() else 0
    with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # longer than the file of now
            raise httpx.ReadError("the file on the server has changed")
        answer.raise_for_status()
        wanted = sha256 or _named(answer)
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        if resumed and not wanted:
            part.unlink()  # nothing would tell whether the halves belong together
            raise httpx.ReadError("it cannot be resumed without a hash")
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        size = done + int(length) if length else 0
        if wanted and target.is_file() and _hash(target, wanted) == wanted:
            part.unlink(missing_ok=True)
            return wanted, size
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_raw():
                file.write(chunk)
                done += len(chunk)
                at(target.name, done, size)
    return wanted, size or done


def _named(answer: httpx.Response) -> str:
    """The SHA-256 or git blob hash that the hub gives, from the first answer of a chain of redirects."""
    for each in (*answer.history, answer):
        for header in ("X-Linked-Etag", "ETag"):
            tag = each.headers.get(header, "").removeprefix("W/").strip('"')
            if re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{40}", tag):
                return str(tag)
    return ""


def _hash(path: Path, like: str) -> str:
    """The file's hash of the kind of ``like``: SHA-256, or git's of a blob."""
    if len(like) != 40:
        return sha256_of(path)
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _refused(url: str, status: int) -> ModelMissing:
    if status == httpx.codes.NOT_FOUND:
        return ModelMissing(
            f"{url} does not exist (404).", hint="Check the repository's name, the revision and HF_ENDPOINT."
        )
    return ModelMissing(
        f"{url} is refused ({status}).",
        hint="The hub wants an account for it: download it there yourself and give the local file or folder.",
    )
