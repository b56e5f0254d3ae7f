"""Batches for the encoders: pairs of crops of the same thing in different styles, with phrases for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from cn_clip import clip as cn_clip
from embedding_pipeline.domain import Pixels
from embedding_pipeline.samples.artwork import Sprite
from embedding_pipeline.samples.names import things
from torch import Tensor
from torch.utils.data import IterableDataset
from training.crops import SIDE, colours_of, compose, disturb, place, restyle
from training.networks import CONTEXT, MEAN, STD
from training.sources import Sprites
from training.words import Phrase, Words, fits_matrix

Batch = dict[str, Tensor]


class CropBatches(IterableDataset[Batch]):
    """Endless batches. ``things_per_batch`` things, two crops of each; three phrases a thing: zh, en and one of any."""

    def __init__(self, sprites: Sprites, patches: Pixels, things_per_batch: int, seed: int) -> None:
        self.sprites, self.patches = sprites, patches
        self.count, self.seed = things_per_batch, seed
        self.words = Words()

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            order = rng.permutation(len(things()))
            for start in range(0, len(order) - self.count + 1, self.count):
                yield self._batch(rng, order[start : start + self.count])

    def _batch(self, rng: np.random.Generator, chosen: npt.NDArray[np.int64]) -> Batch:
        pictures = np.empty((2 * self.count, SIDE, SIDE, 3), np.uint8)
        colours = np.zeros(2 * self.count, np.int64)
        phrases: list[Phrase] = []
        for i, thing in enumerate(chosen):
            drawn = self.sprites.of(int(thing))
            picks = rng.choice(len(drawn), 2, replace=len(drawn) < 2)
            for half, pick in enumerate(picks):
                row = i + half * self.count
                pictures[row], colours[row] = self._crop(rng, drawn[int(pick)][1])
            lot = rng.random()
            third = "en" if lot < 0.55 else "zh" if lot < 0.7 else "mixed"
            for half, language in ((0, "zh"), (1, "en"), (int(rng.integers(2)), third)):
                phrases.append(self.words.draw(rng, int(thing), language, int(colours[i + half * self.count])))
        labels = np.concatenate([chosen, chosen])
        return {
            "pictures": torch.from_numpy(pictures),
            "labels": torch.from_numpy(labels),
            "colours": torch.from_numpy(colours),
            "tokens": tokens_of([p.text for p in phrases], rng),
            "fits": torch.from_numpy(fits_matrix(phrases)),
            "asked": torch.tensor([p.colour for p in phrases]),
        }

    def _crop(self, rng: np.random.Generator, sprite: Sprite) -> tuple[Pixels, int]:
        layer = place(rng, sprite)
        if rng.random() < 0.6:
            layer = restyle(rng, layer)
        beside = None
        if rng.random() < 0.25:
            other = self.sprites.of(int(rng.integers(len(things()))))
            beside = place(rng, other[int(rng.integers(len(other)))][1])
        patch = self.patches[int(rng.integers(len(self.patches)))]
        return disturb(rng, compose(rng, layer, patch, beside)), colours_of(layer)


def tokens_of(texts: list[str], rng: np.random.Generator | None = None) -> Tensor:
    """cn_clip's token ids cut to the longest text; with ``rng`` a few words are replaced by random ones (noise)."""
    tokens = cn_clip.tokenize(texts, context_length=CONTEXT)
    tokens = tokens[:, : int((tokens != 0).sum(1).max())].clone()
    if rng is not None:
        lengths = (tokens != 0).sum(1).numpy()
        for row in np.flatnonzero(rng.random(len(texts)) < 0.08):
            if lengths[row] > 4:
                tokens[row, int(rng.integers(1, lengths[row] - 1))] = int(rng.integers(106, 21128))
    return tokens


def normalised(pictures: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) to float32 (n, 3, h, w), channels last in memory."""
    pixels = pictures.permute(0, 3, 1, 2).float() / 255
    return (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def gallery(sprites: dict[int, Sprite], patches: Pixels, seed: int) -> tuple[Tensor, Tensor]:
    """One plain crop of every thing of a style: pictures and thing numbers."""
    rng = np.random.default_rng(seed)
    numbers = sorted(sprites)
    made = [
        disturb(rng, compose(rng, place(rng, sprites[n], plain=True), patches[int(rng.integers(len(patches)))], None))
        for n in numbers
    ]
    return torch.from_numpy(np.stack(made)), torch.tensor(numbers)
