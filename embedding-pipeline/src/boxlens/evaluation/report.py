"""An evaluation as Markdown, and as files that cn_clip's own scripts read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from boxlens.domain.errors import BadSource
from boxlens.evaluation.evaluator import Evaluation
from boxlens.evaluation.metrics import RANKS, Quality


def markdown(done: Evaluation, facts: Mapping[str, Any]) -> str:
    """The tables of an evaluation; ``facts`` tell pack, hardware and date."""
    parts = [f"# {done.name}: {done.images:,} pictures, {done.texts:,} texts", ""]
    parts += [" · ".join(f"{name} {value}" for name, value in facts.items()), ""]
    for title, rows in done.tables.items():
        parts += [f"## {title[0].upper()}{title[1:]}", "", *_table(rows), ""]
    if done.ann:
        figures = ", ".join(f"{signal} {value:.3f}" for signal, value in done.ann.items())
        parts += [f"Recall@10 of the index against exact search: {figures}", ""]
    if done.absent:
        figures = ", ".join(f"{name} {value}" for name, value in done.absent.items())
        parts += [f"Things that are not there: {figures}", ""]
    if done.latency:
        parts += ["| stage | p50 ms | p95 ms |", "|---|---|---|"]
        parts += [f"| {stage} | {took['p50']} | {took['p95']} |" for stage, took in done.latency.items()]
        parts += [""]
    return "\n".join(parts)


def _table(rows: Sequence[Quality]) -> list[str]:
    head = ["ranking", "queries", *(f"R@{k}" for k in RANKS), "mean recall", "right boxes"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        boxes = "" if row.boxes is None else f"{row.boxes:.3f} of {row.boxed}"
        cells = [
            row.ranking,
            str(row.queries),
            *(f"{row.recall[k]:.3f}" for k in RANKS),
            f"{row.mean_recall:.3f}",
            boxes,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def save(done: Evaluation, facts: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write evaluation.md, evaluation.json and the predictions; the files written. Raises BadSource."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        contents = {
            "evaluation.md": markdown(done, facts).encode(),
            "evaluation.json": orjson.dumps(done.as_dict() | dict(facts), option=orjson.OPT_INDENT_2),
        }
        contents |= {
            name: b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
            for name, lines in done.lines.items()
        }
        for name, data in contents.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise BadSource(f"{folder}: {error.strerror or error}", hint="Give a folder you may write to.") from error
    return [folder / name for name in contents]
