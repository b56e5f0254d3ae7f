"""Batches for the encoders: pairs of crops of the same thing in different styles, with phrases for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from cn_clip import clip as cn_clip
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from boxlens.domain.pictures import Pixels
from boxlens.samples.artwork import DEMO_STYLES, Sprite
from boxlens.samples.names import things
from training.material.augment import banked, colours_of, compose, disturb, outlines, place, style_augment
from training.material.sources import SpriteSource
from training.material.words import Phrase, Words, fits_matrix
from training.networks import CONTEXT, MEAN, STD

Batch = dict[str, Tensor]
RESTYLED = 0.45  # share of hard crops whose look is changed too
FAVOUR = 1.6  # how much more often than others the styles of the demo are drawn


class CropBatches(IterableDataset[Batch]):
    """Endless batches of ``count`` things, two crops and two phrases of each; every thing once in a round.

    ``hardness`` (one number 0..1) is the share of crops that are as scenes show things, or harder; it is shared with
    a worker process and may be changed while that runs.
    """

    def __init__(self, sprites: SpriteSource, patches: Pixels, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.hardness = torch.ones(1).share_memory_()
        self.words = Words()
        self.patches = torch.from_numpy(np.ascontiguousarray(patches.transpose(0, 3, 1, 2)))
        drawings: list[np.ndarray] = []
        self.rows, self.shares = [], []
        favour = np.array([FAVOUR if style in DEMO_STYLES else 1.0 for style in sprites.styles])
        for number in range(len(things())):
            drawn = sprites.of(number)
            weights = favour[[style for style, _ in drawn]]
            self.rows.append(np.arange(len(drawings), len(drawings) + len(drawn)))
            self.shares.append(weights / weights.sum())
            drawings += [banked(sprite) for _, sprite in drawn]
        self.bank = torch.from_numpy(np.stack(drawings))
        self.reach = outlines(self.bank)

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        while True:
            order = rng.permutation(len(things()))
            for start in range(0, len(order) - self.count + 1, self.count):
                yield self._batch(rng, [int(n) for n in order[start : start + self.count]])

    def _batch(self, rng: np.random.Generator, chosen: list[int]) -> Batch:
        two = (rng.choice(self.rows[n], 2, replace=len(self.rows[n]) < 2, p=self.shares[n]) for n in chosen)
        picks = np.stack(list(two), 1).ravel()
        rows = torch.from_numpy(picks)
        easy = torch.rand(len(rows)) >= self.hardness
        layer = place(self.bank[rows], self.reach[rows])
        layer[easy] = place(self.bank[rows[easy]], self.reach[rows[easy]], plain=True)
        changed = (torch.rand(len(rows)) < RESTYLED) & ~easy
        layer[changed] = style_augment(layer[changed])
        behind = self.patches[torch.randint(0, len(self.patches), (len(rows),))]
        colours = colours_of(layer)
        phrases = self._phrases(rng, chosen, colours)
        return {
            "pictures": self._pictures(layer, behind, easy),
            "labels": torch.tensor(chosen + chosen),
            "colours": colours,
            "tokens": tokens_of([p.text for p in phrases], rng),
            "fits": torch.from_numpy(fits_matrix(phrases)),
            "asked": torch.tensor([p.colour for p in phrases]),
        }

    def _pictures(self, layer: Tensor, behind: Tensor, easy: Tensor) -> Tensor:
        pictures = torch.empty(len(layer), *behind.shape[1:])
        pictures[easy] = compose(layer[easy], behind[easy], plain=True)
        if not easy.all():
            pictures[~easy] = disturb(compose(layer[~easy], behind[~easy]))
        return pictures

    def _phrases(self, rng: np.random.Generator, chosen: list[int], colours: Tensor) -> list[Phrase]:
        phrases = []
        for i, thing in enumerate(chosen):
            for half, language in ((0, "zh"), (1, "en")):
                spoken = "mixed" if rng.random() < 0.12 else language
                phrases.append(self.words.draw(rng, thing, spoken, int(colours[i + half * len(chosen)])))
        return phrases


def tokens_of(texts: list[str], rng: np.random.Generator | None = None) -> Tensor:
    """cn_clip's token ids cut to the longest text; with ``rng`` a few words are replaced by random ones (noise)."""
    tokens = cn_clip.tokenize(texts, context_length=CONTEXT)
    tokens = tokens[:, : int((tokens != 0).sum(1).max())].clone()
    if rng is not None:
        lengths = (tokens != 0).sum(1).numpy()
        for row in np.flatnonzero(rng.random(len(texts)) < 0.06):
            if lengths[row] > 4:
                tokens[row, int(rng.integers(1, lengths[row] - 1))] = int(rng.integers(106, 21128))
    return tokens


def normalised(pictures: Tensor) -> Tensor:
    """RGB 0..1 (n, 3, h, w) as the networks want it."""
    return (pictures - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def gallery(sprites: dict[int, Sprite], patches: Pixels, seed: int) -> tuple[Tensor, Tensor]:
    """One plain crop of every thing of a style: pictures 0..1 and thing numbers."""
    random_state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    numbers = sorted(sprites)
    bank = torch.from_numpy(np.stack([banked(sprites[n]) for n in numbers]))
    behind = torch.from_numpy(np.ascontiguousarray(patches.transpose(0, 3, 1, 2)))
    layer = place(bank, outlines(bank), plain=True)
    made = compose(layer, behind[torch.randint(0, len(behind), (len(numbers),))], plain=True)
    torch.random.set_rng_state(random_state)
    return made, torch.tensor(numbers)
