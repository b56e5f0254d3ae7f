"""Every file of a folder and of the folders in it, in a stable order, one folder in memory at a time."""

from __future__ import annotations

import stat
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import kind, manifest_path, reason, shown
from boxlens.domain.references import ImageRef, SourceProblem
from boxlens.ingest.findings import COMPANION, HIDDEN, OWN, SEEN, SYSTEM, UNMATCHED, UNREADABLE, Findings
from boxlens.ingest.sidecar_refs import with_row, with_sidecars
from boxlens.ingest.sidecars import COMPANIONS, Sidecars, is_sidecar
from boxlens.ingest.word_tables import SUFFIX as TABLE
from boxlens.ingest.word_tables import TableRow, table_rows

# Of Synology, QNAP, Windows, macOS and the desktops of Linux; all in lower case.
SYSTEM_FOLDERS = {
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "@sharebin", ".@__thumb", ".streams",
    "$recycle.bin", "recycler", "recycled", "system volume information", "__macosx", ".appledouble", ".trash",
    ".trashes", ".spotlight-v100", ".fseventsd", ".temporaryitems", ".documentrevisions-v100", "network trash folder",
    "temporary items", ".thumbnails", ".snapshot", ".snapshots", ".zfs", "lost+found",
}  # fmt: skip
SYSTEM_FILES = {
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".ds_store", ".localized", "icon\r", ".directory",
    ".nomedia", ".picasa.ini", "picasa.ini",
}  # fmt: skip
_SYSTEM_STARTS = ("._", ".trash-")
_OWN_NAMES = ("failures.jsonl", "failures.jsonl.part")
_TOLD_BY_THE_KERNEL = (Path("/proc"), Path("/sys"))


@dataclass(frozen=True, slots=True)
class FolderRules:
    """``system``: take files and folders of the system and hidden ones too. ``own``: paths that Boxlens itself writes
    to, which are no input."""

    system: bool = False
    own: frozenset[Path] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Part:
    """A folder within a folder: with all that is in it when ``deep``, else its own files alone."""

    path: Path
    deep: bool = True


class FolderWalk:
    """Iterates (name within the folder, reference); what is left out goes to ``findings``.

    Linked folders are read after all others, each folder once, so a loop of links ends. With ``parts`` only these are
    looked through; one that is no folder (any more) is passed over. Raises BadSource when the folder itself cannot be
    read.
    """

    def __init__(
        self, folder: Path, rules: FolderRules, findings: Findings, parts: Sequence[Part] | None = None
    ) -> None:
        self._folder, self._rules, self._findings = folder, rules, findings
        self._own = {path.resolve() for path in rules.own}
        self._seen: set[tuple[int, int]] = set()
        self._folders = [Part(folder)] if parts is None else [part for part in parts if self._takes(part.path)]
        self._links: deque[Path] = deque()
        self.unreadable: list[Path] = []
        """Folders whose content is unknown, because they could not be read."""

    def __iter__(self) -> Iterator[tuple[str, ImageRef]]:
        require_readable(self._folder)
        while self._folders or self._links:
            part = self._folders.pop() if self._folders else Part(self._links.popleft())
            folder = part.path
            try:
                status = folder.stat()
                if (status.st_dev, status.st_ino) in self._seen:
                    self._findings.skip(SEEN, str(folder))
                    continue
                names = sorted(path.name for path in folder.iterdir())
            except OSError as error:
                self._findings.skip(UNREADABLE, f"{folder} ({reason(error)})")
                self.unreadable.append(folder)
                continue
            self._seen.add((status.st_dev, status.st_ino))
            yield from self._entries(folder, names, deep=part.deep)

    def _takes(self, path: Path) -> bool:
        """Whether a part is a folder that a walk through the whole would come to."""
        if not path.is_dir():
            return False
        steps = [path, *path.parents]
        within = steps[: steps.index(self._folder)]
        return not any(self._left(step.name, step.resolve()) for step in within)

    def _entries(self, folder: Path, names: list[str], *, deep: bool) -> Iterator[tuple[str, ImageRef]]:
        """The files of one folder; the folders in it are remembered for later."""
        files: list[str] = []
        inner: list[Path] = []
        problems: dict[str, BadSource] = {}
        real = folder.resolve()
        for name in names:
            path = folder / name
            if left := self._left(name, real / name):
                self._findings.skip(left, str(path))
                continue
            try:
                is_folder = _is_folder(path)
            except BadSource as error:
                problems[name] = error
                continue
            if not is_folder:
                files.append(name)
            elif not deep:
                continue
            elif path.is_symlink():
                self._links.append(path)
            else:
                inner.append(path)
        self._folders.extend(Part(path) for path in reversed(inner))
        yield from self._files(folder, files, problems)

    def _files(self, folder: Path, names: list[str], problems: dict[str, BadSource]) -> Iterator[tuple[str, ImageRef]]:
        pictures: list[str] = []
        for name in names:
            if name.lower().endswith(COMPANIONS):
                self._findings.skip(COMPANION, str(folder / name))
            elif not is_sidecar(name):
                pictures.append(name)
        pairs, unmatched = Sidecars(names).pair(pictures)
        for name in sorted(unmatched):
            self._findings.skip(UNMATCHED, str(folder / name))
        rows = self._table_rows(folder, pictures)
        reported: set[Path] = set()  # a sidecar may speak of a picture and its edits, and fails once
        for name in sorted((*pictures, *problems)):
            path = folder / name
            within = path.relative_to(self._folder).as_posix()
            if name in problems:
                row = {"uri": manifest_path(str(path))}
                yield within, ImageRef(str(path), problem=SourceProblem(problems[name], row=row))
                continue
            beside = [folder / sidecar for sidecar in pairs.get(name, ())]
            first, *failed = with_sidecars(ImageRef(str(path)), beside, reported)
            for ref in (*with_row(first, rows.get(name)), *failed):
                yield within, ref

    def _table_rows(self, folder: Path, pictures: list[str]) -> dict[str, TableRow]:
        """What tables of the folder say of its pictures; these tables are no pictures themselves."""
        rows: dict[str, TableRow] = {}
        for name in [name for name in pictures if name.lower().endswith(TABLE)]:
            if said := table_rows(folder / name, set(pictures)):
                rows |= said
                pictures.remove(name)
        return rows

    def _left(self, name: str, real: Path) -> str:
        """The kind under which a file or folder is left out; "" for one that is taken."""
        if name in _OWN_NAMES or real in self._own:
            return OWN
        if self._rules.system:
            return ""
        lower = name.lower()
        if lower in SYSTEM_FOLDERS or lower in SYSTEM_FILES or lower.startswith(_SYSTEM_STARTS):
            return SYSTEM
        return HIDDEN if name.startswith(".") else ""


def require_readable(folder: Path) -> None:
    """Raises BadSource for a folder that cannot be read."""
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        hint = "Check its permissions, and that its drive is there."
        raise BadSource(f"{shown(str(folder))} cannot be read: {reason(error)}.", hint=hint) from error


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder; False for a regular file. Raises BadSource for anything else, without opening it."""
    name = shown(str(path))
    try:
        mode = path.stat().st_mode
        linked = path.is_symlink() and path.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, in Python 3.11
        why = reason(error) if isinstance(error, OSError) else "it is a link that leads to itself"
        raise BadSource(f"{name}: {why}.", hint="Leave it out, or repair the link.") from error
    if linked and any(linked.is_relative_to(tree) for tree in _TOLD_BY_THE_KERNEL):
        raise BadSource(f"{name} is a link to what the system tells of itself.", hint="Leave it out.")
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        return stat.S_ISDIR(mode)
    raise BadSource(f"{name} is {kind(mode)}, not a file.", hint="Leave it out.")
