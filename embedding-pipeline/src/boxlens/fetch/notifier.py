"""Tells people through apprise (BSD-2-Clause, the extra ``apprise``), in a process of its own whose connections are
judged as those of fetching are."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from pydantic import SecretStr

from boxlens.domain.errors import FetchFailed, ForbiddenUrl, Unavailable
from boxlens.fetch.targets import SETTING, apprise_targets
from boxlens.settings import FetchSettings

LONGEST_S, LONGEST_START_S = 60.0, 300.0
"""For one message, and for the start of the process, which loads all of apprise's services: 2 s of processor time,
and more the first time, when Python compiles them."""

_ALLOW = "A private host must stand in BOXLENS_FETCH__ALLOW_HOSTS, as host or host:port."


class AppriseNotifier:
    """``Notifier`` over the owner's targets. One thread tells at a time."""

    def __init__(self, targets: Sequence[SecretStr], settings: FetchSettings) -> None:
        """Raises BadInput for a target that may not be told, Unavailable where apprise is not installed."""
        self.targets = {target.key: target for target in apprise_targets(t.get_secret_value() for t in targets)}
        if self.targets and importlib.util.find_spec("apprise") is None:
            hint = f"pip install 'boxlens[apprise]', or leave {SETTING} empty."
            raise Unavailable("apprise is not installed.", hint=hint)
        self._allow_hosts = settings.allow_hosts
        self._process: subprocess.Popen[str] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.targets)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(target.kind for target in self.targets.values()))

    def tell(self, key: str, title: str, text: str) -> None:
        """Hand a message over, as ``Notifier`` says."""
        target = self.targets[key]
        problem = self._ask({"url": target.url, "title": title, "text": text})
        if not problem:
            return
        detail = f"The {target.kind} target of {SETTING} was not told: {problem}."
        if problem.startswith("it "):  # what the sentry refused
            raise ForbiddenUrl(detail, hint=_ALLOW)
        raise FetchFailed(detail, hint="Try it by hand: apprise -vv -b text URL")

    def rest(self) -> None:
        """End the process until there is something to tell again."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, message: dict[str, str]) -> str:
        """What the process says of a message, which it begins to read once it has started."""
        if self._process is None:
            self._process = _process()
            problem = self._answer(self._allow_hosts, LONGEST_START_S)
            if problem:
                return problem
        return self._answer(message, LONGEST_S)

    def _answer(self, line: object, longest_s: float) -> str:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        ending = threading.Timer(longest_s, process.kill)
        ending.start()
        try:
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            ending.cancel()
        if not answer:
            self.rest()
            return f"apprise ended, or did not answer within {longest_s:g} s"
        problem: str = json.loads(answer)
        return problem


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "boxlens.fetch.telling"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # libraries may write secrets there
        text=True,
        encoding="utf-8",
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Without our secrets, and without a proxy, behind which the address that is judged is not the one reached."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith("BOXLENS_") or name.lower().endswith("_proxy"))
    }
    return kept | {"no_proxy": "*", "NETRC": os.devnull}
