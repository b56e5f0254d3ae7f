"""MODEL_CARD.md of the demo pack, from the logs of its training and the evaluation; no number is typed in."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from boxlens.samples.artwork import STYLES, TRAINING_STYLES, UNSEEN_STYLE
from boxlens.samples.names import things

_TEMPLATE = """# The demo pack

Three small networks that find and tell apart {things} everyday things drawn in emoji artwork:
a YOLOX detector, a timm VisionTransformer and a CLIP of cn_clip's own class, for names in Chinese and English. They
make the first search work without any model hub. They know nothing of photographs: those need a pack trained on them.

## Training
| network | steps | pictures | minutes | loss at the end |
|---|---|---|---|---|
{detector}
{encoders}

Hardware: {cores} CPU cores ({machine}), shared with other work, no GPU. How to do it again:
`embedding-pipeline/training/README.md`.{notes}

## Data and licences
The networks were trained from nothing on artwork of these styles, on names of emojibase-data (MIT) and on photographs
that come with scikit-image (public domain or CC0). The pack contains none of it. The weights are ours, Apache-2.0.

| style | author | licence | used for |
|---|---|---|---|
{styles}

Twemoji graphics: copyright Twitter, Inc and other contributors, CC-BY 4.0. EmojiOne artwork: provided free by EmojiOne,
CC-BY 4.0. Streamline Emojis: copyright Streamline, CC-BY 4.0.

`vocab.txt` is cn_clip's (MIT), which is that of Google's BERT-Base Chinese (Apache-2.0).

## Limits
- The detector has one class, thing: what it is, the encoders tell. Ten groups as classes were tried and given up: in
  the time there was, boxes were learned and groups were not.
- Things outside the list are found as boxes at best; words for them will be wrong.
- Chinese and English names, their keywords, eleven colours and simple phrases were trained; sentences were not.
- Style matters: see the rows of the unseen style below.

"""


def write_card(folder: Path, pack: Path) -> None:
    """Write MODEL_CARD.md into the pack from the logs in ``folder`` and evaluation.md in the pack.

    Of a network that was not trained in ``folder`` the row stays as it stands in the pack's card. A ``notes.md`` in
    ``folder`` is taken in: what is to be said of this very run.
    """
    card = pack / "MODEL_CARD.md"
    before = card.read_text(encoding="utf-8").splitlines() if card.exists() else []
    notes = folder / "notes.md"
    text = _TEMPLATE.format(
        notes="\n\n" + notes.read_text(encoding="utf-8").strip() if notes.exists() else "",
        things=len(things()),
        detector=_row("detector", folder / "detector.jsonl", "scenes", before),
        encoders=_row("CLIP and ViT together", folder / "encoders.jsonl", "crops", before),
        cores=os.cpu_count(),
        machine=_machine(),
        styles="\n".join(
            f"| {s.name} {s.version} | {s.author} | {s.licence} | {_use(s.name)} |" for s in STYLES.values()
        ),
    )
    measured = (
        (pack / "evaluation.md").read_text(encoding="utf-8").replace("\n## ", "\n### ").replace("# Pack", "## Pack", 1)
    )
    card.write_text(text + measured, encoding="utf-8")


def _use(style: str) -> str:
    return (
        "training"
        if style in TRAINING_STYLES
        else "the unseen style of the evaluation"
        if style == UNSEEN_STYLE
        else ""
    )


def _row(name: str, log: Path, seen: str, before: list[str]) -> str:
    """The table's row of one network, from the last line of its log."""
    if not log.exists():
        return next(line for line in before if line.startswith(f"| {name} |"))
    last: dict[str, Any] = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    columns = ("box", "object", "class", "thing", "clip", "clip_pairs", "vit", "vit_pairs", "words", "pairs")
    losses = ", ".join(f"{key} {last[key]}" for key in columns if key in last)
    minutes = round(last["seconds"] / 60)
    return f"| {name} | {last['steps']} | {last[seen]} {seen} | {minutes} | {losses} |"


def _machine() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
