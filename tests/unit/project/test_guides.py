"""The guides against the project: links lead somewhere, commands parse, both READMEs tell the same."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
import typer
from tests.checkout import ROOT
from typer.core import TyperGroup

from boxlens.cli import app

GUIDES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "*/README.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)
OTHER_PROGRAMS = ("cn_clip/eval/evaluation.py", "evaluation_tr.py")
"""Files of cn_clip that docs/evaluation.md names."""
OF_THE_LAUNCHER = ("build", "test")


def endings() -> frozenset[str]:
    """Every way to name a Python file of the project by the end of its path, from a slash on."""
    folders = ("embedding-pipeline", "minio-proxy", "tests", "benchmarks", "scripts")
    paths = [f"/{path.relative_to(ROOT).as_posix()}" for name in folders for path in (ROOT / name).rglob("*.py")]
    return frozenset(path[start.start() :] for path in paths for start in re.finditer("/", path))


PYTHON_ENDINGS = endings()


def text_of(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


def blocks(guide: str) -> list[str]:
    return re.findall(r"^ *```\w*\n(.*?)^ *```", text_of(guide), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Every call of boxlens in a block of a guide."""
    calls = []
    for guide in GUIDES:
        for block in blocks(guide):
            for line in block.splitlines():
                match = re.match(r"\s*(?:\./)?boxlens ([^ =].*)", line)
                if match and match[1].split()[0] not in OF_THE_LAUNCHER:
                    calls.append((guide, match[1]))
    return calls


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide: str) -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)\)", text_of(guide))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not ((ROOT / guide).parent / link).exists()] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_python_files_named_in_backticks_exist(guide: str) -> None:
    named = re.findall(r"`([\w/-]+\.py)`", text_of(guide))
    assert [name for name in named if name not in OTHER_PROGRAMS and f"/{name}" not in PYTHON_ENDINGS] == []


@pytest.mark.parametrize(("guide", "words"), commands(), ids=[f"{g}: {w[:50]}" for g, w in commands()])
def test_commands_parse(guide: str, words: str) -> None:
    arguments = shlex.split(words, comments=True)
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="boxlens")
    while isinstance(command, TyperGroup):
        name = arguments.pop(0)
        subcommand = command.get_command(context, name)
        assert subcommand is not None, f"there is no command {name}"
        command = subcommand
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
    matches = []
    for name in tracked.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file() and not path.is_symlink() and path.suffix not in (".png", ".onnx", ".jpg", ".woff2"):
            text = path.read_text(encoding="utf-8", errors="replace")
            matches += [f"{name}: {match}" for match in re.findall(f"{registry}|{home}", text)]
    assert matches == []
