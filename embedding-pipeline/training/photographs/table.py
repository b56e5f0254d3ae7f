"""All that is asked of a photo pack, measured and printed as one table."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch

from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import sha256
from boxlens.models.packs.pack import PACK_FILE, Pack, RunOptions, load_pack
from boxlens.models.packs.spec import FileSpec, PackSpec, VitSpec
from training.photographs import word_test
from training.photographs.measure import USUAL, BoxedPhotos, Numbers, by_picture, captions, detection

WORDS = Path(__file__).with_name("words.json")
ROUNDS, CROPS = 5, 8
PADDINGS = (0.0, 0.15, 0.3)


def measured(folder: Path, root: Path) -> str:
    """Markdown; takes some minutes."""
    pack = load_pack(folder, RunOptions(score_threshold=USUAL))
    boxed = BoxedPhotos(root)
    lines = [_title(pack, folder), "", "| measured | asked of it | found |", "|---|---|---|"]
    lines += [f"| {line} |" for line in _lines(pack, folder, root, boxed)]
    return "\n".join(lines)


def _title(pack: Pack, folder: Path) -> str:
    size = sum(p.stat().st_size for p in folder.iterdir() if p.is_file()) / 1e6
    return (
        f"`python -m training.photographs measure` prints this: pack {pack.info.name} of revision "
        f"{pack.info.revision}, {size:.1f} MB; onnxruntime {onnxruntime.__version__}, {os.cpu_count()} shared cores, "
        f"{platform.system()} {platform.machine()}, {datetime.date.today()}."
    )


def _lines(pack: Pack, folder: Path, root: Path, boxed: BoxedPhotos) -> Iterator[str]:
    recalls = captions(pack, root)
    for language, least, aim in (("en", 0.55, 0.65), ("zh", 0.45, 0.55)):
        cells = ", ".join(f"{recalls[f'{language} R@{k}']:.3f}" for k in (1, 5, 10))
        yield f"captions ({language}) of {recalls['photos']:.0f} photos, R@1, 5, 10 | R@10 {least}, aim {aim} | {cells}"
    seen = detection(folder, boxed)
    yield f"boxes, mAP50 at threshold 0.01 | 0.22, aim 0.35 | {seen['mAP50']:.3f}"
    yield f"boxes, recall of any label at IoU 0.5, threshold {USUAL} | 0.40, aim 0.55 | {seen['recall']:.3f}"
    yield f"boxes, the same of small things | 0.12, aim 0.25 | {seen['recall, small']:.3f}"
    gallery = word_test.gallery(pack, root)
    words, _ = word_test.judge(pack, gallery, WORDS)
    for language in ("en", "zh"):
        asked = f"words ({language}), {words[f'{language} asked']:.0f} asked of {words['photos']:.0f} photos"
        yield f"{asked}, right box first | 0.60, aim 0.75 | {words[f'{language} right first']:.3f}"
        sure = words[f"{language} wrong and sure"]
        yield f"the same, wrong and not marked weak | at most 0.08, aim 0.03 | {sure:.3f}"
    yield from _pictures(pack, boxed, root)
    rates = speeds(pack)
    base = rates.pop("ViT-B/16 fp32")
    cells = ", ".join(f"{name} {rate / base:.1f}" for name, rate in rates.items())
    yield f"crops a second, times ViT-B/16 in fp32 ({base:.1f} a second) | 3 | {cells}"


def _pictures(pack: Pack, boxed: BoxedPhotos, root: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        trial = by_picture(_embedder(root, Path(place)), boxed)
    cells = f"{trial['R@1']:.3f}, {trial['R@5']:.3f}"
    yield f"by picture, {trial['asked']:.0f} boxes, R@1 and R@5 of the trial pack's embedder | | {cells}"
    for network in ("vit", "clip"):
        for padding in PADDINGS:
            own = by_picture(pack, boxed, padding=padding, network=network)
            asked = "as the trial's, aim 0.08 above" if network == "vit" and padding == pack.crop_padding else ""
            yield f"by picture, {network}, padding {padding} | {asked} | {own['R@1']:.3f}, {own['R@5']:.3f}"


def _embedder(root: Path, folder: Path) -> Pack:
    """A pack of the MobileNet V2 in ``root``/models alone, to compare with; its pack.json is written into a folder."""
    path = (root / "models" / "mobilenet_v2_embed1280_qdq.onnx").resolve()
    model = FileSpec(path=str(path), place="outside", sha256=sha256(path), bytes=path.stat().st_size)
    numbers = Preprocess(size=(224, 224), interpolation="area", layout="nhwc", dtype="uint8")
    source = "MobileNet V2 of google-coral/test_data"
    vit = VitSpec(model=model, preprocess=numbers, dims=1280, licence="Apache-2.0", source=source)
    (folder / PACK_FILE).write_text(PackSpec(name="embedder", vit=vit).model_dump_json(exclude_none=True), "utf-8")
    return load_pack(folder)


def speeds(pack: Pack) -> Numbers:
    """Crops a second of the image encoders and of a ViT-B/16 with weights as they start, taking turns; medians."""
    assert pack.vit is not None
    assert pack.clip_image is not None
    x = np.random.default_rng(0).integers(0, 256, (CROPS, 224, 224, 3), np.uint8)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vit_b.onnx"
        net = timm.create_model("vit_base_patch16_224", num_classes=0).eval()
        torch.onnx.export(net, (torch.zeros(CROPS, 3, 224, 224),), str(path), dynamo=False, opset_version=17)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name, big = session.get_inputs()[0].name, np.zeros((CROPS, 3, 224, 224), np.float32)
    pictures = list(x)
    ways = {
        "ViT-B/16 fp32": lambda: session.run(None, {name: big}),
        "vit": lambda: pack.vit.encode_images(pictures),  # type: ignore[union-attr]
        "clip": lambda: pack.clip_image.encode_images(pictures),  # type: ignore[union-attr]
    }
    times: dict[str, list[float]] = {key: [] for key in ways}
    for turn in range(ROUNDS + 1):
        for key, run in ways.items():
            start = time.perf_counter()
            run()  # type: ignore[no-untyped-call]
            if turn:
                times[key].append(time.perf_counter() - start)
    return {key: CROPS / float(np.median(seconds)) for key, seconds in times.items()}
