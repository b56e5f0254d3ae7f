"""Gives targets inputs made by atheris, which follows what of the code they reach, until the time is over.

``python -m tests.fuzz cursor filter --seconds 600`` in ``.venv-test``, from the root of the repository; without names
all targets, one after the other. An exception that is not of ``errors.py``, or an input that takes a minute of
processor time, is printed with the input as a line of the corpus, and the code is 1: the line is put there when the
fault is mended.
``--keep`` writes the corpus anew: the fewest inputs that reach all that was reached. ``--inputs N`` makes N inputs
of each, the same at every run.
"""

from __future__ import annotations

import argparse

from tests.fuzz.corpus import keep, line_of
from tests.fuzz.running import fuzz
from tests.fuzz.smallest import smallest
from tests.fuzz.targets import TARGETS, load


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--inputs", type=int)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    names = options.targets or list(TARGETS)
    if not set(names) <= set(TARGETS):
        parser.error(f"the targets are {', '.join(TARGETS)}")
    limits = [f"-runs={options.inputs}", "-seed=1"] if options.inputs else [f"-max_total_time={options.seconds}"]
    outcomes = fuzz(names, *limits)
    print("| target | inputs | places of the code | faults |\n|---|---|---|---|")
    for outcome in outcomes:
        print(f"| {outcome.target} | {outcome.inputs:,} | {outcome.places:,} | {len(outcome.faults)} |")
    for outcome in outcomes:
        for fault in outcome.faults:
            print(f"\n{outcome.target}:\n{outcome.said}\n{line_of(fault)}")
        if options.keep and not outcome.faults:
            keep(outcome.target, smallest(load(outcome.target), outcome.reached))
    raise SystemExit(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    main()
