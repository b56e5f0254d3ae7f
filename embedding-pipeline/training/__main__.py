"""``python -m training all|encoders|detector|export|evaluate``: see README.md beside this file."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from boxlens.models.packs.pack import BUNDLED

PACK = BUNDLED / "demo"
STEPS = ("encoders", "detector", "export", "evaluate")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training")
    parser.add_argument("what", choices=("all", *STEPS))
    parser.add_argument("--folder", type=Path, default=Path("../.cache/training"), help="checkpoints and logs")
    parser.add_argument("--pack", type=Path, default=PACK, help="where the pack is written")
    parser.add_argument("--minutes", type=float, default=90, help="of training for each of encoders and detector")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--batch", type=int, default=0, help="things (encoders) or scenes (detector) in a batch")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw crops or scenes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scenes", type=int, default=260, help="scenes of each set in the evaluation")
    parser.add_argument("--bf16", action="store_true", help="encoders: CLIP in bfloat16 (processors with AVX512-BF16)")
    parser.add_argument(
        "--from-pack", type=Path, help="encoders: begin with the weights of a pack exported here before"
    )
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("training").setLevel(logging.INFO)
    logging.captureWarnings(True)
    for step in STEPS if chosen.what == "all" else (chosen.what,):
        _run(step, chosen)


def _run(step: str, chosen: argparse.Namespace) -> None:
    if step == "encoders":
        from training.learning.train_encoders import Plan
        from training.learning.train_encoders import train as train_encoders

        things = chosen.batch or 128
        plan = Plan(chosen.minutes, chosen.seed, things, chosen.workers, chosen.threads, chosen.bf16, chosen.from_pack)
        train_encoders(chosen.folder, plan)
    elif step == "detector":
        from training.learning.train_detector import train as train_detector

        batch = chosen.batch or 16
        train_detector(chosen.folder, chosen.minutes, chosen.seed, batch, chosen.workers, chosen.threads)
    elif step == "export":
        from training.export import export

        export(chosen.folder, chosen.pack)
    else:
        from training.card import write_card
        from training.evaluate import evaluate

        evaluate(chosen.pack, chosen.pack, scenes=chosen.scenes)
        write_card(chosen.folder, chosen.pack)


if __name__ == "__main__":
    main()
