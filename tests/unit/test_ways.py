"""Which ways of running a network are open, which one is taken, and what is said when one is not there."""

from __future__ import annotations

import pytest

from embedding_pipeline.errors import BadInput, ModelMissing
from embedding_pipeline.models.ways import Machine, Offer, Wanted, Way, fastest, versions, ways

ALL = Machine(frozenset({"onnx", "openvino", "torch"}), bf16=True)
LIGHT = Machine()
GPU = Machine(frozenset({"onnx", "torch"}), cuda=True)
WHOLE = Offer("vit", int8=True, torch=True)
PLAIN = Offer("vit")
DETECTOR = Offer("detector", encoder=False)


def named(wanted: Wanted, offer: Offer, machine: Machine) -> list[str]:
    return [str(way) for way in ways(wanted, offer, machine)]


@pytest.mark.parametrize(
    ("wanted", "offer", "machine", "open_ways"),
    [
        (Wanted(), WHOLE, ALL, ["onnx fp32"]),
        (Wanted("auto", "auto"), PLAIN, LIGHT, ["onnx fp32"]),
        (Wanted("auto", "auto"), WHOLE, LIGHT, ["onnx fp32", "onnx int8"]),
        (
            Wanted("auto", "auto"),
            WHOLE,
            ALL,
            ["onnx fp32", "onnx int8", "openvino fp32", "openvino int8", "torch bf16"],
        ),
        (Wanted("auto", "auto"), PLAIN, ALL, ["onnx fp32", "openvino fp32", "openvino bf16"]),
        (Wanted("auto", "auto"), WHOLE, GPU, ["onnx fp32", "onnx int8", "torch bf16 on cuda"]),
        (Wanted("auto", "auto", "cpu"), WHOLE, GPU, ["onnx fp32", "onnx int8", "torch fp32"]),
        (Wanted("auto", "auto", "cuda"), WHOLE, GPU, ["torch bf16 on cuda"]),
        (Wanted("torch", "fp32"), WHOLE, GPU, ["torch fp32 on cuda"]),
        (Wanted("auto", "int8"), PLAIN, LIGHT, ["onnx fp32"]),
        (Wanted("onnx", "int8"), WHOLE, LIGHT, ["onnx int8"]),
        (Wanted("auto", "bf16"), WHOLE, ALL, ["openvino bf16", "torch bf16"]),
        (Wanted("auto", "auto"), DETECTOR, ALL, ["onnx fp32", "openvino fp32"]),
        (Wanted("torch", "bf16", "cuda"), DETECTOR, GPU, ["onnx fp32"]),
        (Wanted("openvino", "bf16"), DETECTOR, ALL, ["openvino fp32"]),
    ],
)
def test_the_ways_that_are_open(wanted: Wanted, offer: Offer, machine: Machine, open_ways: list[str]) -> None:
    assert named(wanted, offer, machine) == open_ways


@pytest.mark.parametrize(
    ("wanted", "offer", "machine", "said", "repair"),
    [
        (Wanted("openvino"), PLAIN, LIGHT, "openvino", "pip install 'embedding-pipeline[openvino]'"),
        (Wanted("torch"), WHOLE, LIGHT, "torch", "pip install 'embedding-pipeline[torch]'"),
        (Wanted("torch"), PLAIN, ALL, "no torch weights", "--torch"),
        (Wanted("torch", device="cuda"), WHOLE, ALL, "no GPU", "BOXLENS_DEVICE=cpu"),
        (Wanted("auto", device="cuda"), PLAIN, GPU, "no torch weights", "--torch"),
        (Wanted("auto", "bf16"), WHOLE, LIGHT, "bf16", "pip install"),
    ],
)
def test_what_is_not_there_is_named_with_its_repair(
    wanted: Wanted, offer: Offer, machine: Machine, said: str, repair: str
) -> None:
    with pytest.raises(ModelMissing) as caught:
        ways(wanted, offer, machine)
    assert said in caught.value.detail
    assert repair in caught.value.hint


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("onnx", "bf16"),
        Wanted("torch", "int8"),
        Wanted("onnx", device="cuda"),
        Wanted("openvino", device="cuda"),
        Wanted("auto", "int8", "cuda"),
    ],
)
def test_settings_that_contradict_one_another(wanted: Wanted) -> None:
    with pytest.raises(BadInput) as caught:
        ways(wanted, WHOLE, ALL)
    assert "BOXLENS_" in caught.value.hint


INT8, VINO = Way("onnx", "int8"), Way("openvino", "int8")


@pytest.mark.parametrize(
    ("rates", "taken"),
    [
        ({Way(): 10.0}, Way()),
        ({Way(): 10.0, INT8: 28.0, VINO: 35.0}, VINO),
        ({Way(): 10.0, INT8: 10.9}, Way()),  # not worth its precision
        ({Way(): 10.0, INT8: 11.0}, INT8),
        ({Way(): 10.0, INT8: 4.0, VINO: 9.0}, Way()),
        ({INT8: 5.0, VINO: 6.0}, VINO),  # plain fp32 did not run
    ],
)
def test_the_fastest_is_taken_when_it_is_worth_it(rates: dict[Way, float], taken: Way) -> None:
    assert fastest(rates) == taken


def test_onnxruntime_is_always_here() -> None:
    assert versions()["onnx"]
