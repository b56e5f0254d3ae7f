"""A command that needs pictures where none were ever stored: told at once, with where to find some."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from boxlens.cli import main
from boxlens.cli.stored import explaining_absence
from boxlens.domain.errors import NotFound
from boxlens.embedded.config import home_of, node_folder
from boxlens.settings import Settings

COMMANDS = [["search", "dog"], ["images", "show", "x"], ["images", "tag", "x", "shop"], ["images", "delete", "x"]]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv("BOXLENS_ELASTICSEARCH__URL", raising=False)
    monkeypatch.delenv("BOXLENS_DATA_DIR", raising=False)


def errors_of(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["boxlens", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == NotFound.exit_code
    return capsys.readouterr().err


def after_a_demo() -> None:
    """What a demo leaves of its Elasticsearch."""
    state = node_folder(home_of(Path(".data/demo")), 1) / "data" / "_state"
    state.mkdir(parents=True)
    (state / "node-0.st").write_bytes(b"")


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_server_is_started_and_ingest_is_named(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    errors = errors_of(arguments, monkeypatch, capsys)
    assert "There is no collection 'default': nothing is stored in .data yet." in errors
    assert "boxlens ingest FOLDER" in errors
    assert "demo" not in errors
    assert list(tmp_path.iterdir()) == []


def test_after_a_demo_its_folder_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    after_a_demo()
    errors = errors_of(["search", "dog"], monkeypatch, capsys)
    assert "boxlens ingest FOLDER" in errors
    assert "BOXLENS_DATA_DIR=.data/demo" in errors
    assert not Path(".data/elasticsearch").exists()


def test_an_absent_collection_of_a_running_server_is_told_the_same_way() -> None:
    after_a_demo()
    with pytest.raises(NotFound, match="no collection") as absent, explaining_absence(Settings()):
        raise NotFound("There is no collection 'default'.", hint="Known: cats.", place="collection")
    assert "Known: cats." in absent.value.hint
    assert "boxlens ingest FOLDER" in absent.value.hint
    assert "BOXLENS_DATA_DIR=.data/demo" in absent.value.hint


def test_another_absence_stays_as_it_is() -> None:
    error = NotFound("There is no image x.", hint="Look again.")
    with pytest.raises(NotFound) as absent, explaining_absence(Settings()):
        raise error
    assert absent.value is error
