"""Keys in their file: made once, found by what is sent, revoked at once, and never written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxlens.access.audit_log import FILE, AuditLog
from boxlens.access.keys import ROLES, KeyFile
from boxlens.api.middleware.access import needed_role
from boxlens.domain.errors import BadInput, Conflict, NotFound, Unavailable

IMAGE = "/v1/collections/photos/images/" + "3f" * 32


def test_a_key_opens_until_it_is_revoked_for_every_reader_of_the_file(tmp_path: Path) -> None:
    writer, reader = KeyFile(tmp_path), KeyFile(tmp_path)
    assert reader.entries() == ()
    key, other = writer.make("anna", "write", per_minute=5), writer.make("bob", "read")
    holder = reader.holder(key)
    assert holder is not None
    assert (holder.name, holder.role, holder.per_minute) == ("anna", "write", 5)
    writer.revoke("anna")
    assert reader.holder(key) is None
    assert reader.holder(other) is not None
    assert [k.name for k in reader.entries()] == ["anna", "bob"]


def test_the_file_holds_no_key_and_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    key = keys.make("anna", "read")
    assert key.rpartition("_")[2] not in keys.path.read_text()
    assert keys.path.stat().st_mode & 0o777 == 0o600


def test_other_texts_are_no_keys(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    key = keys.make("anna", "read")
    id = key.split("_")[1]
    for text in (
        "",
        "x",
        key[:-1],
        key + "x",
        key.upper(),
        f"bxl_{id}_{'A' * 43}",
        f"bxl_{'0' * 12}_{key[-43:]}",
        "\ud800",
    ):
        assert keys.holder(text) is None, text


def test_names_are_used_once_and_are_plain(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    keys.make("anna", "read")
    with pytest.raises(Conflict, match="anna"):
        keys.make("anna", "admin")
    for name in ("", "a b", "-x", "a/b", "x" * 65, "\x1b[31m"):
        with pytest.raises(BadInput):
            keys.make(name, "read")
    with pytest.raises(NotFound):
        keys.revoke("bob")
    keys.revoke("anna")
    with pytest.raises(NotFound):
        keys.revoke("anna")
    keys.make("anna", "read")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 2}', '{"format": 1, "keys": [{"id": "x"}]}'])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, damage: str) -> None:
    keys = KeyFile(tmp_path)
    key = keys.make("anna", "read")
    keys.path.write_text(damage)
    with pytest.raises(Unavailable, match=r"keys\.json") as caught:
        keys.holder(key)
    assert str(tmp_path) not in caught.value.detail


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/healthz", None),
        ("GET", "/", None),
        ("GET", "/v1x", None),
        ("GET", "/v1", "read"),
        ("GET", "/metrics", "read"),
        ("GET", "/metrics\n", "read"),
        ("GET", "/V1/collections", "read"),
        ("GET", IMAGE, "read"),
        ("POST", "/v1/detect", "read"),
        ("POST", "/v1/session", "read"),
        ("POST", "/v1/collections/photos/search", "read"),
        ("POST", "/v1/collections/photos/search/image/", "read"),
        ("POST", "/v1/collections/photos/facets", "read"),
        ("POST", "/v1/collections/photos/spread", "read"),
        ("POST", "/v1/collections/photos/images", "write"),
        ("PATCH", IMAGE, "write"),
        ("DELETE", IMAGE, "write"),
        ("POST", IMAGE + "/restore", "write"),
        ("PUT", "/v1/collections/photos", "admin"),
        ("DELETE", "/v1/collections/photos", "admin"),
        ("DELETE", "/v1/collections/images", "admin"),
        ("POST", "/v1/anything/new", "admin"),
        ("PURGE", "/v1/detect/x", "admin"),
        ("POST", "/v1/collections/photos/selection/export", "read"),
        ("POST", "/v1/collections/photos/selection/describe", "write"),
        ("POST", "/v1/collections/photos/selection/delete", "write"),
        ("POST", "/v1/collections/photos/selection/drop", "admin"),
    ],
)
def test_what_a_request_needs(method: str, path: str, role: str | None) -> None:
    assert needed_role(method, path) == role
    assert role is None or role in ROLES


def test_the_log_is_one_line_an_event_and_moves_on_when_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxlens.access.audit_log._MAX_BYTES", 400)
    audit = AuditLog(tmp_path / "new")
    for number in range(40):
        audit.add("edit", by="anna", path=f"line\n{number}\x1b[31m")
    files = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert files == [FILE, *(f"{FILE}.{n}" for n in range(1, 5))]
    for name in files:
        file = tmp_path / "new" / name
        assert file.stat().st_mode & 0o777 == 0o600
        assert all(line.startswith('{"at":') for line in file.read_text().splitlines())
        assert "\x1b" not in file.read_text()
