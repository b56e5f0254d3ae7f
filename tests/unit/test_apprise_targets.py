"""Which targets of apprise may be told, and which connections and files are let through while they are."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from boxlens.domain.errors import BadInput, Unavailable
from boxlens.fetch.notifier import AppriseNotifier
from boxlens.fetch.sentry import Sentry, trusted_addresses
from boxlens.fetch.targets import apprise_targets
from boxlens.settings import FetchSettings, NotifySettings

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "syslog://hunter2",
        "DBUS://hunter2",
        "macosx://hunter2",
        "windows://hunter2",
        "gnome://hunter2",
        "file:///hunter2",
        "mailto://a:hunter2@example.org?pgp=yes",
        "fcm://hunter2@project/?KEYFILE=/etc/passwd",
        "json://example.org/hunter2?Attach=/etc/passwd",
        "vapid://a@example.org/b?subfile=",
        "hunter2",
        "",
    ],
)
def test_what_acts_on_this_machine_or_names_files_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(BadInput) as raised:
        apprise_targets(["ntfy://example.org/topic", url])
    assert "Target 2 of BOXLENS_NOTIFY__APPRISE" in raised.value.detail
    assert SECRET not in raised.value.detail + raised.value.hint
    assert raised.value.hint


def test_a_target_is_known_by_a_key_that_tells_nothing() -> None:
    (target,) = apprise_targets([f" mailto://me:{SECRET}@example.org "])
    assert (target.kind, target.url) == ("mailto", f"mailto://me:{SECRET}@example.org")
    assert SECRET not in repr(target) + target.key + repr(NotifySettings(apprise=(SecretStr(target.url),)))


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert AppriseNotifier((), FetchSettings()).kinds == ()
    with pytest.raises(Unavailable, match="apprise is not installed") as raised:
        AppriseNotifier((SecretStr("ntfy://example.org/topic"),), FetchSettings())
    assert "pip install 'boxlens[apprise]'" in raised.value.hint


def sentry(**changes: set[tuple[str, int]]) -> Sentry:
    return Sentry(changes.get("trusted", set()), [Path(__file__).parent])


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (("10.1.2.3", 80), "not public"),
        (("127.0.0.1", 8080), "not public"),
        (("169.254.169.254", 80), "not public"),
        (("::ffff:192.168.0.1", 443, 0, 0), "not public"),
        (("internal", 514), "not resolved"),
        (("8.8.8.8", 22), "port 22"),
        ("/run/docker.sock", "socket of this machine"),
    ],
)
def test_connections_that_do_not_lead_to_a_public_host_are_not_made(address: object, why: str) -> None:
    watching = sentry()
    for event in ("socket.connect", "socket.sendto"):
        with pytest.raises(PermissionError, match=why):
            watching(event, (None, address))
    assert why in watching.refused


def test_public_hosts_and_trusted_ones_are_reached() -> None:
    watching = sentry(trusted={("10.1.2.3", 25), ("10.9.9.9", 0)})
    for address in (("8.8.8.8", 443), ("8.8.8.8", 587), ("10.1.2.3", 25), ("10.9.9.9", 1234), None):
        watching("socket.connect", (None, address))
    with pytest.raises(PermissionError):
        watching("socket.connect", (None, ("10.1.2.3", 80)))


def test_files_and_commands_are_not_used() -> None:
    watching = sentry()
    watching("open", (__file__, "r", os.O_RDONLY))
    watching("open", (os.devnull, "w", os.O_WRONLY))
    watching("open", (3, "r", os.O_RDONLY))
    for path, flags in (("/etc/passwd", os.O_RDONLY), (__file__, os.O_WRONLY | os.O_CREAT), (b"/etc/passwd", 0)):
        with pytest.raises(PermissionError, match="files"):
            watching("open", (path, None, flags))
    for event in ("subprocess.Popen", "os.system", "syslog.syslog"):
        with pytest.raises(PermissionError, match="command"):
            watching(event, ())


def test_trusted_hosts_are_resolved_once() -> None:
    def resolve(name: str, port: int | None) -> list[tuple[object, ...]]:
        if name == "away":
            raise OSError
        return [(0, 0, 0, "", ("10.0.0.7" if name == "mail" else name, 0))]

    hosts = ("mail:25", "mail", "[::1]:80", "::1", "away")
    assert trusted_addresses(hosts, resolve) == {("10.0.0.7", 25), ("10.0.0.7", 0), ("::1", 80), ("::1", 0)}
