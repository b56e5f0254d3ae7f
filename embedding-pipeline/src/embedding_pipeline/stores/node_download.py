"""One file over HTTP: to a temporary name, resumed where it stopped, and held to its SHA-256."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from embedding_pipeline.errors import NodeFailed

ATTEMPTS = 4
PAUSE_S = 0.5  # before the second attempt; longer before each further one
_CHUNK = 64 * 1024


def fetch(
    client: httpx.Client,
    urls: Sequence[str],
    target: Path,
    *,
    size: int,
    sha256: str,
    at: Callable[[int], None],
) -> None:
    """Bring ``target`` in from the first of ``urls`` that has it; ``at`` is told the bytes present so far.

    A broken connection is taken up again with a Range request, up to ``ATTEMPTS`` times. What arrives must have
    ``size`` bytes and the hash; a wrong file is thrown away and fetched once more as a whole.
    Raises NodeFailed.
    """
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    last = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S * attempt)
        url = urls[attempt % len(urls)]
        try:
            _continue(client, url, part, size, at)
        except httpx.HTTPError as cause:
            last = f"{url}: {cause or type(cause).__name__}"
            continue
        if part.stat().st_size == size and _sha256(part) == sha256:
            part.replace(target)
            return
        part.unlink()
        last = f"{url}: what arrived is not the listed file (its SHA-256 differs)"
    raise NodeFailed(
        f"{target.name} could not be fetched; {last}",
        hint="Check the network (and HTTPS_PROXY, if one is needed) and run it again: it goes on where it stopped.",
    )


def _continue(client: httpx.Client, url: str, part: Path, size: int, at: Callable[[int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= size:  # complete, or too long: the hash decides
        at(size)
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", url, headers=headers) as answer:
        answer.raise_for_status()
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        done = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_raw(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                at(min(done, size))
                if done > size:
                    return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
