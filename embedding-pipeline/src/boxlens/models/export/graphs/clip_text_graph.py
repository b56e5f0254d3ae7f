"""The graph of Chinese-CLIP's text tower: BERT (Devlin et al., 2018) of the RoBERTa-wwm and RBT3 checkpoints, and a
projection of its first token. Everything in it is rounded to float16 first, as cn_clip's own loader does."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto

from boxlens.models.export.checkpoints.tensors import Tensor, Tensors
from boxlens.models.export.graphs.graph import Graph
from boxlens.models.export.written import Written

_EPS = 1e-12
_HIDDEN = -10000.0  # what BERT adds to the products with padding


def write_text_tower(tensors: Tensors, target: Path, context_length: int, *, heads: int) -> Written:
    """Write ``target``: word pieces int64 (n, context_length), 0 being padding, to features (n, dims).

    ``tensors`` begin with "bert." and "text_projection"; ``heads`` is what they do not show. Raises
    ModelMissing when they are those of another network.
    """
    graph = Graph("clip_text")
    width = tensors.shape("bert.embeddings.word_embeddings.weight")[1]
    x = _embedded(graph, tensors, width, context_length)
    mask = _mask(graph)
    for layer in range(tensors.count("bert.encoder.layer.")):
        at = f"bert.encoder.layer.{layer}."
        query, key, value = (
            _linear(graph, tensors, x, f"{at}attention.self.{part}", width) for part in ("query", "key", "value")
        )
        y = graph.attention(query, key, value, heads, width, mask)
        y = _linear(graph, tensors, y, f"{at}attention.output.dense", width)
        x = _norm(graph, tensors, graph.op("Add", y, x), f"{at}attention.output.LayerNorm", width)
        y = graph.gelu(_linear(graph, tensors, x, f"{at}intermediate.dense", -1))
        y = _linear(graph, tensors, y, f"{at}output.dense", width)
        x = _norm(graph, tensors, graph.op("Add", y, x), f"{at}output.LayerNorm", width)
    projection = tensors.take("text_projection", width, -1, half=True)
    features = graph.op("MatMul", graph.first_token(x), graph.weight(projection))
    tensors.leave("bert.pooler.", "bert.embeddings.position_ids", "logit_scale")
    dims = projection.shape[1]
    return Written(0, dims, graph.write(target, "text", (context_length,), features, dims, tokens=True))


def _embedded(graph: Graph, tensors: Tensors, width: int, context_length: int) -> str:
    """Word pieces, places and the one type of segment there is."""
    words = tensors.take("bert.embeddings.word_embeddings.weight", -1, width, half=True)
    places = tensors.take("bert.embeddings.position_embeddings.weight", -1, width, half=True).array()
    types = tensors.take("bert.embeddings.token_type_embeddings.weight", -1, width, half=True).array()
    if len(places) < context_length:
        raise tensors.unfit(f"it reads {len(places)} word pieces, wanted are {context_length}")
    x = graph.op("Gather", graph.weight(words), "text", axis=0)
    x = graph.op("Add", x, graph.weight(Tensor("bert.embeddings.places", places[None, :context_length] + types[0])))
    return _norm(graph, tensors, x, "bert.embeddings.LayerNorm", width)


def _mask(graph: Graph) -> str:
    """(n, 1, 1, tokens): 0 where there is a word piece, -10000 where there is padding."""
    padding = graph.op("Cast", graph.op("Equal", "text", graph.numbers(0)), to=TensorProto.FLOAT)
    return graph.op("Unsqueeze", graph.op("Mul", padding, graph.scalar(_HIDDEN)), graph.numbers(1, 2))


def _linear(graph: Graph, tensors: Tensors, x: str, name: str, outputs: int) -> str:
    weight = tensors.take(f"{name}.weight", outputs, -1, half=True)
    return graph.linear(x, weight, tensors.take(f"{name}.bias", weight.shape[0], half=True))


def _norm(graph: Graph, tensors: Tensors, x: str, name: str, width: int) -> str:
    weight, bias = (tensors.take(f"{name}.{part}", width, half=True) for part in ("weight", "bias"))
    return graph.layer_norm(x, weight, bias, _EPS)
