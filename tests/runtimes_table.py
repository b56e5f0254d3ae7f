"""Prints the table of docs/models.md: a full-size ViT by every runtime and precision, side by side.

``python -m tests.runtimes_table`` from the root of the repository, with torch. The weights are as initialised, which
makes no difference to the time; the loop is that of ``boxlens models bench``.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from embedding_pipeline.models.comparing import Speed, bench
from embedding_pipeline.models.export_pack import PackSources, export_pack
from embedding_pipeline.models.export_timm import TimmSource
from embedding_pipeline.models.quantise import quantise_file
from embedding_pipeline.models.torch_onnx import Making
from embedding_pipeline.models.ways import processor, versions
from embedding_pipeline.samples.making import sample_scenes
from tests.checkpoints import crops_of, timm_folder
from tests.tables import head, table

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
        rows += [row(speed, "dynamic") for speed in speeds if speed.way.precision == "int8"]
    said = ", ".join(f"{runtime} {version}" for runtime, version in versions().items())
    what = f"{MODEL}, {len(crops)} crops, {BATCH} a call, median of {ROUNDS} rounds; {said}; {processor()}"
    print(head("python -m tests.runtimes_table", what) + "\n")
    print(table(("way", "crops/s", "times onnx fp32", "least cosine", "mean cosine"), rows))


def row(speed: Speed, int8: str) -> tuple[str, ...]:
    way = f"{speed.way}, {int8}" if speed.way.precision == "int8" else str(speed.way)
    if speed.failed:
        return (way, speed.failed, "", "", "")
    numbers = (speed.rate, speed.times, speed.cosine_min, speed.cosine_mean)
    return (way, *(f"{n or 0:.{digits}f}" for n, digits in zip(numbers, (1, 1, 4, 4), strict=True)))


if __name__ == "__main__":
    main()
