"""From what a pack holds of a network, and what the settings ask for, to the session that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from embedding_pipeline.models.openvino_session import OpenVinoSession
from embedding_pipeline.models.pack_spec import FileSpec, Int8Spec, PackSpec, TorchSpec
from embedding_pipeline.models.probing import Choices, ChosenSession
from embedding_pipeline.models.runtime import OnnxSession, Session, TensorSpec
from embedding_pipeline.models.torch_session import TorchSession, image_tower, text_tower, timm_network
from embedding_pipeline.models.ways import Machine, Offer, Wanted, Way, this_machine, ways

Network = Literal["detector", "vit", "clip_image", "clip_text"]
NETWORKS: tuple[Network, ...] = ("detector", "vit", "clip_image", "clip_text")
_ROWS: dict[Network, int] = {"detector": 2, "vit": 8, "clip_image": 8, "clip_text": 1}  # as many as it meets in use


@dataclass(frozen=True, slots=True)
class Running:
    """How networks are run: what is asked for, ``threads`` each (0: as many as cores), where choices are remembered
    (None: nowhere), and who is told of them."""

    wanted: Wanted = field(default_factory=Wanted)
    threads: int = 0
    choices: Path | None = None
    said: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Files:
    """All a pack holds of one network. ``load`` gives its torch module, None without torch weights."""

    name: Network
    fp32: Path
    int8: Path | None = None
    load: Callable[[], Any] | None = None
    input: TensorSpec | None = None
    dims: int = 0
    hashes: tuple[str, ...] = ()

    @property
    def offer(self) -> Offer:
        return Offer(self.name, self.int8 is not None, self.load is not None, encoder=self.name != "detector")


def files_of(spec: PackSpec, paths: Mapping[FileSpec, Path]) -> dict[Network, Files]:
    """The networks of a pack but OCR, which rapidocr runs itself."""
    found: dict[Network, Files] = {}
    if spec.detector:
        found["detector"] = Files("detector", paths[spec.detector.model], hashes=(spec.detector.model.sha256,))
    if vit := spec.vit:
        load = partial(timm_network, paths[vit.torch.file], vit.torch) if vit.torch else None
        source = TensorSpec("image", (None, 3, *vit.preprocess.size), "float32")
        found["vit"] = _files("vit", paths, vit.model, vit.int8, vit.torch, load, source, vit.dims)
    if clip := spec.clip:
        load = partial(image_tower, paths[clip.torch.file], clip.torch) if clip.torch else None
        source = TensorSpec("image", (None, 3, *clip.preprocess.size), "float32")
        args = (clip.image, clip.image_int8, clip.torch, load, source, clip.dims)
        found["clip_image"] = _files("clip_image", paths, *args)
        load = partial(text_tower, paths[clip.torch.file], clip.torch) if clip.torch else None
        source = TensorSpec("text", (None, clip.context_length), "int64")
        args = (clip.text, clip.text_int8, clip.torch, load, source, clip.dims)
        found["clip_text"] = _files("clip_text", paths, *args)
    return found


def _files(
    name: Network,
    paths: Mapping[FileSpec, Path],
    plain: FileSpec,
    int8: Int8Spec | None,
    torch: TorchSpec | None,
    load: Callable[[], Any] | None,
    source: TensorSpec,
    dims: int,
) -> Files:
    held = (plain, *(part.file for part in (int8, torch) if part))
    hashes = tuple(file.sha256 for file in held)
    return Files(name, paths[plain], paths[int8.file] if int8 else None, load, source, dims, hashes)


def session_by(way: Way, files: Files, threads: int = 0) -> Session:
    """The session of one way. The way must be open to the network."""
    path = files.int8 if way.precision == "int8" and files.int8 else files.fp32
    if way.runtime == "torch":
        assert files.load is not None
        assert files.input is not None
        precision: Literal["fp32", "bf16"] = "bf16" if way.precision == "bf16" else "fp32"
        return TorchSession(
            files.load, files.input, files.dims, threads=threads, precision=precision, device=way.device
        )
    if way.runtime == "openvino":
        return OpenVinoSession(path, threads=threads, precision="bf16" if way.precision == "bf16" else "fp32")
    return OnnxSession(path, threads=threads)


def machine_for(wanted: Wanted, files: Mapping[Network, Files]) -> Machine:
    """What is here, torch asked for its GPU only where torch could run one of these networks."""
    could = any(each.load for each in files.values()) and wanted.runtime in ("auto", "torch")
    return this_machine(look_for_gpu=wanted.device != "cpu" and (could or wanted.device == "cuda"))


def sessions_of(pack: str, files: Mapping[Network, Files], running: Running) -> dict[Network, ChosenSession]:
    """A session for each network, none loaded yet. Raises BadInput and ModelMissing as ``ways`` does."""
    machine, choices = machine_for(running.wanted, files), Choices(running.choices)
    return {
        name: ChosenSession(
            f"{name} of pack {pack}",
            {way: session_by(way, each, running.threads) for way in ways(running.wanted, each.offer, machine)},
            files=each.hashes,
            rows=_ROWS[name],
            choices=choices,
            said=running.said,
            threads=running.threads,
        )
        for name, each in files.items()
    }
