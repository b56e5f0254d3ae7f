"""From what a pack holds of a network, and what the settings ask for, to the session that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from boxlens.models.packs.spec import FileSpec, Int8Spec, PackSpec, TorchSpec
from boxlens.models.runtimes.autotune import AutotunedSession, ChoiceFile
from boxlens.models.runtimes.backends import (
    Backend,
    BackendRequest,
    HostCapabilities,
    ModelVariants,
    backends,
    host_capabilities,
)
from boxlens.models.runtimes.onnx_session import OnnxSession
from boxlens.models.runtimes.openvino_session import OpenVinoSession
from boxlens.models.runtimes.session import Session, TensorSpec
from boxlens.models.runtimes.torch_session import TorchSession, image_tower, text_tower, timm_network

Network = Literal["detector", "vit", "clip_image", "clip_text"]
NETWORKS: tuple[Network, ...] = ("detector", "vit", "clip_image", "clip_text")
_ROWS: dict[Network, int] = {"detector": 2, "vit": 8, "clip_image": 8, "clip_text": 1}  # as many as it meets in use


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How networks are run: what is asked for, ``threads`` each (0: as many as cores), where choices are remembered
    (None: nowhere), and ``report``, which is called with a line about each."""

    request: BackendRequest = field(default_factory=BackendRequest)
    threads: int = 0
    choices: Path | None = None
    report: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """All a pack holds of one network. ``load`` gives its torch module, None without torch weights."""

    name: Network
    fp32: Path
    int8: Path | None = None
    load: Callable[[], Any] | None = None
    input: TensorSpec | None = None
    dims: int = 0
    hashes: tuple[str, ...] = ()

    @property
    def variants(self) -> ModelVariants:
        held = (self.int8 is not None, self.load is not None)
        return ModelVariants(self.name, *held, encoder=self.name != "detector", text=self.name == "clip_text")


def model_files(spec: PackSpec, paths: Mapping[FileSpec, Path]) -> dict[Network, ModelFiles]:
    """The networks of a pack but OCR, which rapidocr runs itself."""
    networks: dict[Network, ModelFiles] = {}
    if spec.detector:
        networks["detector"] = ModelFiles("detector", paths[spec.detector.model], hashes=(spec.detector.model.sha256,))
    if vit := spec.vit:
        load = partial(timm_network, paths[vit.torch.file], vit.torch) if vit.torch else None
        source = TensorSpec("image", (None, 3, *vit.preprocess.size), "float32")
        networks["vit"] = _files("vit", paths, vit.model, vit.int8, vit.torch, load, source, vit.dims)
    if clip := spec.clip:
        load = partial(image_tower, paths[clip.torch.file], clip.torch) if clip.torch else None
        source = TensorSpec("image", (None, 3, *clip.preprocess.size), "float32")
        args = (clip.image, clip.image_int8, clip.torch, load, source, clip.dims)
        networks["clip_image"] = _files("clip_image", paths, *args)
        load = partial(text_tower, paths[clip.torch.file], clip.torch) if clip.torch else None
        source = TensorSpec("text", (None, clip.context_length), "int64")
        args = (clip.text, clip.text_int8, clip.torch, load, source, clip.dims)
        networks["clip_text"] = _files("clip_text", paths, *args)
    return networks


def _files(
    name: Network,
    paths: Mapping[FileSpec, Path],
    plain: FileSpec,
    int8: Int8Spec | None,
    torch: TorchSpec | None,
    load: Callable[[], Any] | None,
    source: TensorSpec,
    dims: int,
) -> ModelFiles:
    held = (plain, *(part.file for part in (int8, torch) if part))
    hashes = tuple(file.sha256 for file in held)
    return ModelFiles(name, paths[plain], paths[int8.file] if int8 else None, load, source, dims, hashes)


def make_session(backend: Backend, files: ModelFiles, threads: int = 0) -> Session:
    """The session of one backend, which must be open to the network."""
    path = files.int8 if backend.precision == "int8" and files.int8 else files.fp32
    if backend.runtime == "torch":
        assert files.load is not None
        assert files.input is not None
        precision: Literal["fp32", "bf16"] = "bf16" if backend.precision == "bf16" else "fp32"
        return TorchSession(
            files.load, files.input, files.dims, threads=threads, precision=precision, device=backend.device
        )
    if backend.runtime == "openvino":
        return OpenVinoSession(path, threads=threads, precision="bf16" if backend.precision == "bf16" else "fp32")
    return OnnxSession(path, threads=threads)


def host_for(request: BackendRequest, files: Mapping[Network, ModelFiles]) -> HostCapabilities:
    """What is here, torch asked for its GPU only where torch could run one of these networks."""
    could = any(of_network.load for of_network in files.values()) and request.runtime in ("auto", "torch")
    return host_capabilities(look_for_gpu=request.device != "cpu" and (could or request.device == "cuda"))


def make_sessions(
    pack: str, files: Mapping[Network, ModelFiles], running: RunSettings
) -> dict[Network, AutotunedSession]:
    """A session for each network, none loaded yet. Raises BadInput and ModelMissing as ``backends`` does."""
    host, choices = host_for(running.request, files), ChoiceFile(running.choices)
    return {
        name: AutotunedSession(
            f"{name} of pack {pack}",
            {
                backend: make_session(backend, of_network, running.threads)
                for backend in backends(running.request, of_network.variants, host)
            },
            files=of_network.hashes,
            rows=_ROWS[name],
            choices=choices,
            report=running.report,
            threads=running.threads,
        )
        for name, of_network in files.items()
    }
