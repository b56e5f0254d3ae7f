"""The Session port by torch, the extra ``torch``: timm and cn_clip themselves, on the processor or a CUDA GPU.

The CUDA path is the same code with another device; it has not been run on a GPU by this project.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from boxlens.domain.errors import ModelMissing
from boxlens.models.packs.spec import TorchSpec
from boxlens.models.runtimes.backends import Device, install, missing_packages
from boxlens.models.runtimes.session import Array, TensorSpec

# whatever a pack's arguments say: no weights but its own
_NOTHING_ELSE = {"pretrained": False, "checkpoint_path": "", "num_classes": 0}
_REPAIR = "Check the pack: boxlens models verify NAME; make it again: boxlens models pull or export with --torch"


class TorchSession:
    """A network of timm or cn_clip with the weights of a pack, loaded at first use; for many threads at once.

    ``load`` gives the module in fp32; ``precision`` bf16 keeps weights and matrix products in bf16, norms in
    fp32. What comes back is float32. Raises ModelMissing when torch is not installed or the weights do not fit.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        source: TensorSpec,
        dims: int,
        *,
        threads: int = 0,
        precision: Literal["fp32", "bf16"] = "fp32",
        device: Device = "cpu",
    ) -> None:
        self._load = load
        self._input = source
        self._dims = dims
        self._threads = threads
        self._precision = precision
        self._device = device
        self._lock = threading.Lock()
        self._module: Any = None

    @property
    def input(self) -> TensorSpec:
        return self._input

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return (TensorSpec("features", (None, self._dims), "float32"),)

    def run(self, batch: Array) -> list[Array]:
        module = self._ready()
        import torch

        pixels = torch.from_numpy(batch).to(self._device)
        half = self._precision == "bf16"
        with torch.inference_mode(), torch.autocast(self._device, torch.bfloat16, enabled=half):
            return [module(pixels).float().cpu().numpy()]

    def _ready(self) -> Any:
        if self._module is None:
            with self._lock:
                if self._module is None:
                    self._module = self._placed()
        return self._module

    def _placed(self) -> Any:
        if missing := missing_packages("torch"):
            raise ModelMissing(f"torch runs this network; not installed: {', '.join(missing)}.", hint=install("torch"))
        import torch

        if self._device == "cuda" and not torch.cuda.is_available():
            raise ModelMissing("torch finds no GPU here.", hint="Set BOXLENS_DEVICE=cpu.")
        if self._threads:
            torch.set_num_threads(self._threads)
        module = self._load()
        if self._precision == "bf16":
            module = module.to(torch.bfloat16)  # so that autocast has nothing left to convert at each call
            for part in module.modules():
                if isinstance(part, torch.nn.LayerNorm):
                    part.float()  # cn_clip's own norms compute in fp32 alone
        return module.to(self._device).eval()


def timm_network(weights: Path, spec: TorchSpec) -> Any:
    """The timm network of a pack's ``torch`` entry, fp32. Raises ModelMissing."""
    import timm
    from safetensors.torch import load_file

    try:
        if not timm.is_model(spec.model):  # a name with a source in it would be fetched
            raise ValueError("timm has no such model")
        network = timm.create_model(spec.model, **(spec.arguments | _NOTHING_ELSE))
        network.load_state_dict(load_file(weights))
    except Exception as error:
        raise _unfit(weights, f"timm {spec.model}", error) from error
    return network.eval()


def clip_network(weights: Path, spec: TorchSpec) -> Any:
    """cn_clip's network with both towers, fp32. Raises ModelMissing."""
    from cn_clip.clip.model import CLIP
    from safetensors.torch import load_file

    try:
        network = CLIP(**spec.arguments)
        network.load_state_dict(load_file(weights))
    except Exception as error:
        raise _unfit(weights, f"Chinese-CLIP {spec.model}", error) from error
    return network.float().eval()


def image_tower(weights: Path, spec: TorchSpec) -> Any:
    """The image half of cn_clip's network. Raises ModelMissing."""
    return clip_network(weights, spec).visual


def text_tower(weights: Path, spec: TorchSpec) -> Any:
    """The text half of cn_clip's network, as a module of one input. Raises ModelMissing."""
    return text_half(clip_network(weights, spec))


def text_half(network: Any) -> Any:
    """The text half of a cn_clip network as a module of one input."""
    import torch

    class TextTower(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.clip = network

        def forward(self, text: Any) -> Any:
            return self.clip.encode_text(text)

    return TextTower()


def save_weights(network: Any, file: Path) -> None:
    """Write a network's state as safetensors; what fp16 holds without loss, most of Chinese-CLIP, is stored so."""
    import torch
    from safetensors.torch import save_file

    def small(value: Any) -> Any:
        half = value.half() if value.dtype == torch.float32 else value
        return half if torch.equal(half.to(value.dtype), value) else value

    # contiguous and apart: safetensors refuses tensors that share memory
    save_file({name: small(value.detach()).clone().contiguous() for name, value in network.state_dict().items()}, file)


def timm_arguments(folder: Path) -> dict[str, Any]:
    """The model arguments that a timm hub folder's config.json gives beside the architecture; {} for a file."""
    config = folder / "config.json"
    if not config.is_file():
        return {}
    return dict(json.loads(config.read_text("utf-8")).get("model_args") or {})


def _unfit(weights: Path, what: str, error: Exception) -> ModelMissing:
    return ModelMissing(f"The torch weights {weights} do not fit {what}: {error}", hint=_REPAIR)
