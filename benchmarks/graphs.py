"""What it takes to build the large networks without torch, and how near they come to torch: a table of docs/models.md.

    python -m benchmarks.graphs ViT-B-16 ViT-L-14 ViT-H-14

Weights are random numbers in the form of the official checkpoints, in fp32. Each step is a process of its own, so that
the peak memory of building is not that of torch. Huge needs some 16 GB of disk in TMPDIR and 12 GB of memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tests.model_files.checkpoints import clip_checkpoint

from benchmarks.guides.tables import head, table
from boxlens.models.export.clip_model import ClipSource, load_clip, write_towers
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES
from boxlens.models.export.making import features
from boxlens.models.export.quantise import quantise_file
from boxlens.models.image_encoder import cosines

ROWS = 2


def make(model: str, folder: Path) -> None:
    clip_checkpoint(folder / "clip.pt", CLIP_SHAPES[model], stir=True, half=False)


def build(model: str, folder: Path) -> dict[str, Any]:
    """Both towers; the peak memory of that alone."""
    started = time.perf_counter()
    image, text = write_towers(folder / "clip.pt", CLIP_SHAPES[model], folder)
    took = time.perf_counter() - started
    disk = sum(path.stat().st_size for path in folder.glob("clip_*"))
    return {"built_s": took, "onnx_mb": disk // 1_000_000, "files": 2 + bool(image.data) + bool(text.data)}


def run(model: str, folder: Path) -> dict[str, Any]:
    """The features of both, kept to be compared."""
    for name, batch in inputs(model).items():
        np.save(folder / f"{name}.npy", features(folder / f"{name}.onnx", batch))
    return {}


def int8(model: str, folder: Path) -> dict[str, Any]:
    """The int8 form of both."""
    for name in inputs(model):
        if name == "clip_text" or model != "RN50":
            quantise_file(folder / f"{name}.onnx", folder / f"{name}.int8.onnx")
    return {"int8_mb": sum(path.stat().st_size for path in folder.glob("*.int8.onnx")) // 1_000_000}


def compare(model: str, folder: Path) -> dict[str, Any]:
    """The least cosine to cn_clip itself."""
    import torch

    network = load_clip(ClipSource(folder / "clip.pt", model))
    least = {}
    with torch.inference_mode():
        for name, batch in inputs(model).items():
            encode = network.encode_image if name == "clip_image" else network.encode_text
            expected = encode(torch.from_numpy(batch)).numpy()
            least[name] = float(cosines(np.load(folder / f"{name}.npy"), expected).min())
    return least


def inputs(model: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    side = CLIP_SHAPES[model]["image_resolution"]
    words = rng.integers(1, 21128, (ROWS, 52))
    words[:, 20:] = 0
    return {"clip_image": rng.normal(size=(ROWS, 3, side, side)).astype(np.float32), "clip_text": words}


STEPS = {"make": make, "build": build, "run": run, "int8": int8, "compare": compare}


def step(name: str, model: str, folder: str) -> dict[str, Any]:
    """One step in a process of its own, with its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.graphs", "--step", name, model, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def row(model: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        by_step = {name: step(name, model, folder) for name in STEPS}
        size = (Path(folder) / "clip.pt").stat().st_size
    peaks = [f"{by_step[name]['peak_mb']:,}" for name in ("build", "run", "int8")]
    cosine = min(by_step["compare"][name] for name in ("clip_image", "clip_text"))
    disk = (f"{size // 1_000_000:,}", f"{by_step['build']['onnx_mb']:,}", f"{by_step['int8']['int8_mb']:,}")
    return (model, *disk, str(by_step["build"]["files"]), f"{by_step['build']['built_s']:.0f}", *peaks, f"{cosine:.6f}")


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        _, _, name, model, folder = sys.argv
        figures = STEPS[name](model, Path(folder)) or {}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000
        print(json.dumps(figures | {"peak_mb": peak}))
        return
    models = sys.argv[1:] or list(CLIP_SHAPES)
    columns = ("network", "checkpoint MB", "fp32 MB", "int8 MB", "files", "built s")
    columns += ("peak MB building", "running", "int8", "least cosine to torch")
    print(head(f"python -m benchmarks.graphs {' '.join(models)}", f"{ROWS} rows, both towers, random weights") + "\n")
    print(table(columns, [row(model) for model in models]))


if __name__ == "__main__":
    main()
