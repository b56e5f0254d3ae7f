"""Which targets of apprise may be told: pure rules, before apprise sees them.

A target is a URL that holds secrets (passwords, tokens), so nothing but its scheme is ever shown. Kinds that act on
this machine instead of a host are refused here, and so is whatever names a file; where the rest leads to is judged
connection by connection, see ``boxlens.fetch.sentry``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from boxlens.domain.errors import BadInput

SETTING = "BOXLENS_NOTIFY__APPRISE"
_SCHEME = re.compile(r"([a-z0-9][a-z0-9+.-]*)://.", re.IGNORECASE)
_LOCAL = frozenset("blink1 dbus file gio glib gnome growl kde macosx qt syslog windows".split())
"""What shows something on the machine's own screen, writes into its log, runs its commands, or reads its files."""

_FILES = frozenset("attach attachment config include keyfile pgp pgpkey pgpprv pgppub subfile".split())
"""Parameters that name files, or make apprise look for its own."""


@dataclass(frozen=True, slots=True)
class AppriseTarget:
    """``kind``: the scheme; ``key``: what stands for the target wherever its ``url`` must not be written."""

    kind: str
    key: str
    url: str = field(repr=False)


def apprise_targets(urls: Iterable[str]) -> tuple[AppriseTarget, ...]:
    """Read the owner's targets. Raises BadInput for one that may not be told; no word of its secrets is in it."""
    return tuple(_target(url.strip(), number) for number, url in enumerate(urls, 1))


def _target(url: str, number: int) -> AppriseTarget:
    match = _SCHEME.match(url)
    if match is None:
        hint = "A target is written as apprise says: mailto://…, ntfy://…, tgram://…"
        raise BadInput(f"Target {number} of {SETTING} has no scheme.", hint=hint, place=SETTING)
    kind = match[1].lower()
    if kind in _LOCAL:
        detail = f"Target {number} of {SETTING} ({kind}) acts on this machine instead of a host."
        raise BadInput(detail, hint="Take one that leads to a host: mailto, ntfy, json…", place=SETTING)
    names = {name.lower() for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    if names & _FILES:
        detail = f"Target {number} of {SETTING} ({kind}) names files: {', '.join(sorted(names & _FILES))}."
        raise BadInput(detail, hint="Leave that parameter out.", place=SETTING)
    return AppriseTarget(kind, "apprise-" + hashlib.sha256(url.encode()).hexdigest()[:32], url)
