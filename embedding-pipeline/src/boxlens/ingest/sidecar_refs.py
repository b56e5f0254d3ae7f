"""References with what their sidecars say, and an entry of its own for every sidecar that is of no use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import manifest_path, shown
from boxlens.domain.references import ImageRef, SourceProblem
from boxlens.ingest.sidecar_words import read_sidecar, with_words
from boxlens.ingest.sidecars import Sidecars
from boxlens.ingest.word_tables import SUFFIX as TABLE
from boxlens.ingest.word_tables import TableRow, table_rows

_HINT = "The picture is taken in without it. Correct the file and run the same ingest again."


def with_sidecars(ref: ImageRef, sidecars: Iterable[Path], reported: set[Path]) -> Iterator[ImageRef]:
    """The reference with the words of its sidecars, the first that speaks wins; behind it the sidecars that fail.

    ``reported`` holds the paths of those that were named before, and gets the new ones.
    """
    failed: list[tuple[Path, BadSource]] = []
    for path in sidecars:
        try:
            words = read_sidecar(path)
        except BadSource as error:
            failed.append((path, BadSource(error.detail, hint=_HINT)))
            continue
        if words.faults:
            failed.append((path, BadSource(f"{shown(str(path))}: {'; '.join(words.faults)}.", hint=_HINT)))
        ref = with_words(ref, words)
    yield ref
    for path, fault in failed:
        if path not in reported:
            reported.add(path)
            row = {"uri": manifest_path(ref.uri)}
            yield ImageRef(str(path), problem=SourceProblem(fault, file=shown(str(path)), row=row))


def with_row(ref: ImageRef, row: TableRow | None) -> Iterator[ImageRef]:
    """The reference with what a table says of it, where a sidecar does not; behind it the line that fails."""
    if row is None:
        yield ref
        return
    yield with_words(ref, row.words)
    if row.words.faults:
        where = f"{shown(str(row.table))}:{row.line}"
        fault = BadSource(f"{where}: {'; '.join(row.words.faults)}.", hint=_HINT)
        row_of_manifest = {"uri": manifest_path(ref.uri)}
        yield ImageRef(where, problem=SourceProblem(fault, shown(str(row.table)), row.line, row_of_manifest))


class SidecarsBeside:
    """Sidecars and tables of pictures that are named alone or by a manifest. The folder asked for last is remembered:
    a shell may name all pictures of one."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._names: list[str] = []
        self._sidecars = Sidecars(())
        self._rows: Mapping[str, TableRow] | None = None
        self._reported: set[Path] = set()

    def add(self, ref: ImageRef) -> Iterator[ImageRef]:
        """See ``with_sidecars``."""
        folder = Path(ref.uri).parent
        if folder != self._folder:
            self._folder, self._names, self._rows, self._reported = folder, _listed(folder), None, set()
            self._sidecars = Sidecars(self._names)
        beside = [folder / sidecar for sidecar in self._sidecars.of(Path(ref.uri).name)]
        return with_sidecars(ref, beside, self._reported)

    def add_with_row(self, ref: ImageRef) -> Iterator[ImageRef]:
        """The same, with what a table in the folder says of the picture."""
        first, *failed = self.add(ref)
        if self._rows is None:
            folder = Path(ref.uri).parent
            tables = sorted(name for name in self._names if name.lower().endswith(TABLE) and (folder / name).is_file())
            self._rows = {}
            for name in tables:
                self._rows |= table_rows(folder / name, set(self._names))
        yield from with_row(first, self._rows.get(Path(ref.uri).name))
        yield from failed


def _listed(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except (OSError, ValueError):  # the picture itself will say so
        return []
