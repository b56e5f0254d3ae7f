"""``python -m training encoders|detector``: see README.md beside this file."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training")
    parser.add_argument("what", choices=("encoders", "detector"))
    parser.add_argument("--folder", type=Path, default=Path("runs/demo"), help="checkpoints and logs")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--batch", type=int, default=0, help="things (encoders) or scenes (detector) in a batch")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if chosen.what == "encoders":
        from training.train_encoders import train

        train(chosen.folder, chosen.minutes, chosen.seed, chosen.batch or 96, chosen.threads)
    else:
        from training.train_detector import train

        train(chosen.folder, chosen.minutes, chosen.seed, chosen.batch or 16, chosen.workers, chosen.threads)


if __name__ == "__main__":
    main()
