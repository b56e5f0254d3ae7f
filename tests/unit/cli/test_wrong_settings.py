"""Settings that cannot be used: one error that says where and what to do, and shows no value, which may be a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxlens.cli.output import settings
from boxlens.domain.errors import BadInput


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("BOXLENS_NOTIFY__APPRISE", "ntfy://hunter2", "BOXLENS_NOTIFY__"),
        ("BOXLENS_NOTIFY__APPRISE", '["ntfy://hunter2"', "BOXLENS_NOTIFY__"),
        ("BOXLENS_NOTIFY__WEBHOOKS", "https://hunter2", "BOXLENS_NOTIFY__"),
        ("BOXLENS_FETCH__ALLOW_HOSTS", "hunter2", "BOXLENS_FETCH__"),
        ("BOXLENS_NOTIFY", "hunter2", "BOXLENS_NOTIFY"),
        ("BOXLENS_NOTIFY__APPRISE", '"hunter2"', "notify.apprise"),
        ("BOXLENS_NOTIFY__EVERY_S", "hunter2", "notify.every_s"),
        ("BOXLENS_RUNTIME", "hunter2", "runtime"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as raised:
        settings()
    assert place in raised.value.detail
    assert raised.value.hint
    assert "hunter2" not in raised.value.detail + raised.value.hint


@pytest.mark.parametrize("written", [b"notify = [", b"\xff\xfe", b"[notify]\nevery_s = 'often'"])
def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: bytes) -> None:
    (tmp_path / "boxlens.toml").write_bytes(written)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as raised:
        settings()
    assert "boxlens.toml" in raised.value.detail + (raised.value.hint or "")
