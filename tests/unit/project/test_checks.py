"""``./boxlens test`` runs the checks of the page on the Node it brings, whatever Node the system has."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests import run

from boxlens.web.build import node_command


def test_scripts_of_the_page_run_on_the_node_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tmp_path / "system"
    others.mkdir()
    (others / "node").write_text("#!/bin/sh\nexit 1\n")
    (others / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(others), prepend=os.pathsep)
    (tmp_path / "package.json").write_text(
        json.dumps({"scripts": {"good": "node -e 0", "bad": "node -e process.exit(1)"}})
    )
    checks = [(name, node_command("run", name), str(tmp_path)) for name in ("good", "bad")]
    assert run.failing(checks) == ["bad"]
