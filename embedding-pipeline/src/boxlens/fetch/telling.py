"""The process that hands messages to apprise: ``python -m boxlens.fetch.telling``, see ``boxlens.fetch.notifier``.

It reads lines of JSON: first a list of the hosts that may be private, then one object a message (``url``, ``title``,
``text``), and answers each with why it was not taken, as a JSON string, empty when it was. Nothing else is written:
what apprise logs may hold secrets. The answer to the first line comes when all services are loaded.
"""

from __future__ import annotations

import importlib.metadata
import json
import mimetypes
import sys
import sysconfig
from pathlib import Path
from typing import Any

import apprise
import certifi

from boxlens.fetch.sentry import Sentry, trusted_addresses


def main() -> None:
    """Tell until nothing more comes."""
    sentry = Sentry(trusted_addresses(json.loads(sys.stdin.readline())), _readable())
    apprise.Apprise.instantiate("json://localhost")  # loads all kinds, and with them what they import
    mimetypes.init()
    sys.addaudithook(sentry)
    _answer("")
    for line in sys.stdin:
        _answer(_problem(sentry, json.loads(line)))


def _answer(problem: str) -> None:
    sys.stdout.write(json.dumps(problem) + "\n")
    sys.stdout.flush()


def _problem(sentry: Sentry, message: dict[str, str]) -> str:
    """Why a message was not taken; empty when it was."""
    sentry.refused = ""
    try:
        service = apprise.Apprise.instantiate(message["url"], asset=_asset())
        if not service:
            return sentry.refused or "apprise cannot read it"
        notifier = apprise.Apprise(asset=_asset())
        notifier.add(service)
        sent = notifier.notify(
            body=message["text"], title=message["title"], body_format=apprise.NotifyFormat.TEXT, interpret_escapes=False
        )
    except Exception as error:  # noqa: BLE001  of 190 services; its text may hold secrets
        return sentry.refused or f"apprise ended with {type(error).__name__}"
    return "" if sent else sentry.refused or "the service did not take it"


def _asset() -> apprise.AppriseAsset:
    """How apprise works here: as Boxlens, in one thread, with no file, no redirect, no template."""
    return apprise.AppriseAsset(
        app_id="Boxlens",
        app_desc="Boxlens",
        app_url="",
        async_mode=False,
        http_redirects=False,
        image_url_mask="",
        image_url_logo="",
        pem_autogen=False,
        pgp_autogen=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )


def _readable() -> list[Path]:
    """Python, its packages, the certificates of hosts and the rules of time zones."""
    distribution: Any = importlib.metadata.distribution("apprise")
    places = [*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, distribution.locate_file("")]
    return [Path(place).resolve() for place in (*places, certifi.where(), "/usr/share/zoneinfo")]


if __name__ == "__main__":
    main()
