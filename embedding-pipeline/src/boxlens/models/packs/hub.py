"""Where a file of a model repository lies, and what it must be: on Hugging Face's hub or a mirror, or on ModelScope.

The hub's protocol is huggingface-hub's: its answer to a HEAD request names the commit (``X-Repo-Commit``), the size and
the SHA-256 of a large file or git's hash of a small one. What answers without a commit is a mirror that names nothing:
its ETag may be anything, so its files are taken at the hash that is pinned, or not at all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from boxlens.domain.errors import ModelMissing
from boxlens.fetch.download import FileIdentity, refused
from boxlens.fetch.patience import BUSY, Patience
from boxlens.models.packs.pins import Pin, Pins

HUB = "https://huggingface.co"
MODELSCOPE = "https://modelscope.cn"
# the organisations there that keep what these have on the hub; for Chinese-CLIP it is the one that cn_clip asks
_ON_MODELSCOPE = {"OFA-Sys": "AI-ModelScope"}
_NAMED = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_NO_ANSWER = "Check the network, HF_ENDPOINT and HTTPS_PROXY; ModelScope is another source: --source modelscope"

Source = Literal["auto", "hub", "modelscope"]


@dataclass(frozen=True, slots=True)
class Hubs:
    """``source`` "auto" asks ModelScope where the hub does not answer. ``token`` goes to the host of ``endpoint``
    alone."""

    endpoint: str = HUB
    modelscope: str = MODELSCOPE
    token: str = field(default="", repr=False)
    source: Source = "auto"


@dataclass(frozen=True, slots=True)
class Located:
    """A file of a repository: its address, what it must be, the commit ("" where none is known), and where it lies
    already (None: nowhere)."""

    repo: str
    file: str
    url: str
    identity: FileIdentity
    revision: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    here: Path | None = None


class _Away(Exception):
    """The hub does not answer."""


def locate(
    repo: str,
    file: str,
    target: Path,
    *,
    hubs: Hubs,
    pins: Pins,
    client: httpx.Client,
    said: Callable[[str], None] = lambda _: None,
) -> Located:
    """Find one file; nobody is asked when ``target`` is the pinned file already.

    Raises ModelMissing with what to do: no answer, no such file, a hash that is not the pinned one, or none at all.
    """
    pin = pins.of(repo)
    pinned = pin.files.get(file)
    if pinned and pinned.digest and pinned.fits(target):
        return Located(repo, file, "", pinned, pin.revision, here=target)
    if hubs.source == "modelscope":
        return _on_modelscope(repo, file, pin, hubs, client)
    try:
        return _on_hub(repo, file, pin, hubs, said)
    except _Away as away:
        if hubs.source == "hub":
            raise ModelMissing(f"{hubs.endpoint} does not answer: {away}.", hint=_NO_ANSWER) from away
        said(f"{hubs.endpoint} does not answer ({away}); asking {hubs.modelscope}")
        return _on_modelscope(repo, file, pin, hubs, client)


def _on_hub(repo: str, file: str, pin: Pin, hubs: Hubs, said: Callable[[str], None]) -> Located:
    _no_telemetry()
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    url = hf_hub_url(repo, file, revision=pin.revision or "main", endpoint=hubs.endpoint)
    answer = _metadata(url, hubs, said)
    commit = answer.commit_hash or ""
    named = answer.etag if commit and answer.etag and _NAMED.fullmatch(answer.etag) else ""
    revision = commit or pin.revision
    identity = _agreed(url, FileIdentity(answer.size or 0, named), pin, file)
    cached = try_to_load_from_cache(repo, file, revision=revision or "main")
    here = Path(cached) if isinstance(cached, str) and identity.fits(Path(cached)) else None
    at = hf_hub_url(repo, file, revision=revision or "main", endpoint=hubs.endpoint)
    headers = {"Authorization": f"Bearer {hubs.token}"} if hubs.token else {}
    return Located(repo, file, at, identity, revision, headers, here)


def _no_telemetry() -> None:
    """The package reads the variable when it is imported, which something else may have done."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True


def _metadata(url: str, hubs: Hubs, said: Callable[[str], None]) -> Any:
    """huggingface-hub's answer, asked for with our patience. Raises _Away or ModelMissing."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    patience = Patience(said)
    while True:
        try:
            return get_hf_file_metadata(url, token=hubs.token or False, endpoint=hubs.endpoint, timeout=30)
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status < httpx.codes.INTERNAL_SERVER_ERROR and status not in BUSY:
                raise refused(ModelMissing, url, status) from error
            on = patience.answered(status, error.response.headers)
        except OfflineModeIsEnabled as error:
            raise ModelMissing(
                "HF_HUB_OFFLINE is set, and the file is not here.", hint="Unset it, or give local files."
            ) from error
        except (httpx2.HTTPError, ImportError) as error:
            on = patience.again(str(error) or type(error).__name__)
        if not on:
            raise _Away(patience.reason)


def _on_modelscope(repo: str, file: str, pin: Pin, hubs: Hubs, client: httpx.Client) -> Located:
    """By ModelScope's list of files, which names the SHA-256 of each."""
    owner, name = repo.split("/", 1)
    there = f"{_ON_MODELSCOPE.get(owner, owner)}/{name}"
    root = hubs.modelscope.rstrip("/")
    listing = f"{root}/api/v1/models/{there}/repo/files?Revision=master&Recursive=true"
    rows = _listed(client, listing)
    row = next((row for row in rows if row.get("Path") == file), None)
    if row is None:
        raise ModelMissing(f"{listing} does not list {file}.", hint="Take it from the hub: --source hub")
    named = str(row.get("Sha256") or "").lower()
    size = row.get("Size")
    listed = FileIdentity(size if isinstance(size, int) else 0, named if _NAMED.fullmatch(named) else "")
    url = f"{root}/models/{there}/resolve/master/{file}"
    return Located(repo, file, url, _agreed(url, listed, pin, file), pin.revision)


def _listed(client: httpx.Client, listing: str) -> list[dict[str, Any]]:
    patience = Patience()
    while True:
        try:
            answer = client.get(listing)
            if answer.is_success:
                return list(answer.json()["Data"]["Files"])
            if not answer.is_server_error and answer.status_code not in BUSY:
                raise refused(ModelMissing, listing, answer.status_code)
            on = patience.answered(answer.status_code, answer.headers)
        except httpx.HTTPError as error:
            on = patience.again(str(error) or type(error).__name__)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelMissing(
                f"{listing} does not answer with a list of files.", hint="Take it from the hub: --source hub"
            ) from error
        if not on:
            raise ModelMissing(f"{listing} does not answer: {patience.reason}.", hint=_NO_ANSWER)


def _agreed(url: str, named: FileIdentity, pin: Pin, file: str) -> FileIdentity:
    """What is named and what is pinned, brought together. Raises ModelMissing when they differ, or neither is there."""
    pinned = pin.files.get(file)
    if pinned is None or not pinned.digest:
        if not named.digest:
            raise ModelMissing(
                f"{url} names no hash, and none is pinned: nothing would tell the file from another.",
                hint="Fetch it once from the hub (unset HF_ENDPOINT), which pins it, or copy pins.json from where that "
                "was done into the folder of downloads; or give a local file.",
            )
        return named
    if len(named.digest) == len(pinned.digest) and named.digest != pinned.digest:
        raise ModelMissing(
            f"{url} is another file than the pinned one: {pinned.digest} is pinned, {named.digest} is there.",
            hint="Take the newest on purpose: --newest",
        )
    return pinned
