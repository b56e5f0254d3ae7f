"""``python -m training.photographs COMMAND``: makes and measures the photo pack; README.md tells the order."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import cv2
import torch

from training.photographs import export, learn_detector, learn_encoders, table
from training.photographs.material import canvases, sampling, sentences, views
from training.photographs.networks import looks_vit
from training.photographs.splits import RESEARCH_ONLY, SETS


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    folder: Path = options.folder
    sets = frozenset(options.sets) - (RESEARCH_ONLY if options.open_only else frozenset())
    if options.command == "views":
        for part, views_of_part in sampling.parts(options.data, sets).items():
            if part in options.parts:
                views.write(options.data, views_of_part, folder / "views" / part)
    elif options.command == "canvases":
        mixed = sampling.for_canvases(options.data)
        canvases.write(options.data, mixed, folder / "canvases", chunks=options.chunks, seed=options.seed)
    elif options.command == "encoders":
        if "flickr8k" in sets:
            sentences.write(options.data, folder)
        learn_encoders.train(
            options.data,
            folder / "views",
            options.vocabulary,
            folder,
            sets=sets,
            minutes=options.minutes,
            tuned=0.4,
            seed=options.seed,
        )
    elif options.command == "vit":
        looks_vit.train(folder / "views", options.from_pack, folder, minutes=options.minutes, seed=options.seed)
    elif options.command == "detector":
        learn_detector.train(folder / "canvases", folder, minutes=options.minutes, seed=options.seed)
    elif options.command == "export":
        pack: Path = options.pack[0]
        export.export(folder, options.vocabulary, pack, name=pack.name, begin=options.from_pack)
    else:
        sys.stdout.write(table.measured(options.pack, options.data, options.lines) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.photographs", description=__doc__)
    commands = ("views", "canvases", "encoders", "vit", "detector", "export", "measure")
    parser.add_argument("command", choices=commands)
    parser.add_argument("--data", type=Path, required=True, help="folder with photo_sets, text, models, photos")
    parser.add_argument("--folder", type=Path, default=Path("../.cache/photographs"), help="features and checkpoints")
    own = [Path("../.cache/photographs/pack")]
    parser.add_argument("--pack", type=Path, nargs="+", default=own, help="to write, or those to measure")
    parser.add_argument("--from-pack", type=Path, help="teaches the ViT; export takes from it what has no checkpoint")
    parser.add_argument("--lines", nargs="+", choices=table.KINDS, default=table.KINDS, help="to measure")
    parser.add_argument("--vocabulary", type=Path, help="vocab.txt of Chinese-CLIP, as the demo pack holds it")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chunks", type=int, default=40, help="of 200 canvases each")
    parser.add_argument("--parts", default="abcde", help="of the views (material/sampling.py), by letters")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="photo sets to learn from")
    parser.add_argument("--open-only", action="store_true", help="learn without the sets that are for research only")
    return parser


if __name__ == "__main__":
    main()
