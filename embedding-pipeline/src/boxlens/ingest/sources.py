"""Where pictures come from: folders, files, bucket prefixes, addresses and manifests, as one stream of references.

Nothing is read into memory beyond the line or folder at hand, so a source may hold millions of pictures.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import kind, local_path, manifest_path, reason, shown, unicode_name
from boxlens.domain.ports import ObjectStore
from boxlens.domain.references import REMOTE, ImageRef, SourceProblem
from boxlens.ingest.findings import Findings
from boxlens.ingest.folders import FolderRules, FolderWalk
from boxlens.ingest.manifests import SUFFIXES, manifest_references
from boxlens.ingest.sidecar_refs import SidecarsBeside
from boxlens.ingest.videos import frames_of, is_video


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` of ``count`` (counted from 1): N machines share one source without talking to each other."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``"2/8"``. Raises BadSource."""
        index, _, count = text.partition("/")
        if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
            raise BadSource(f"{text!r} is no shard.", hint="Write --shard I/N with 1 <= I <= N, such as 2/8.")
        return cls(int(index), int(count))

    def holds(self, name: str) -> bool:
        """Whether a picture of that name within its source is this shard's; the same on every machine."""
        return int.from_bytes(hashlib.sha256(unicode_name(name).encode()).digest()[:8]) % self.count == self.index - 1


def references(
    sources: Sequence[str],
    store: ObjectStore | None = None,
    *,
    reference: bool = False,
    undelete: bool = False,
    shard: Shard | None = None,
    rules: FolderRules = FolderRules(),
    findings: Findings | None = None,
    videos: bool = True,
) -> Iterator[ImageRef]:
    """All pictures of all sources, in a stable order; what gives no picture comes as a reference with a problem.

    ``reference`` leaves the bytes where they are, which needs sources that browsers can be led to; ``undelete`` takes
    in what was deleted before. ``videos``: a local video is given as its frames. ``findings`` gets
    what is left out, and the sources in which there was nothing. Raises BadSource for a source that does not exist or
    cannot be read, before anything of another is given.
    """
    findings, beside = findings or Findings(), SidecarsBeside()
    require(sources)
    for source in sources:
        nothing = True
        for name, ref in _of_one(source, store, rules, findings, beside):
            nothing = False
            if shard is not None and not shard.holds(name):
                continue
            if reference and ref.problem is None and not ref.uri.startswith(REMOTE):
                raise BadSource(
                    f"{shown(ref.uri)} is a local file, and browsers cannot be led to it.",
                    hint="Use --copy, or give bucket:// or http(s):// sources with --reference.",
                )
            given = replace(ref, reference=reference, undelete=undelete)
            if videos and is_video(given):
                yield from frames_of(given, store)
            else:
                yield given
        if nothing:
            findings.empty.append(shown(source))


def require(sources: Sequence[str]) -> None:
    """Raises BadSource for the first local source that does not exist or cannot be read."""
    for source in sources:
        if source.startswith(REMOTE):
            continue
        path = Path(local_path(source))
        try:
            path.lstat()
            if path.is_dir():
                next(path.iterdir(), None)
        except FileNotFoundError as error:
            hint = "Give a folder, a file, bucket://name/prefix or a manifest."
            raise BadSource(f"{shown(source)} does not exist.", hint=hint) from error
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise BadSource(
                f"{shown(source)} cannot be read: {why}.", hint=f"Give user {os.geteuid()} the right to."
            ) from error


def _of_one(
    source: str, store: ObjectStore | None, rules: FolderRules, findings: Findings, beside: SidecarsBeside
) -> Iterator[tuple[str, ImageRef]]:
    if source.startswith("bucket://"):
        return _of_bucket(source, store)
    if source.startswith(REMOTE):
        return iter([(source, ImageRef(source))])
    path = Path(local_path(source))
    if path.is_dir():
        return iter(FolderWalk(path, rules, findings))
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return manifest_references(path)
    return _of_file(path, beside)


def _of_file(path: Path, beside: SidecarsBeside) -> Iterator[tuple[str, ImageRef]]:
    ref = ImageRef(str(path))
    if path.exists() and not path.is_file():
        error = BadSource(f"{shown(ref.uri)} is {kind(path.stat().st_mode)}, not a file.", hint="Leave it out.")
        yield path.name, replace(ref, problem=SourceProblem(error, row={"uri": manifest_path(ref.uri)}))
        return
    for picture_ref in beside.add_with_row(ref):
        yield path.name, picture_ref


def _of_bucket(source: str, store: ObjectStore | None) -> Iterator[tuple[str, ImageRef]]:
    bucket, _, prefix = source.removeprefix("bucket://").partition("/")
    if not bucket:
        raise BadSource(f"{source} names no bucket.", hint="Write bucket://name/prefix.")
    assert store is not None, "bucket sources need the object store"
    for key in store.keys(bucket, prefix):
        yield key, ImageRef(f"bucket://{bucket}/{key}")
