"""Hugging Face's hub on loopback, with its public layout: large files on a host of their own, and its headers; and a
ModelScope that lists its files with their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.files import FileServer, file_server

COMMIT = "1234567890abcdef1234567890abcdef12345678"


@dataclass
class Hub:
    """``site`` answers for repositories, ``cdn`` keeps the large files, ``modelscope`` is the other source."""

    site: FileServer
    cdn: FileServer
    modelscope: FileServer

    def add(self, repo: str, file: str, data: bytes | Path, *, commit: str = COMMIT, large: bool = True) -> str:
        """One file under "main" and its commit; gives its path on the CDN, or on the site for a small one."""
        paths = [f"/{repo}/resolve/{revision}/{file}" for revision in ("main", commit)]
        body = data.read_bytes() if isinstance(data, Path) else data
        sha256 = hashlib.sha256(body).hexdigest()
        stored = f"/{commit}/{sha256}"
        for path in paths:
            if large:
                self.site.redirects[path] = self.cdn.url + stored
                self.site.headers[path] = {
                    "X-Repo-Commit": commit,
                    "X-Linked-Etag": f'"{sha256}"',
                    "X-Linked-Size": str(len(body)),
                    "ETag": '"something-else"',
                }
            else:
                blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
                self.site.files[path] = body
                self.site.headers[path] = {"X-Repo-Commit": commit, "ETag": f'"{blob}"'}
        if large:
            self.cdn.files[stored] = data
            # as long as a SHA-256, and none: what a content network makes up
            self.cdn.headers[stored] = {"ETag": f'"{"e" * 64}"'}
        return stored if large else paths[1]

    def mirror(self, repo: str, file: str, data: bytes, *, revision: str = "main") -> str:
        """A file as a plain mirror serves it: no commit, an ETag of its own; gives its path."""
        path = f"/{repo}/resolve/{revision}/{file}"
        self.site.files[path] = data
        self.site.headers[path] = {"ETag": f'"{"e" * 64}"'}
        return path

    def on_modelscope(self, repo: str, file: str, data: bytes, *, named: bool = True) -> str:
        """A file there, listed with its SHA-256 or without; gives its path."""
        path = f"/models/{repo}/resolve/master/{file}"
        self.modelscope.files[path] = data
        row = {"Path": file, "Size": len(data), "Type": "blob"}
        if named:
            row["Sha256"] = hashlib.sha256(data).hexdigest()
        listing = f"/api/v1/models/{repo}/repo/files?Revision=master&Recursive=true"
        held = self.modelscope.files.get(listing, b'{"Data": {"Files": []}}')
        assert isinstance(held, bytes)
        files = [*json.loads(held)["Data"]["Files"], row]
        self.modelscope.files[listing] = json.dumps({"Code": 200, "Data": {"Files": files}}).encode()
        return path


@contextmanager
def hub_server() -> Iterator[Hub]:
    with file_server() as site, file_server() as cdn, file_server() as modelscope:
        yield Hub(site, cdn, modelscope)
