"""Which backends are open to a network, which one is taken, and what is said when one is not installed."""

from __future__ import annotations

import pytest

from boxlens.domain.errors import BadInput, ModelMissing
from boxlens.models.runtimes.backends import (
    Backend,
    BackendRequest,
    HostCapabilities,
    ModelVariants,
    backends,
    fastest,
    versions,
)

ALL = HostCapabilities(frozenset({"onnx", "openvino", "torch"}), bf16=True)
LIGHT = HostCapabilities()
GPU = HostCapabilities(frozenset({"onnx", "torch"}), cuda=True)
WHOLE = ModelVariants("vit", int8=True, torch=True)
PLAIN = ModelVariants("vit")
TEXT = ModelVariants("clip_text", text=True)
DETECTOR = ModelVariants("detector", encoder=False)


def named(backend_request: BackendRequest, variants: ModelVariants, host: HostCapabilities) -> list[str]:
    return [str(backend) for backend in backends(backend_request, variants, host)]


@pytest.mark.parametrize(
    ("backend_request", "variants", "host", "open_backends"),
    [
        (BackendRequest(), WHOLE, ALL, ["onnx fp32"]),
        (BackendRequest("auto", "auto"), PLAIN, LIGHT, ["onnx fp32"]),
        (BackendRequest("auto", "auto"), WHOLE, LIGHT, ["onnx fp32", "onnx int8"]),
        (
            BackendRequest("auto", "auto"),
            WHOLE,
            ALL,
            ["onnx fp32", "onnx int8", "openvino fp32", "openvino int8", "torch bf16"],
        ),
        (BackendRequest("auto", "auto"), PLAIN, ALL, ["onnx fp32", "openvino fp32", "openvino bf16"]),
        (BackendRequest("auto", "auto"), WHOLE, GPU, ["onnx fp32", "onnx int8", "torch bf16 on cuda"]),
        (BackendRequest("auto", "auto", "cpu"), WHOLE, GPU, ["onnx fp32", "onnx int8", "torch fp32"]),
        (BackendRequest("auto", "auto", "cuda"), WHOLE, GPU, ["torch bf16 on cuda"]),
        (BackendRequest("torch", "fp32"), WHOLE, GPU, ["torch fp32 on cuda"]),
        (BackendRequest("auto", "int8"), PLAIN, LIGHT, ["onnx fp32"]),
        (BackendRequest("onnx", "int8"), WHOLE, LIGHT, ["onnx int8"]),
        (BackendRequest("auto", "bf16"), WHOLE, ALL, ["openvino bf16", "torch bf16"]),
        (BackendRequest("auto", "auto"), DETECTOR, ALL, ["onnx fp32", "openvino fp32"]),
        (BackendRequest("auto", "auto"), TEXT, ALL, ["onnx fp32", "openvino fp32"]),
        (BackendRequest("openvino", "bf16"), TEXT, ALL, ["openvino fp32"]),
        (BackendRequest("torch", "bf16", "cuda"), DETECTOR, GPU, ["onnx fp32"]),
        (BackendRequest("openvino", "bf16"), DETECTOR, ALL, ["openvino fp32"]),
    ],
)
def test_the_backends_that_are_open(
    backend_request: BackendRequest, variants: ModelVariants, host: HostCapabilities, open_backends: list[str]
) -> None:
    assert named(backend_request, variants, host) == open_backends


@pytest.mark.parametrize(
    ("backend_request", "variants", "host", "detail", "repair"),
    [
        (BackendRequest("openvino"), PLAIN, LIGHT, "openvino", "pip install 'boxlens[openvino]'"),
        (BackendRequest("torch"), WHOLE, LIGHT, "torch", "pip install 'boxlens[torch]'"),
        (BackendRequest("torch"), PLAIN, ALL, "no torch weights", "--torch"),
        (BackendRequest("torch", device="cuda"), WHOLE, ALL, "no GPU", "BOXLENS_DEVICE=cpu"),
        (BackendRequest("auto", device="cuda"), PLAIN, GPU, "no torch weights", "--torch"),
        (BackendRequest("auto", "bf16"), WHOLE, LIGHT, "bf16", "pip install"),
    ],
)
def test_what_is_not_there_is_named_with_its_repair(
    backend_request: BackendRequest, variants: ModelVariants, host: HostCapabilities, detail: str, repair: str
) -> None:
    with pytest.raises(ModelMissing) as caught:
        backends(backend_request, variants, host)
    assert detail in caught.value.detail
    assert repair in caught.value.hint


@pytest.mark.parametrize(
    "backend_request",
    [
        BackendRequest("onnx", "bf16"),
        BackendRequest("torch", "int8"),
        BackendRequest("onnx", device="cuda"),
        BackendRequest("openvino", device="cuda"),
        BackendRequest("auto", "int8", "cuda"),
    ],
)
def test_settings_that_contradict_one_another(backend_request: BackendRequest) -> None:
    with pytest.raises(BadInput) as caught:
        backends(backend_request, WHOLE, ALL)
    assert "BOXLENS_" in caught.value.hint


INT8, VINO = Backend("onnx", "int8"), Backend("openvino", "int8")


@pytest.mark.parametrize(
    ("rates", "taken"),
    [
        ({Backend(): 10.0}, Backend()),
        ({Backend(): 10.0, INT8: 28.0, VINO: 35.0}, VINO),
        ({Backend(): 10.0, INT8: 10.9}, Backend()),  # not worth its precision
        ({Backend(): 10.0, INT8: 11.0}, INT8),
        ({Backend(): 10.0, INT8: 4.0, VINO: 9.0}, Backend()),
        ({INT8: 5.0, VINO: 6.0}, VINO),  # plain fp32 did not run
    ],
)
def test_the_fastest_is_taken_when_it_is_worth_it(rates: dict[Backend, float], taken: Backend) -> None:
    assert fastest(rates) == taken


def test_onnxruntime_is_always_here() -> None:
    assert versions()["onnx"]
