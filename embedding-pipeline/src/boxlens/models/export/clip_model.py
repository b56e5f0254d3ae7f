"""Chinese-CLIP (cn_clip) as the CLIP part of a pack: both towers and the vocabulary, built from its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.models.export.checkpoints.tensors import Tensors
from boxlens.models.export.checkpoints.torch_file import read_torch
from boxlens.models.export.graphs.clip_image_graph import write_image_tower
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES, check_shape, clip_shape
from boxlens.models.export.graphs.clip_text_graph import write_text_tower
from boxlens.models.export.making import Making, Parity, finish
from boxlens.models.export.torch_onnx import need_torch, torch_features
from boxlens.models.export.vocabulary import copy_vocabulary
from boxlens.models.export.written import Written
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import measured
from boxlens.models.packs.spec import ClipSpec, TorchSpec
from boxlens.models.runtimes.torch_session import save_weights, text_half
from boxlens.models.text_encoder import CONTEXT_LENGTH, SENTENCES, WordPieces

_IMAGE = "clip_image.onnx"
_TEXT = "clip_text.onnx"


@dataclass(frozen=True, slots=True)
class ClipSource:
    """``checkpoint``: a file that cn_clip's own loader reads; ``model``: one of CLIP_SHAPES, or, for a network of
    one's own shape, a JSON file with the arguments of ``cn_clip.clip.model.CLIP``."""

    checkpoint: Path
    model: str = "ViT-B-16"


def export_clip(
    source: ClipSource, folder: Path, pictures: Sequence[Pixels], making: Making
) -> tuple[ClipSpec, list[Parity]]:
    """Write clip_image.onnx, clip_text.onnx and vocab.txt into ``folder``, and what ``making`` asks for beside them.

    Raises ModelMissing.

    A ResNet image tower stays fp32: nearly all of it is convolutions, which int8 does not make faster on a CPU.
    """
    shape = clip_shape(source.model)
    image, text = write_towers(source.checkpoint, shape, folder)
    vocabulary = folder / "vocab.txt"
    copy_vocabulary(vocabulary)
    preprocess = clip_preprocess(image.side)
    batch, words = preprocess.batch(pictures), WordPieces(vocabulary)(SENTENCES)
    network = load_clip(source) if making.torch else None
    seen, read = _by_torch(network, batch, words) if network is not None else (None, None)
    int8 = making.precision == "int8"
    whole = isinstance(shape["vision_layers"], int)
    looks, image_int8 = finish(
        folder / _IMAGE, batch, seen, quantise=int8 and whole, calibrate=making.real and image.data is None
    )
    # a dozen sentences are no measure of what people write: ranges are found at each call
    reads, text_int8 = finish(folder / _TEXT, words, read, quantise=int8, calibrate=False)
    part = ClipSpec(
        image=measured(folder / _IMAGE),
        image_data=measured(image.data) if image.data else None,
        text=measured(folder / _TEXT),
        text_data=measured(text.data) if text.data else None,
        image_parity=looks.spec,
        text_parity=reads.spec,
        image_int8=image_int8,
        text_int8=text_int8,
        torch=None if network is None else _weights(network, source, folder),
        vocabulary=measured(vocabulary),
        preprocess=preprocess,
        dims=image.dims,
        context_length=CONTEXT_LENGTH,
        licence="see the source",
        source=f"Chinese-CLIP of OFA-Sys, {source.model if source.model in CLIP_SHAPES else Path(source.model).stem}",
    )
    return part, [looks, reads]


def write_towers(checkpoint: Path, shape: dict[str, Any], folder: Path) -> tuple[Written, Written]:
    """Both towers of a checkpoint as ONNX files in ``folder``. Raises ModelMissing when it has another shape."""
    if not checkpoint.is_file():
        raise ModelMissing(f"{checkpoint} is not there.", hint="Give the file of a Chinese-CLIP checkpoint.")
    arrays = {name.removeprefix("module."): array for name, array in read_torch(checkpoint).items()}
    tensors = Tensors(arrays, str(checkpoint))
    check_shape(tensors, shape)
    image = write_image_tower(tensors, folder / _IMAGE, head_width=shape.get("vision_head_width", 64))
    text = write_text_tower(tensors, folder / _TEXT, CONTEXT_LENGTH, heads=shape["text_num_attention_heads"])
    tensors.finish()
    return image, text


def clip_preprocess(side: int) -> Preprocess:
    """The numbers of ``cn_clip.clip.image_transform``: the whole crop squashed to side x side, bicubic."""
    return Preprocess(
        size=(side, side),
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    )


def load_clip(source: ClipSource) -> Any:
    """The torch network in fp32, its weights rounded to fp16 first as cn_clip's own loader does: the reference.

    Raises ModelMissing when the file is no such checkpoint (only tensors are read from it) or has another shape.
    """
    need_torch()
    import torch
    from cn_clip.clip.model import CLIP, convert_weights

    shape = clip_shape(source.model)
    try:
        checkpoint = torch.load(source.checkpoint, map_location="cpu", weights_only=True)
        weights = checkpoint["state_dict"]
        if next(iter(weights)).startswith("module"):
            weights = {key.removeprefix("module."): value for key, value in weights.items()}
        # the pooler is trained with BERT and used by nothing here
        weights = {key: value for key, value in weights.items() if "bert.pooler" not in key}
        network = CLIP(**shape)
        convert_weights(network)
        network.load_state_dict(weights)
    except Exception as error:
        raise ModelMissing(
            f"{source.checkpoint} cannot be used as Chinese-CLIP {source.model}: {error}",
            hint=f"Give a checkpoint of cn_clip and its model: {', '.join(CLIP_SHAPES)}.",
        ) from error
    return network.float().eval()


def _by_torch(
    network: Any, batch: npt.NDArray[Any], words: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return torch_features(network.visual, batch), torch_features(text_half(network), words)


def _weights(network: Any, source: ClipSource, folder: Path) -> TorchSpec:
    file = folder / "clip.safetensors"
    save_weights(network, file)
    kind = source.model if source.model in CLIP_SHAPES else Path(source.model).stem
    return TorchSpec(file=measured(file), model=kind, arguments=clip_shape(source.model))
