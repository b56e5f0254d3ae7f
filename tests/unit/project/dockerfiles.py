"""Reads a Dockerfile into its instructions: enough to check ours without an engine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str  # in capitals
    rest: str


@dataclass(frozen=True, slots=True)
class Copied:
    """One COPY: ``stage`` is "" when it takes from the build context."""

    stage: str
    sources: tuple[str, ...]
    target: str


def instructions(path: Path) -> list[Instruction]:
    """All instructions in order, continued lines joined, comments left out."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [Instruction(line.split(None, 1)[0].upper(), line.split(None, 1)[1]) for line in joined.splitlines()]


def stages(path: Path) -> list[list[Instruction]]:
    """The instructions of each stage, each beginning with its FROM."""
    results: list[list[Instruction]] = []
    for instruction in instructions(path):
        if instruction.word == "FROM":
            results.append([])
        results[-1].append(instruction)
    return results


def copies(stage: list[Instruction]) -> list[Copied]:
    """Every COPY of a stage."""
    results = []
    for instruction in stage:
        if instruction.word == "COPY":
            *sources, target = re.sub(r"--from=\S+\s+", "", instruction.rest).split()
            named = re.match(r"--from=(\S+)", instruction.rest)
            results.append(Copied(named[1] if named else "", tuple(sources), target))
    return results


def variables(stage: list[Instruction]) -> dict[str, str]:
    """What ENV sets in a stage."""
    pairs = [pair for i in stage if i.word == "ENV" for pair in re.findall(r"([A-Z0-9_]+)=(\S+)", i.rest)]
    return dict(pairs)


def command(stage: list[Instruction]) -> list[str]:
    """The words of CMD, which must be in the JSON form so that signals reach the program."""
    (last,) = [i for i in stage if i.word == "CMD"]
    words: list[str] = json.loads(last.rest)
    return words
