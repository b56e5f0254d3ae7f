"""Names of local files as text, what is shown of them, the way back to their bytes, and what is wrong with a file.

A file name on POSIX is bytes. Python keeps bytes that are no UTF-8 as lone surrogates (PEP 383), which neither JSON nor
a console can hold. Such a path is stored as a ``file:`` URI (RFC 8089), whose percent-encoding keeps every byte.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from boxlens.domain.errors import BadSource, DiskFull, Unavailable

FILE_URI = "file://"
_JOINERS = "\u200c\u200d"  # zero-width joiners are no letters, but emoji and several scripts are written with them

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a write for which the disk, a quota or a limit of the process leaves no room."""

_REFUSALS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE)

_REASONS = {
    errno.ELOOP: "it is a link that leads to itself",
    errno.ENOENT: "there is no such file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENXIO: "it is a socket, not a file",
}


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded: it holds no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unicode_name(name: str) -> str:
    r"""A name that JSON can hold: bytes that are no UTF-8 become ``\xe9``, other lone surrogates ``\ud800``."""
    if is_unicode(name):
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode()


def stored_path(path: str) -> str:
    """A local path as stored: itself, or its ``file:`` URI when it is no Unicode text; addresses stay as they are."""
    return path if is_unicode(path) else FILE_URI + quote(os.fsencode(Path(path).absolute()))


def manifest_path(path: str) -> str:
    """A local path as a manifest in any folder names it: absolute, as stored."""
    return stored_path(str(Path(path).absolute()))


def local_path(uri: str) -> str:
    """The path that a stored path or a ``file:`` URI names, with its very bytes."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix(FILE_URI))) if uri.startswith(FILE_URI) else uri


def shown(name: str) -> str:
    r"""A name for people: control characters, terminal escapes and invisible marks are written as ``\x1b``, ``\n``."""
    clean = unicode_name(name)
    return "".join(c if c.isprintable() or c in _JOINERS else repr(c)[1:-1] for c in clean)


def kind(mode: int) -> str:
    """What a file that is not a regular one is, in words, from its ``st_mode``."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for test, words in kinds if test(mode)), "something special")


def reason(error: OSError) -> str:
    """Why the system refused, in words."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def regular_file(path: str | Path) -> Iterator[BufferedReader]:
    """A regular file, open for reading: a pipe would wait for ever, a device would never end.

    Raises BadSource, also for what the system refuses while it is read.
    """
    name = shown(str(path))
    if "\0" in str(path):
        raise BadSource(f"{name} holds a null character, which no file name has.", hint="Correct the path.")
    try:
        # without O_NONBLOCK the opening of a pipe waits for a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise BadSource(f"{name} is {kind(mode)}, not a file.", hint="Leave it out.")
            yield file
    except OSError as error:
        raise BadSource(f"{name}: {reason(error)}.", hint="Check the path and its permissions.") from error


def refusal(error: OSError) -> Unavailable | None:
    """What a full, read-only or broken disk means to those who asked for something; None for any other error."""
    name = shown(str(error.filename)) if error.filename else "the disk"
    if error.errno in NO_ROOM:
        return DiskFull(f"There is no room for what is to be written: {name}.", hint="Free some disk space.")
    if error.errno in _REFUSALS:
        hint = "Check its permissions and the disk, or set BOXLENS_DATA_DIR to another folder."
        return Unavailable(f"{name}: {reason(error)}.", hint=hint)
    return None
