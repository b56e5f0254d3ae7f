"""Chinese-CLIP (cn_clip) as the CLIP part of a pack: both towers and the vocabulary."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedding_pipeline.domain import Pixels
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.chinese_clip import CONTEXT_LENGTH, SENTENCES, WordPieces
from embedding_pipeline.models.pack_files import measured
from embedding_pipeline.models.pack_spec import ClipSpec, ParitySpec, TorchSpec
from embedding_pipeline.models.torch_onnx import Making, Parity, export, need_torch
from embedding_pipeline.models.torch_session import save_weights, text_half
from embedding_pipeline.models.vit import Preprocess

CLIP_MODELS = {
    "RN50": "RBT3-chinese",
    "ViT-B-16": "RoBERTa-wwm-ext-base-chinese",
    "ViT-L-14": "RoBERTa-wwm-ext-base-chinese",
    "ViT-L-14-336": "RoBERTa-wwm-ext-base-chinese",
    "ViT-H-14": "RoBERTa-wwm-ext-large-chinese",
}


@dataclass(frozen=True, slots=True)
class ClipSource:
    """``checkpoint``: a file that cn_clip's own loader reads; ``model``: one of CLIP_MODELS, or, for a network of
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
    network = load_clip(source)
    from cn_clip.clip.bert_tokenizer import default_vocab

    vocabulary = folder / "vocab.txt"
    shutil.copyfile(default_vocab(), vocabulary)
    side = network.visual.input_resolution
    preprocess = clip_preprocess(side)
    image, text = folder / "clip_image.onnx", folder / "clip_text.onnx"
    int8 = making.precision == "int8"
    whole = hasattr(network.visual, "transformer")
    seen, image_int8 = export(
        network.visual, preprocess.batch(pictures), image, quantise=int8 and whole, calibrate=making.real
    )
    # a dozen sentences are no measure of what people write: ranges are found at each call
    read, text_int8 = export(
        text_half(network), WordPieces(vocabulary)(SENTENCES), text, quantise=int8, calibrate=False
    )
    part = ClipSpec(
        image=measured(image),
        text=measured(text),
        image_parity=ParitySpec(cosine=seen.cosine, rows=seen.rows),
        text_parity=ParitySpec(cosine=read.cosine, rows=read.rows),
        image_int8=image_int8,
        text_int8=text_int8,
        torch=_weights(network, source, folder) if making.torch else None,
        vocabulary=measured(vocabulary),
        preprocess=preprocess,
        dims=network.text_projection.shape[1],
        context_length=CONTEXT_LENGTH,
        licence="see the source",
        source=f"Chinese-CLIP of OFA-Sys, {source.model if source.model in CLIP_MODELS else Path(source.model).stem}",
    )
    return part, [seen, read]


def clip_preprocess(side: int) -> Preprocess:
    """The numbers of ``cn_clip.clip.image_transform``: the whole crop squashed to side x side, bicubic."""
    return Preprocess(
        size=(side, side),
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    )


def load_clip(source: ClipSource) -> Any:
    """The torch network in fp32, its weights rounded to fp16 first as cn_clip's own loader does.

    Raises ModelMissing when the file is no such checkpoint (only tensors are read from it) or has another shape.
    """
    need_torch()
    import torch
    from cn_clip.clip.model import CLIP, convert_weights

    shape = _shape(source.model)
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
            hint=f"Give a checkpoint of cn_clip and its model: {', '.join(CLIP_MODELS)}.",
        ) from error
    return network.float().eval()


def _shape(model: str) -> dict[str, Any]:
    """Arguments of cn_clip's model class."""
    import cn_clip.clip

    configs = Path(cn_clip.clip.__file__).parent / "model_configs"
    files = [configs / f"{model}.json", configs / f"{CLIP_MODELS[model]}.json"] if model in CLIP_MODELS else [model]
    shape: dict[str, Any] = {}
    try:
        for file in files:
            shape |= json.loads(Path(file).read_text("utf-8"))
        if isinstance(shape["vision_layers"], str):  # "[3,4,6,3]", as cn_clip's own files have it
            shape["vision_layers"] = ast.literal_eval(shape["vision_layers"])
    except (OSError, ValueError, KeyError, SyntaxError, TypeError) as error:
        raise ModelMissing(
            f"{model} is neither a Chinese-CLIP model nor a JSON file with the shape of one: {error}",
            hint=f"Models: {', '.join(CLIP_MODELS)}.",
        ) from error
    return shape


def _weights(network: Any, source: ClipSource, folder: Path) -> TorchSpec:
    file = folder / "clip.safetensors"
    save_weights(network, file)
    kind = source.model if source.model in CLIP_MODELS else Path(source.model).stem
    return TorchSpec(file=measured(file), model=kind, arguments=_shape(source.model))
