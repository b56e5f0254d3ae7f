"""A pack that sees the drawn pictures of ``tests.samples.stand_ins``: a detector of coloured blocks, computed in ONNX.

It has the name, the classes and the roles of the trial pack, so that tests of the page run on either.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.model_files.networks import entry, image_network
from tests.model_files.trial_pack import TRIAL_NAME
from tests.samples.stand_ins import CODES

from boxlens.models.coco_labels import COCO
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.pack import PACK_FILE
from boxlens.models.packs.spec import ClassSpec, DetectorSpec, FileSpec, PackSpec, VitSpec
from boxlens.models.packs.wheel_ocr import wheel_ocr

SIZE = 320
DIMS = 96
_NEAR = 0.13  # of a colour, as a distance of RGB 0..1: the colours themselves are 0.33 apart and more
_SCORE = 0.9


def make_block_pack(target: Path) -> Path:
    """Write the pack into ``target``/coco-test; gives that folder."""
    folder = target / TRIAL_NAME
    folder.mkdir(parents=True)
    block_detector(folder / "detector.onnx")
    image_network(folder / "vit.onnx", DIMS)
    origin = {"licence": "MIT", "source": "made by this test"}
    spec = PackSpec(
        name=TRIAL_NAME,
        description="Sees blocks of known colours as classes of COCO, for tests where no photographs are",
        detector=DetectorSpec(
            model=FileSpec(**entry(folder / "detector.onnx")),
            head="yolov8",
            size=(SIZE, SIZE),
            classes=tuple(ClassSpec(id=c.id, en=c.en, zh=c.zh) for c in COCO),
            **origin,
        ),
        vit=VitSpec(
            model=FileSpec(**entry(folder / "vit.onnx")), preprocess=Preprocess(size=(8, 8)), dims=DIMS, **origin
        ),
        ocr=wheel_ocr(),
    )
    text = json.dumps(spec.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
    (folder / PACK_FILE).write_text(text + "\n", "utf-8")
    return folder


def block_detector(path: Path) -> Path:
    """image float32 (n, 3, SIZE, SIZE), RGB 0..1 -> (n, 4 + classes, colours), as YOLOv8 gives it.

    A pixel near a colour belongs to its block where the 5 x 5 pixels about it do; the block's box spans these pixels
    and the two that were taken off on each side. So the blended pixels of an edge are no block.
    """
    colours = np.array([colour for shades in CODES.values() for colour in shades], np.float32) / 255
    labels = [label.id for label in COCO]
    owners = [labels.index(thing) for thing, shades in CODES.items() for _ in shades]
    scores = np.zeros((1, len(labels), len(colours)), np.float32)
    scores[0, owners, range(len(colours))] = _SCORE
    steps = np.arange(SIZE, dtype=np.float32)
    constants = {
        "kernel": (-2 * colours)[:, :, None, None],
        "offset": (colours**2).sum(1),
        "near": np.array(_NEAR**2, np.float32),
        "up": steps + 1,
        "down": SIZE - steps,
        "size": np.array(SIZE, np.float32),
        "margin": np.array(2, np.float32),
        "half": np.array(0.5, np.float32),
        "scores": scores,
        "middle": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["image", "kernel", "offset"], ["mixed"]),
        helper.make_node("ReduceSumSquare", ["image"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Add", ["mixed", "length"], ["distance"]),
        helper.make_node("Less", ["distance", "near"], ["is_near"]),
        helper.make_node("Cast", ["is_near"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Neg", ["mask"], ["inverse"]),
        helper.make_node("MaxPool", ["inverse"], ["pooled"], kernel_shape=[5, 5], pads=[2, 2, 2, 2]),
        helper.make_node("Neg", ["pooled"], ["core"]),
    ]
    for side, axis in (("x", 2), ("y", 3)):
        nodes += [
            helper.make_node("ReduceMax", ["core"], [f"{side}_line"], axes=[axis], keepdims=0),
            helper.make_node("Mul", [f"{side}_line", "up"], [f"{side}_ups"]),
            helper.make_node("ReduceMax", [f"{side}_ups"], [f"{side}_last"], axes=[2], keepdims=0),
            helper.make_node("Mul", [f"{side}_line", "down"], [f"{side}_downs"]),
            helper.make_node("ReduceMax", [f"{side}_downs"], [f"{side}_reach"], axes=[2], keepdims=0),
            helper.make_node("Sub", ["size", f"{side}_reach"], [f"{side}_first"]),
            helper.make_node("Sub", [f"{side}_first", "margin"], [f"{side}1"]),
            helper.make_node("Add", [f"{side}_last", "margin"], [f"{side}2"]),
            helper.make_node("Add", [f"{side}1", f"{side}2"], [f"{side}_sum"]),
            helper.make_node("Mul", [f"{side}_sum", "half"], [f"{side}_centre"]),
            helper.make_node("Sub", [f"{side}2", f"{side}1"], [f"{side}_extent"]),
        ]
    numbers = ["x_centre", "y_centre", "x_extent", "y_extent"]
    nodes += [helper.make_node("Unsqueeze", [name, "middle"], [f"{name}_row"]) for name in numbers]
    nodes += [
        helper.make_node("ReduceMax", ["x_line"], ["there"], axes=[2], keepdims=0),
        helper.make_node("Unsqueeze", ["there", "middle"], ["there_row"]),
        helper.make_node("Mul", ["there_row", "scores"], ["named"]),
        helper.make_node("Concat", [*(f"{name}_row" for name in numbers), "named"], ["output"], axis=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 4 + len(labels), len(colours)])
    initial = [numpy_helper.from_array(np.asarray(array, array.dtype), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "blocks", [image], [output], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
