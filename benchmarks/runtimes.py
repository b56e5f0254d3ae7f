"""Prints the table of docs/models.md: a full-size ViT by every runtime and precision, side by side.

``python -m benchmarks.runtimes`` from the root of the repository, with torch. The weights are as initialised, which
makes no difference to the time; the loop is that of ``boxlens models bench``.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from tests.model_files.checkpoints import crops_of, timm_folder

from benchmarks.guides.tables import head, table
from boxlens.models.export.making import Making
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.quantise import quantise_file
from boxlens.models.export.timm_model import TimmSource
from boxlens.models.runtimes.backends import processor, versions
from boxlens.models.runtimes.parity import BackendSpeed, bench
from boxlens.samples.making import sample_scenes

MODEL, SCENES, SEED, BATCH, ROUNDS = "vit_base_patch16_224", 5, 3, 8, 5


def main() -> None:
    pictures = [scene.picture for scene in sample_scenes(SCENES, SEED)]
    with tempfile.TemporaryDirectory() as folder:
        sources = PackSources(vit=TimmSource(timm_folder(Path(folder) / "weights", MODEL)), ocr=False)
        making = Making(torch=True)
        pack, _ = export_pack(sources, Path(folder) / "packs", name="full", making=making, pictures=pictures)
        crops = crops_of(pictures)[:24]
        speeds = bench(pack, crops, batch=BATCH, rounds=ROUNDS)
        rows = [row(speed, "static") for speed in speeds]
        dynamic = Path(folder) / "dynamic.onnx"
        files = pack.files["vit"]
        quantise_file(files.fp32, dynamic, None)
        other = replace(pack, files={"vit": replace(files, int8=dynamic, load=None)})
        speeds = bench(other, crops, batch=BATCH, rounds=ROUNDS)
        rows += [row(speed, "dynamic") for speed in speeds if speed.backend.precision == "int8"]
    versions_text = ", ".join(f"{runtime} {version}" for runtime, version in versions().items())
    what = f"{MODEL}, {len(crops)} crops, {BATCH} a call, median of {ROUNDS} rounds; {versions_text}; {processor()}"
    print(head("python -m benchmarks.runtimes", what) + "\n")
    print(table(("way", "crops/s", "times onnx fp32", "least cosine", "mean cosine"), rows))


def row(speed: BackendSpeed, int8: str) -> tuple[str, ...]:
    backend = f"{speed.backend}, {int8}" if speed.backend.precision == "int8" else str(speed.backend)
    if speed.failed:
        return (backend, speed.failed, "", "", "")
    numbers = (speed.rate, speed.times, speed.cosine_min, speed.cosine_mean)
    return (backend, *(f"{n or 0:.{digits}f}" for n, digits in zip(numbers, (1, 1, 4, 4), strict=True)))


if __name__ == "__main__":
    main()
