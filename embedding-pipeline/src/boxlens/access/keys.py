"""API keys: named, with a role and limits, kept in a file of the data folder that holds no key itself.

A key is ``bxl_{id}_{secret}`` with 256 random bits, so that one round of SHA-256 hides it: there is nothing to guess.
Keys of the settings are older and have no name; each may do everything.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import orjson

from boxlens.domain.errors import BadInput, Conflict, NotFound, Unavailable

Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: search and look at; take in, edit, delete and restore pictures; collections."""

FILE = "keys.json"
COOKIE = "boxlens_key"
_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"bxl_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. ``per_minute``: requests a minute, 0 for any number; ``made_at``, ``revoked_at``: UTC."""

    id: str
    name: str
    role: Role
    digest: str
    made_at: str
    per_minute: int = 0
    revoked_at: str | None = None

    def may(self, needed: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(needed)


class KeyFile:
    """The keys of a data folder. Reading sees at once what another process changed; all calls allow several threads."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._lock = threading.Lock()
        self._read: tuple[object, Mapping[str, Key]] = (None, {})

    def entries(self) -> Sequence[Key]:
        """All of them, revoked ones too, in the order in which they were made. Raises Unavailable for a file that
        cannot be read: then nobody may do anything."""
        return tuple(self._keys().values())

    def holder(self, sent: str) -> Key | None:
        """The key that this is; None for any other text, and for a revoked one. Raises Unavailable."""
        match = _KEY.fullmatch(sent)
        key = self._keys().get(match[1]) if match else None
        if key is None or key.revoked_at is not None or not hmac.compare_digest(_digest(sent), key.digest):
            return None
        return key

    def make(self, name: str, role: Role, *, per_minute: int = 0) -> str:
        """A new key, which is told this once alone. Raises BadInput, and Conflict for a name that is in use."""
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} cannot be the name of a key.", hint="1 to 64 letters, digits, dots, - and _.")
        with self._lock:
            keys = dict(self._keys())
            if any(key.name == name and key.revoked_at is None for key in keys.values()):
                raise Conflict(f"There is a key {name!r} already.", hint=f"Revoke it: boxlens keys revoke {name}")
            id = secrets.token_hex(6)
            text = f"bxl_{id}_{secrets.token_urlsafe(32)}"
            keys[id] = Key(id, name, role, _digest(text), _now(), per_minute)
            self._write(keys)
        return text

    def revoke(self, name: str) -> Key:
        """Mark a key as revoked, so that requests with it are refused. Raises NotFound where no key has that name."""
        with self._lock:
            keys = dict(self._keys())
            key = next((key for key in keys.values() if key.name == name and key.revoked_at is None), None)
            if key is None:
                raise NotFound(f"There is no key {name!r}.", hint="See them: boxlens keys list")
            keys[key.id] = replace(key, revoked_at=_now())
            self._write(keys)
        return keys[key.id]

    def _keys(self) -> Mapping[str, Key]:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(error) from error
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        read_state, keys = self._read
        if state != read_state:
            try:
                document = orjson.loads(self.path.read_bytes())
                if document["format"] != _FORMAT:
                    raise ValueError(f"it has format {document['format']}")
                keys = {entry["id"]: Key(**entry) for entry in document["keys"]}
            except (OSError, LookupError, ValueError, TypeError) as error:
                raise self._unreadable(error) from error
            self._read = (state, keys)
        return keys

    def _write(self, keys: Mapping[str, Key]) -> None:
        document = {"format": _FORMAT, "keys": [asdict(key) for key in keys.values()]}
        unfinished = self.path.with_suffix(".part")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(self.path)

    def _unreadable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"The file of the keys, {FILE} in the data folder, cannot be read: {type(error).__name__}.",
            hint="Put it back from a copy, or delete it and make new keys: boxlens keys make NAME",
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
