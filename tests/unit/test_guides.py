"""The guides against the project: links lead somewhere, commands parse, both READMEs tell the same."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import typer

from embedding_pipeline.cli import app

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "*/README.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)


def text_of(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


def blocks(guide: str) -> list[str]:
    return re.findall(r"^ *```\w*\n(.*?)^ *```", text_of(guide), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Every call of boxlens in a block of a guide."""
    found = []
    for guide in GUIDES:
        for block in blocks(guide):
            for line in block.splitlines():
                match = re.match(r"\s*(?:\./)?boxlens (.+)", line)
                if match and not match[1].startswith("test"):  # the launcher's own
                    found.append((guide, match[1]))
    return found


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide: str) -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)\)", text_of(guide))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not ((ROOT / guide).parent / link).exists()] == []


@pytest.mark.parametrize(("guide", "words"), commands(), ids=[f"{g}: {w[:50]}" for g, w in commands()])
def test_commands_parse(guide: str, words: str) -> None:
    arguments = shlex.split(words, comments=True)
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command, info_name="boxlens")
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command = found
    command.make_context("boxlens", arguments)


def test_there_are_commands_to_look_at() -> None:
    assert {guide for guide, _ in commands()} >= {
        "README.md",
        "README.zh-CN.md",
        "CONTRIBUTING.md",
        "docs/operations.md",
    }


def test_both_readmes_show_the_same() -> None:
    english, chinese = "README.md", "README.zh-CN.md"

    def code(guide: str) -> list[str]:
        return [re.sub(r"\s*#.*", "", block) for block in blocks(guide)]

    assert code(english) == code(chinese)
    for shape in (r"^#+ ", r"^- ", r"^\d\. ", r"^\| "):
        counts = [len(re.findall(shape, text_of(guide), re.MULTILINE)) for guide in (english, chinese)]
        assert counts[0] == counts[1], shape
    links = [set(re.findall(r"\]\(([^)]+)\)", text_of(guide))) for guide in (english, chinese)]
    assert links[0] ^ links[1] == {english, chinese}


def test_no_machine_and_no_registry_is_named() -> None:
    """Paths of one machine and addresses of package registries stand in no tracked file."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    registry = "|".join(("pypi" + r"\.org", "files" + r"\.pythonhosted\.org", "registry" + r"\.npmjs\.org"))
    home = r"(?<![\w.{}])/(?:work|root|home/\w+)/"
    found = []
    for name in tracked.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file() and not path.is_symlink() and path.suffix not in (".png", ".onnx", ".jpg", ".woff2"):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {match}" for match in re.findall(f"{registry}|{home}", text)]
    assert found == []
