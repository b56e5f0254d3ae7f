"""All that is asked of photo packs, measured and printed as one table."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
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
PADDINGS = (0.0, 0.3)  # beside the pack's own
KINDS = ("captions", "boxes", "words", "pictures", "paddings", "speed")
Line = tuple[str, str, str]  # what is measured, what is asked of it, what was found


def measured(folders: Sequence[Path], root: Path, kinds: Collection[str] = KINDS) -> str:
    """Markdown with a line for each thing asked and a column for each pack; takes some minutes a pack.

    ``kinds``: which lines, of KINDS.
    """
    packs = [load_pack(folder, RunOptions(score_threshold=USUAL)) for folder in folders]
    boxed = BoxedPhotos(root)
    columns = [list(_lines(pack, folder, root, boxed, kinds)) for pack, folder in zip(packs, folders, strict=True)]
    names = ["found"] if len(packs) == 1 else [pack.info.name for pack in packs]
    table = [("measured", "asked of it", *names), ("---",) * (2 + len(packs))]
    table += [(*same[0][:2], *(line[2] for line in same)) for same in zip(*columns, strict=True)]
    return "\n".join([_title(packs, folders), "", *("| " + " | ".join(cells) + " |" for cells in table)])


def _title(packs: Sequence[Pack], folders: Sequence[Path]) -> str:
    sizes = [sum(p.stat().st_size for p in folder.iterdir() if p.is_file()) / 1e6 for folder in folders]
    about = "; ".join(
        f"pack {pack.info.name} of revision {pack.info.revision}, {size:.1f} MB"
        for pack, size in zip(packs, sizes, strict=True)
    )
    return (
        f"`python -m training.photographs measure` prints this: {about}; onnxruntime {onnxruntime.__version__}, "
        f"{os.cpu_count()} shared cores, {platform.system()} {platform.machine()}, {datetime.date.today()}."
    )


def _lines(pack: Pack, folder: Path, root: Path, boxed: BoxedPhotos, kinds: Collection[str]) -> Iterator[Line]:
    if "captions" in kinds:
        recalls = captions(pack, root)
        for language, least, aim in (("en", 0.55, 0.65), ("zh", 0.45, 0.55)):
            cells = ", ".join(f"{recalls[f'{language} R@{k}']:.3f}" for k in (1, 5, 10))
            asked = f"captions ({language}) of {recalls['photos']:.0f} photos, R@1, 5, 10"
            yield asked, f"R@10 {least}, aim {aim}", cells
    if "boxes" in kinds:
        seen = detection(folder, boxed)
        yield "boxes, mAP50 at threshold 0.01", "0.22, aim 0.35", f"{seen['mAP50']:.3f}"
        recall = f"boxes, recall of any label at IoU 0.5, threshold {USUAL}"
        yield recall, "0.40, aim 0.55", f"{seen['recall']:.3f}"
        yield "boxes, the same of small things", "0.12, aim 0.25", f"{seen['recall, small']:.3f}"
    if "words" in kinds:
        words, _ = word_test.judge(pack, word_test.gallery(pack, root), WORDS)
        for language in ("en", "zh"):
            asked = f"words ({language}), {words[f'{language} asked']:.0f} asked of {words['photos']:.0f} photos"
            yield f"{asked}, right box first", "0.60, aim 0.75", f"{words[f'{language} right first']:.3f}"
            sure = words[f"{language} wrong and sure"]
            yield "the same, wrong and not marked weak", "at most 0.08, aim 0.03", f"{sure:.3f}"
    if "pictures" in kinds:
        yield from _pictures(pack, boxed, root)
    if "paddings" in kinds:
        for network in ("vit", "clip"):
            for padding in PADDINGS:
                yield _picture(pack, boxed, network, padding)
    if "speed" in kinds:
        rates = speeds(pack)
        base = rates.pop("ViT-B/16 fp32")
        cells = ", ".join(f"{name} {rate / base:.1f}" for name, rate in rates.items())
        yield "crops a second, times ViT-B/16 in fp32", "3", f"{cells} (of {base:.1f} a second)"


def _pictures(pack: Pack, boxed: BoxedPhotos, root: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as place:
        trial = by_picture(_embedder(root, Path(place)), boxed)
    asked = f"by picture, {trial['asked']:.0f} boxes, R@1 and R@5 of the trial pack's embedder"
    yield asked, "", f"{trial['R@1']:.3f}, {trial['R@5']:.3f}"
    what, _, seen = _picture(pack, boxed, "vit", pack.crop_padding)
    yield what, "as the trial's, aim 0.08 above", seen
    yield _picture(pack, boxed, "clip", pack.crop_padding)


def _picture(pack: Pack, boxed: BoxedPhotos, network: str, padding: float) -> Line:
    own = by_picture(pack, boxed, padding=padding, network=network)
    return f"by picture, {network}, padding {padding}", "", f"{own['R@1']:.3f}, {own['R@5']:.3f}"


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
