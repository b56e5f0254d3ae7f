"""How much faster an index is made from the records than by embedding its pictures again.

``python -m benchmarks.trials.rebuild --images 60`` with the pack of the settings, on the sample pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path

from boxlens.ingest.sources import references
from boxlens.library.rebuild import rebuild
from boxlens.samples.bundled import copy_samples
from boxlens.settings import Settings
from boxlens.wiring import open_boxlens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        manifest = copy_samples(Path(folder) / "samples", lambda text: None)
        with open_boxlens(settings) as boxlens:
            _ = boxlens.networks  # loading them is no part of either
            refs = islice(references([str(manifest)]), options.images)
            taken = boxlens.indexer.ingest(refs, collection="trial")
            boxlens.index.drop("trial")  # past the writer: the index is lost, the records are not
            made = rebuild(boxlens.index, boxlens.writer, "trial")
            images = boxlens.index.info("trial").images
    print("| | images | seconds | images a second |\n|---|---|---|---|")
    rate = taken.stored / taken.seconds
    print(f"| ingest with the pack {settings.pack} | {taken.stored} | {taken.seconds:.2f} | {rate:.1f} |")
    print(f"| rebuild | {made.written} | {made.seconds:.2f} | {made.written / made.seconds:.1f} |")
    print(f"\n{taken.seconds / made.seconds:.1f} times faster; {images} images stand")


if __name__ == "__main__":
    main()
