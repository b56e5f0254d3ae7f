"""Ways to judge a best cosine, and how high chance reaches, in scenes that the tests never see: two of the tables that
``benchmarks.relevance`` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boxlens.domain.objects import Vector
from boxlens.domain.pictures import image_id_of
from boxlens.evaluation.exact_vectors import ExactVectors, read_vectors
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.packs.pack import load_pack
from boxlens.samples.making import sample_scenes
from boxlens.samples.scenes import Scene
from boxlens.search.scoring.calibrate import SAMPLE_SIZE, Sample, Scale
from tests.samples.drawn import COLLECTION, FOLDER, Drawn, best_names, drawn_world, jpeg_of, some_things

LANGUAGES = ("zh", "en")
SCENES, SEED, LEFT_OUT = 300, 777, 100
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Choosing:
    """A collection whose scenes show none of ``absent``; ``outside`` are the scenes that do."""

    drawn: Drawn
    index: InMemoryIndex
    absent: Sequence[str]
    outside: Sequence[Scene]
    vectors: ExactVectors
    sample: Sample


def choosing() -> Choosing:
    absent = some_things(LEFT_OUT, SEED)
    scenes = sample_scenes(SCENES, SEED)
    outside = [scene for scene in scenes if any(o.thing_id in absent for o in scene.objects)]
    index = InMemoryIndex()
    drawn = drawn_world(index, [scene for scene in scenes if scene not in outside])
    vectors = read_vectors(index, COLLECTION, "clip")
    assert vectors is not None
    return Choosing(
        drawn, index, sorted(absent), outside, vectors, Sample(index.sample(COLLECTION, "clip", SAMPLE_SIZE))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cosines:
    """Of each of n queries: its best cosine (n,), those with the sample (n, samples), its scale, and the cosines of its
    best object with names of other things (n, names)."""

    best: Doubles
    sample: Doubles
    scales: Sequence[Scale]
    rivals: Doubles


def statistics(world: Choosing) -> list[tuple[str, str]]:
    """Each way to judge a best cosine, and how well it tells present things, found right, from absent ones."""
    sides = [_sides(world, language) for language in LANGUAGES]
    return [(name, " / ".join(f"{_area(way(here), way(gone)):.2f}" for here, gone in sides)) for name, way in WAYS]


def chance(world: Choosing) -> list[tuple[str, str, str]]:
    """How high absent things reach among fewer objects and among more."""
    rows = []
    for some in (world.vectors.vectors[: world.vectors.starts[len(world.vectors.starts) // 4]], world.vectors.vectors):
        reached = []
        for language in LANGUAGES:
            texts = _texts([best_names(language)[thing] for thing in world.absent])
            scales = _scales(world, texts, len(some))
            reached.append(np.quantile(_heights((texts @ some.T).max(1), scales), 0.9))
        rows.append((f"{len(some):,}", f"{scales[0].chance:.1f}", " / ".join(f"{height:.1f}" for height in reached)))
    return rows


def _plain(c: Cosines) -> Doubles:
    statistic: Doubles = (c.best - c.sample.mean(1)) / c.sample.std(1)
    return statistic


def _lower_half(c: Cosines) -> Doubles:
    middle, low = np.quantile(c.sample, [0.5, 0.16], axis=1)
    statistic: Doubles = (c.best - middle) / (middle - low)
    return statistic


def _tail(c: Cosines) -> Doubles:
    """In mean excesses over the 95th percentile: an exponential tail (Pickands, Annals of Statistics 3, 1975)."""
    high = np.quantile(c.sample, 0.95, axis=1)
    excess = np.maximum(c.sample - high[:, None], 0)
    statistic: Doubles = (c.best - high) / (excess.sum(1) / (excess > 0).sum(1))
    return statistic


def _against_names(c: Cosines) -> Doubles:
    """Inverted softmax over a bank of names, at the paper's temperature (Bogolin et al., CVPR 2022)."""
    statistic: Doubles = 20 * c.best - np.log(np.exp(20 * c.rivals).sum(1))
    return statistic


WAYS: tuple[tuple[str, Callable[[Cosines], Doubles]], ...] = (
    ("raw cosine", lambda c: c.best),
    ("Z-norm with mean and standard deviation", _plain),
    ("**Z-norm, robust**: taken", lambda c: _heights(c.best, c.scales)),
    ("Z-norm with median and lower quantile alone", _lower_half),
    ("tail above the 95th percentile", _tail),
    ("against the names of other things (inverted softmax)", _against_names),
)


def _heights(best: Doubles, scales: Sequence[Scale]) -> Doubles:
    """Standard deviations above the background."""
    return np.array([(value - scale.mean) / scale.std for value, scale in zip(best, scales, strict=True)])


def _sides(world: Choosing, language: str) -> tuple[Cosines, Cosines]:
    """Half of the present things, where the best object lies on the thing, and the absent ones; the names of the other
    half are the bank."""
    names = best_names(language)
    present = [str(t) for t in np.random.default_rng(1).permutation(sorted(world.drawn.things()))]
    half, others = present[::2], present[1::2]
    texts, bank = _texts([names[t] for t in half]), _texts([names[t] for t in others])
    of_image = {image_id_of(jpeg_of(scene)): scene for scene in world.drawn.scenes.values()}
    best = (texts @ world.vectors.vectors.T).argmax(1)
    right = [_lies_on(of_image, world.vectors, int(row), thing) for row, thing in zip(best, half, strict=True)]
    absent = _texts([names[t] for t in world.absent])
    return _cosines(world, texts[right], bank), _cosines(world, absent, bank)


def _lies_on(of_image: dict[str, Scene], vectors: ExactVectors, row: int, thing: str) -> bool:
    scene = of_image[vectors.image_ids[row]]
    return any(o.thing_id == thing and o.box.iou(vectors.boxes[row]) >= 0.5 for o in scene.objects)


def _cosines(world: Choosing, texts: Vector, bank: Vector) -> Cosines:
    cosines = texts @ world.vectors.vectors.T
    return Cosines(
        best=cosines.max(1).astype(np.float64),
        sample=(texts @ world.sample.vectors.T).astype(np.float64),
        scales=_scales(world, texts, len(world.vectors.vectors)),
        rivals=(world.vectors.vectors[cosines.argmax(1)] @ bank.T).astype(np.float64),
    )


def _scales(world: Choosing, texts: Vector, objects: int) -> list[Scale]:
    scales = [world.sample.scale(text, objects) for text in texts]
    return [scale for scale in scales if scale is not None]


def _texts(words: Sequence[str]) -> Vector:
    encoder = load_pack(FOLDER).clip_text
    assert encoder is not None
    return encoder.encode_texts(words)


def _area(positive: Doubles, negative: Doubles) -> float:
    """Area under the ROC curve: how often one of the first stands above one of the second."""
    return float((positive[:, None] > negative).mean())
