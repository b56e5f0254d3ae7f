"""The ways a network can be run: a runtime, a precision and a device; which of them are open, and which is chosen.

Everything here is a pure function but ``this_machine``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embedding_pipeline.errors import BadInput, ModelMissing

Runtime = Literal["onnx", "openvino", "torch"]
Precision = Literal["fp32", "int8", "bf16"]
Device = Literal["cpu", "cuda"]
RUNTIMES: tuple[Runtime, ...] = ("onnx", "openvino", "torch")
CAN: dict[Runtime, tuple[Precision, ...]] = {
    "onnx": ("fp32", "int8"),
    "openvino": ("fp32", "int8", "bf16"),
    "torch": ("fp32", "bf16"),
}
WORTH = 1.1  # how many times as fast another way must be before plain fp32 is left for it
_PACKAGES = {"onnx": ("onnxruntime",), "openvino": ("openvino",), "torch": ("torch", "timm", "cn_clip", "safetensors")}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a network."""

    runtime: Runtime = "onnx"
    precision: Precision = "fp32"
    device: Device = "cpu"

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision}" + (" on cuda" if self.device == "cuda" else "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings ask for."""

    runtime: Literal["auto", "onnx", "openvino", "torch"] = "onnx"
    precision: Literal["auto", "fp32", "int8", "bf16"] = "fp32"
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pack holds of one network beside its fp32 ONNX file. A detector has neither and stays fp32."""

    name: str
    int8: bool = False
    torch: bool = False
    encoder: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    """What is here: installed runtimes, a GPU that torch can use, bf16 instructions of the processor."""

    installed: frozenset[Runtime] = frozenset({"onnx"})
    cuda: bool = False
    bf16: bool = False


def ways(wanted: Wanted, offer: Offer, machine: Machine) -> tuple[Way, ...]:
    """The ways open to a network, the most faithful first; never none.

    A network without an int8 file runs in fp32 where int8 is asked for, a detector also where bf16 or torch is. Raises
    BadInput for a setting that contradicts another, ModelMissing when what is asked for is not installed or not in
    the pack, with what to do.
    """
    _check(wanted)
    if not offer.encoder:
        return tuple(Way(runtime) for runtime in _runtimes(wanted.runtime, offer, machine))
    device: Device = "cuda" if machine.cuda and wanted.device != "cpu" else "cpu"
    if wanted.device == "cuda" and device == "cpu":
        raise ModelMissing(
            "BOXLENS_DEVICE is cuda, and torch finds no GPU here.",
            hint="Install a torch built for CUDA and the GPU's driver, or set BOXLENS_DEVICE=cpu.",
        )
    runtimes = _runtimes("torch" if wanted.device == "cuda" else wanted.runtime, offer, machine)
    found = tuple(
        Way(runtime, precision, device if runtime == "torch" else "cpu")
        for runtime in runtimes
        for precision in _precisions(runtime, wanted, offer, machine.bf16 or (runtime == "torch" and device == "cuda"))
    )
    if not found:
        raise ModelMissing("No installed runtime computes in bf16: openvino and torch do.", hint=install("openvino"))
    return found


def fastest(rates: Mapping[Way, float]) -> Way:
    """The way to take, from rows a second of each, the most faithful way first.

    Another than the first is taken only when it is WORTH times as fast, so that a draw does not cost precision.

    >>> str(fastest({Way(): 10.0, Way("onnx", "int8"): 10.5})), str(fastest({Way(): 10.0, Way("onnx", "int8"): 28.0}))
    ('onnx fp32', 'onnx int8')
    """
    first = next(iter(rates))
    best = max(rates, key=lambda way: rates[way])
    return best if rates[best] >= WORTH * rates[first] else first


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


def this_machine(*, look_for_gpu: bool) -> Machine:
    """What is here. ``look_for_gpu`` imports torch, which takes seconds."""
    installed = frozenset(runtime for runtime in RUNTIMES if not missing_packages(runtime))
    cuda = False
    if look_for_gpu and "torch" in installed:
        import torch

        cuda = torch.cuda.is_available()
    return Machine(installed, cuda, bool({"avx512_bf16", "amx_bf16"} & _cpu("flags")))


def processor() -> str:
    """The processor's name and the instructions that matter to a choice."""
    told = {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8"} & _cpu("flags")
    name = " ".join(sorted(_cpu("model name"))) or platform.processor()
    return f"{platform.machine()} {name} {' '.join(sorted(told))}".strip()


def install(runtime: Runtime) -> str:
    """How a runtime is brought in."""
    return (
        "In a checkout: BOXLENS_TORCH=yes ./boxlens … (it holds openvino and torch); "
        f"elsewhere: pip install 'embedding-pipeline[{runtime}]'"
    )


def _cpu(field: str) -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith(field)), set())


def _check(wanted: Wanted) -> None:
    if wanted.runtime != "auto" and wanted.precision not in ("auto", *CAN[wanted.runtime]):
        raise BadInput(
            f"BOXLENS_RUNTIME={wanted.runtime} does not compute in {wanted.precision}.",
            hint=f"Set BOXLENS_PRECISION to auto, {' or '.join(CAN[wanted.runtime])}, or take another runtime.",
        )
    if wanted.device == "cuda" and wanted.runtime in ("onnx", "openvino"):
        raise BadInput(
            f"BOXLENS_RUNTIME={wanted.runtime} runs on the processor; the GPU is used by torch alone.",
            hint="Set BOXLENS_RUNTIME=torch (or auto), or BOXLENS_DEVICE=cpu.",
        )
    if wanted.device == "cuda" and wanted.precision == "int8":
        raise BadInput("int8 runs on the processor alone.", hint="Set BOXLENS_PRECISION=bf16, or BOXLENS_DEVICE=cpu.")


def _runtimes(wanted: str, offer: Offer, machine: Machine) -> tuple[Runtime, ...]:
    if not offer.encoder and wanted == "torch":
        return ("onnx",)  # neither timm nor cn_clip has detectors
    if wanted == "auto":
        usable = (r for r in RUNTIMES if r in machine.installed)
        return tuple(r for r in usable if r != "torch" or offer.torch)
    chosen = next(runtime for runtime in RUNTIMES if runtime == wanted)
    if chosen not in machine.installed:
        raise ModelMissing(
            f"The runtime {chosen} is asked for, and not installed: {', '.join(missing_packages(chosen)) or chosen}.",
            hint=install(chosen),
        )
    if chosen == "torch" and not offer.torch:
        raise ModelMissing(
            f"The runtime torch is asked for, and {offer.name} has no torch weights.",
            hint="Make the pack with them: boxlens models pull or export with --torch; or set BOXLENS_RUNTIME=auto.",
        )
    return (chosen,)


def _precisions(runtime: Runtime, wanted: Wanted, offer: Offer, bf16: bool) -> tuple[Precision, ...]:
    can = CAN[runtime]
    if wanted.precision == "auto":
        if runtime == "torch":
            return ("bf16",) if bf16 else ("fp32",)
        smaller: tuple[Precision, ...] = ("int8",) if offer.int8 else ("bf16",) if bf16 and "bf16" in can else ()
        return ("fp32", *smaller)
    if wanted.precision == "int8" and not offer.int8:
        return ("fp32",)
    return (wanted.precision,) if wanted.precision in can else ()
