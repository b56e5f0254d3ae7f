"""What ``--help`` says of every command arrives as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from boxlens.cli import app


def commands(command: Any, name: str = "boxlens") -> Iterator[tuple[str, Any]]:
    """Every command and group by its full name."""
    yield name, command
    for inner, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {inner}")


EVERY = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", EVERY)
def test_no_help_has_square_brackets(name: str) -> None:
    """They are markup to the printer of helps, which leaves out what stands in them."""
    command = EVERY[name]
    texts = [command.help or "", *((getattr(parameter, "help", None) or "") for parameter in command.params)]
    assert [text for text in texts if "[" in text] == []


@pytest.mark.parametrize("name", [name for name, command in EVERY.items() if not hasattr(command, "commands")])
def test_every_command_shows_an_example(name: str) -> None:
    assert "Example: boxlens" in (EVERY[name].help or "")
