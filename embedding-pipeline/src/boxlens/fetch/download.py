"""One file over HTTP: to a temporary name, gone on with where it stopped, held to its size and hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from boxlens.domain.errors import Unavailable
from boxlens.fetch.patience import BUSY, Patience

PART = ".part"
_WHOLES = 2  # how often a file that came whole may be a wrong one
_AGAIN = "Check the network (and HTTPS_PROXY, if one is needed) and run it again: it goes on where it stopped."
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What a file must be: ``size`` in bytes, 0 when it is not known; ``digest`` the SHA-256 (64 hex digits) or git's
    hash of a blob (40), empty when it is not known."""

    size: int = 0
    digest: str = ""

    def __post_init__(self) -> None:
        if self.digest and not _DIGEST.fullmatch(self.digest):
            raise ValueError(f"{self.digest} is no hash")

    def fits(self, path: Path) -> bool:
        """Whether a file is this one, as far as is known; False when nothing is known of it."""
        if not path.is_file() or not (self.size or self.digest):
            return False
        return self.size in (0, path.stat().st_size) and self.digest in ("", digest_of(path, self.digest))


@dataclass(frozen=True, slots=True)
class Fetching:
    """How a file is fetched.

    ``error`` is what a failure is raised as, ``at`` is told the bytes present and the bytes in all (0: not known),
    ``said`` is told of long waits. ``headers`` go with the first address; where it leads to another host, an
    Authorization among them stays behind.
    """

    error: type[Unavailable]
    at: Callable[[int, int], None] = field(default=lambda done, size: None)
    said: Callable[[str], None] = field(default=lambda _: None)
    headers: Mapping[str, str] = field(default_factory=dict)


def open_client(error: type[Unavailable], *, timeout_s: float = 60) -> httpx.Client:
    """A client for downloads: it follows redirects, takes no compressed answers, and uses the environment's proxies.

    Raises ``error`` when a proxy of the environment cannot be used, saying what is missing.
    """
    try:
        return httpx.Client(
            follow_redirects=True,
            timeout=httpx.Timeout(timeout_s, connect=15),
            headers={"Accept-Encoding": "identity"},  # what is counted and hashed are the bytes of the file
        )
    except ImportError as cause:
        raise error(
            "A SOCKS proxy is set in the environment, and the package socksio, which it needs, is not installed.",
            hint="pip install socksio, or set HTTPS_PROXY to an HTTP proxy.",
        ) from cause
    except ValueError as cause:
        raise error(
            f"A proxy of the environment cannot be used: {cause}",
            hint="Write HTTPS_PROXY and ALL_PROXY as http://host:port or socks5h://host:port, or unset them.",
        ) from cause


def download(client: httpx.Client, urls: Sequence[str], target: Path, identity: FileIdentity, how: Fetching) -> None:
    """Bring ``target`` in from the first of ``urls`` that has it, or leave it when it is the wanted file already.

    A broken connection is taken up again with a Range request where the hash will tell whether the halves belong
    together. As long as bytes arrive it goes on; ``patience.ATTEMPTS`` attempts in a row without any end it. A server
    that asks to wait is waited for. A ``.part`` that is whole is checked before anything is fetched; a wrong file is
    thrown away and fetched once more. Raises ``how.error``, with the address and what to do.
    """
    part = target.with_name(target.name + PART)
    target.parent.mkdir(parents=True, exist_ok=True)
    if identity.digest and identity.fits(target):
        part.unlink(missing_ok=True)
        return
    if identity.digest and part.exists() and _settled(part, identity):
        how.at(part.stat().st_size, part.stat().st_size)
        part.replace(target)
        return
    patience = Patience(how.said)
    furthest = part.stat().st_size if part.exists() else 0
    turn = wrong = refusals = 0
    while True:
        url = urls[turn % len(urls)]
        try:
            whole = _continue(client, url, part, identity, how)
        except httpx.HTTPStatusError as cause:
            status = cause.response.status_code
            refusals += status not in BUSY and status < httpx.codes.INTERNAL_SERVER_ERROR
            if refusals == len(urls):
                raise refused(how.error, url, status) from cause
            on = patience.answered(status, cause.response.headers)
        except httpx.HTTPError as cause:
            on = patience.again(str(cause) or type(cause).__name__)
        else:
            reason = _difference(part, whole)
            if not reason:
                part.replace(target)
                return
            part.unlink()
            furthest = 0
            wrong += 1
            on = patience.again(reason) and wrong < _WHOLES
        if part.exists() and part.stat().st_size > furthest:
            furthest = part.stat().st_size
            patience.progressed()
        else:
            turn += 1
        if not on:
            raise how.error(f"{target.name} could not be fetched; {url}: {patience.reason}.", hint=_AGAIN)


def remote_size(client: httpx.Client, url: str) -> int:
    """The bytes that a server says a file has; 0 when it does not say, or does not answer."""
    try:
        answer = client.head(url)
    except httpx.HTTPError:
        return 0
    length = answer.headers.get("Content-Length", "")
    return int(length) if answer.is_success and length.isdecimal() else 0


def refused(error: type[Unavailable], url: str, status: int) -> Unavailable:
    """The error for an address that a server does not give."""
    if status == httpx.codes.NOT_FOUND:
        return error(f"{url} does not exist (404).", hint="Check the name, the revision, and HF_ENDPOINT if it is set.")
    return error(
        f"{url} is refused ({status}).",
        hint="It may want an account (HF_TOKEN for a hub): or download it there yourself and give the local file.",
    )


def digest_of(path: Path, like: str) -> str:
    """The file's hash of the kind of ``like``: SHA-256, or git's of a blob."""
    with path.open("rb") as file:
        if len(like) != 40:
            return hashlib.file_digest(file, "sha256").hexdigest()
        head = b"blob %d\0" % path.stat().st_size
        return hashlib.file_digest(file, lambda: hashlib.sha1(head, usedforsecurity=False)).hexdigest()


def _settled(part: Path, identity: FileIdentity) -> bool:
    """Whether ``part`` is the whole file; one that has the size or more and another hash is deleted."""
    present = part.stat().st_size
    if identity.size and present < identity.size:
        return False
    if identity.fits(part):
        return True
    if identity.size:
        part.unlink()
    return False


def _continue(client: httpx.Client, url: str, part: Path, identity: FileIdentity, how: Fetching) -> FileIdentity:
    """Read an answer to its end into ``part``; gives what the whole must be, as far as that is known now."""
    have = part.stat().st_size if part.exists() and identity.digest else 0
    headers = {**how.headers, **({"Range": f"bytes={have}-"} if have else {})}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            raise httpx.ReadError("what lies here is longer than the file there")
        answer.raise_for_status()
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        if resumed and not answer.headers.get("Content-Range", f"bytes {have}-").startswith(f"bytes {have}-"):
            part.unlink()
            raise httpx.ReadError("the server sent another part than was asked for")
        done = have if resumed else 0
        length = answer.headers.get("Content-Length", "")
        size = identity.size or (done + int(length) if length.isdecimal() else 0)
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_raw():
                file.write(chunk)
                done += len(chunk)
                how.at(min(done, size) if size else done, size)
                if size and done > size:
                    break
        if done < size:
            raise httpx.ReadError(f"the answer ended after {done} of {size} bytes")
    return FileIdentity(size, identity.digest)


def _difference(part: Path, identity: FileIdentity) -> str:
    """How a file that came whole is not the wanted one; empty when it is."""
    present = part.stat().st_size
    if identity.size not in (0, present):
        return f"what arrived is another file: {identity.size} bytes wanted, {present} found"
    digest = digest_of(part, identity.digest) if identity.digest else ""
    if digest == identity.digest:
        return ""
    kind = "SHA-256" if len(identity.digest) == 64 else "git hash"
    return f"what arrived is another file: {kind} {identity.digest} wanted, {digest} found"
