"""The backends of a network: runtime, precision and device; which of them are open, and which is chosen.

Everything here is a pure function but ``host_capabilities``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from boxlens.domain.errors import BadInput, ModelMissing

Runtime = Literal["onnx", "openvino", "torch"]
Precision = Literal["fp32", "int8", "bf16"]
Device = Literal["cpu", "cuda"]
RUNTIMES: tuple[Runtime, ...] = ("onnx", "openvino", "torch")
PRECISIONS: dict[Runtime, tuple[Precision, ...]] = {
    "onnx": ("fp32", "int8"),
    "openvino": ("fp32", "int8", "bf16"),
    "torch": ("fp32", "bf16"),
}
MIN_SPEEDUP = 1.1  # how many times as fast another backend must be before plain fp32 is left for it
_PACKAGES = {"onnx": ("onnxruntime",), "openvino": ("openvino",), "torch": ("torch", "timm", "cn_clip", "safetensors")}


@dataclass(frozen=True, slots=True)
class Backend:
    """How a network is run."""

    runtime: Runtime = "onnx"
    precision: Precision = "fp32"
    device: Device = "cpu"

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision}" + (" on cuda" if self.device == "cuda" else "")


@dataclass(frozen=True, slots=True)
class BackendRequest:
    """What the settings ask for."""

    runtime: Literal["auto", "onnx", "openvino", "torch"] = "onnx"
    precision: Literal["auto", "fp32", "int8", "bf16"] = "fp32"
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, slots=True)
class ModelVariants:
    """What a pack holds of one network beside its fp32 ONNX file. A detector has neither and stays fp32. ``text``: it
    takes texts."""

    name: str
    int8: bool = False
    torch: bool = False
    encoder: bool = True
    text: bool = False


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What is here: installed runtimes, a GPU that torch can use, bf16 instructions of the processor."""

    installed: frozenset[Runtime] = frozenset({"onnx"})
    cuda: bool = False
    bf16: bool = False


def backends(request: BackendRequest, variants: ModelVariants, host: HostCapabilities) -> tuple[Backend, ...]:
    """The backends open to a network, the most faithful first; never none.

    A network without an int8 file runs in fp32 where int8 is asked for, a detector also where bf16 or torch is. Raises
    BadInput for a setting that contradicts another, ModelMissing when what is asked for is not installed or not in
    the pack, with what to do.
    """
    _check(request)
    if not variants.encoder:
        return tuple(Backend(runtime) for runtime in _runtimes(request.runtime, variants, host))
    device: Device = "cuda" if host.cuda and request.device != "cpu" else "cpu"
    if request.device == "cuda" and device == "cpu":
        raise ModelMissing(
            "BOXLENS_DEVICE is cuda, and torch finds no GPU here.",
            hint="Install a torch built for CUDA and the GPU's driver, or set BOXLENS_DEVICE=cpu.",
        )
    runtimes = _runtimes("torch" if request.device == "cuda" else request.runtime, variants, host)
    open_backends = tuple(
        Backend(runtime, precision, device if runtime == "torch" else "cpu")
        for runtime in runtimes
        for precision in _precisions(runtime, request, variants, host.bf16 or (runtime == "torch" and device == "cuda"))
    )
    if not open_backends:
        raise ModelMissing("No installed runtime computes in bf16: openvino and torch do.", hint=install("openvino"))
    return open_backends


def breaks(runtime: Runtime, precision: Precision, variants: ModelVariants) -> bool:
    """Whether a network must not be run so: OpenVINO's bf16 ends the whole program (a division by zero inside it) with
    a table of word pieces held in int8, as that of the bundled photo pack is. A text costs little in any precision.
    """
    return runtime == "openvino" and precision == "bf16" and variants.text


def fastest(rates: Mapping[Backend, float]) -> Backend:
    """The backend to take, from rows a second of each, the most faithful first.

    Another than the first is taken only when it is MIN_SPEEDUP times as fast, so that a draw does not cost precision.

    >>> plain, small = Backend(), Backend("onnx", "int8")
    >>> str(fastest({plain: 10.0, small: 10.5})), str(fastest({plain: 10.0, small: 28.0}))
    ('onnx fp32', 'onnx int8')
    """
    first = next(iter(rates))
    best = max(rates, key=lambda backend: rates[backend])
    return best if rates[best] >= MIN_SPEEDUP * rates[first] else first


def missing_packages(runtime: Runtime) -> list[str]:
    """The packages of a runtime that are not installed."""
    return [name for name in _PACKAGES[runtime] if importlib.util.find_spec(name) is None]


def versions() -> dict[str, str]:
    """The installed version of each runtime that is here."""
    return {
        runtime: importlib.metadata.version(_PACKAGES[runtime][0])
        for runtime in RUNTIMES
        if not missing_packages(runtime)
    }


def host_capabilities(*, look_for_gpu: bool) -> HostCapabilities:
    """What is here. ``look_for_gpu`` imports torch, which takes seconds."""
    installed = frozenset(runtime for runtime in RUNTIMES if not missing_packages(runtime))
    cuda = False
    if look_for_gpu and "torch" in installed:
        import torch

        cuda = torch.cuda.is_available()
    return HostCapabilities(installed, cuda, bool({"avx512_bf16", "amx_bf16"} & _cpu("flags")))


def processor() -> str:
    """The processor's name and the instructions that matter to a choice."""
    instructions = {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8"} & _cpu("flags")
    name = " ".join(sorted(_cpu("model name"))) or platform.processor()
    return f"{platform.machine()} {name} {' '.join(sorted(instructions))}".strip()


def install(runtime: Runtime) -> str:
    """How a runtime is brought in."""
    return (
        "In a checkout: BOXLENS_TORCH=yes ./boxlens … (it holds openvino and torch); "
        f"elsewhere: pip install 'boxlens[{runtime}]'"
    )


def _cpu(field: str) -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith(field)), set())


def _check(request: BackendRequest) -> None:
    if request.runtime != "auto" and request.precision not in ("auto", *PRECISIONS[request.runtime]):
        raise BadInput(
            f"BOXLENS_RUNTIME={request.runtime} does not compute in {request.precision}.",
            hint=f"Set BOXLENS_PRECISION to auto, {' or '.join(PRECISIONS[request.runtime])}, or take another runtime.",
        )
    if request.device == "cuda" and request.runtime in ("onnx", "openvino"):
        raise BadInput(
            f"BOXLENS_RUNTIME={request.runtime} runs on the processor; the GPU is used by torch alone.",
            hint="Set BOXLENS_RUNTIME=torch (or auto), or BOXLENS_DEVICE=cpu.",
        )
    if request.device == "cuda" and request.precision == "int8":
        raise BadInput("int8 runs on the processor alone.", hint="Set BOXLENS_PRECISION=bf16, or BOXLENS_DEVICE=cpu.")


def _runtimes(request: str, variants: ModelVariants, host: HostCapabilities) -> tuple[Runtime, ...]:
    if not variants.encoder and request == "torch":
        return ("onnx",)  # neither timm nor cn_clip has detectors
    if request == "auto":
        usable = (r for r in RUNTIMES if r in host.installed)
        return tuple(r for r in usable if r != "torch" or variants.torch)
    chosen = next(runtime for runtime in RUNTIMES if runtime == request)
    if chosen not in host.installed:
        raise ModelMissing(
            f"The runtime {chosen} is asked for, and not installed: {', '.join(missing_packages(chosen)) or chosen}.",
            hint=install(chosen),
        )
    if chosen == "torch" and not variants.torch:
        raise ModelMissing(
            f"The runtime torch is asked for, and {variants.name} has no torch weights.",
            hint="Make the pack with them: boxlens models pull or export with --torch; or set BOXLENS_RUNTIME=auto.",
        )
    return (chosen,)


def _precisions(
    runtime: Runtime, request: BackendRequest, variants: ModelVariants, bf16: bool
) -> tuple[Precision, ...]:
    can = PRECISIONS[runtime]
    if breaks(runtime, "bf16", variants):
        bf16 = False
        if request.precision == "bf16":
            return ("fp32",)
    if request.precision == "auto":
        if runtime == "torch":
            return ("bf16",) if bf16 else ("fp32",)
        smaller: tuple[Precision, ...] = ("int8",) if variants.int8 else ("bf16",) if bf16 and "bf16" in can else ()
        return ("fp32", *smaller)
    if request.precision == "int8" and not variants.int8:
        return ("fp32",)
    return (request.precision,) if request.precision in can else ()
