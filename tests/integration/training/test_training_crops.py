"""What the demo pack's encoders are trained on: phrases, crops and batches, drawn from blobs in place of artwork."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import islice

import numpy as np
import pytest
from tests.samples.blobs import PATCHES, Blobs, ellipse

from boxlens.samples.names import groups, things

pytest.importorskip("torch", reason="the extra torch is not installed (BOXLENS_TORCH=no)")

import torch
from training.material.augment import (
    BANK,
    COLOURS,
    SIDE,
    banked,
    bounds,
    colours_of,
    compose,
    disturb,
    outlines,
    place,
    style_augment,
)
from training.material.batches import FAVOUR, CropBatches, gallery, tokens_of
from training.material.words import COLOURS_ZH, FRAMES_EN, FRAMES_ZH, Words, fits_matrix

torch.set_num_threads(1)  # two that wait for each other on a busy machine are slower than one


@cache
def drawn() -> CropBatches:
    return CropBatches(Blobs(), PATCHES, 20, 0)


def batches(seed: int, count: int = 20, hardness: float = 1.0) -> CropBatches:
    """The drawings are made once; all that changes is what a batch follows from."""
    torch.manual_seed(seed)
    data = drawn()
    data.seed, data.count = seed, count
    data.hardness.fill_(hardness)
    return data


def sprites(count: int) -> torch.Tensor:
    rng = np.random.default_rng(5)
    return torch.from_numpy(np.stack([banked(ellipse(*rng.integers(20, 90, 2))) for _ in range(count)]))


# --- phrases


@pytest.mark.parametrize("language", ["zh", "en", "mixed"])
def test_a_phrase_names_the_thing_and_fits_it(language: str) -> None:
    words, rng = Words(), np.random.default_rng(1)
    group = {g.id: {*g.zh, *g.en} for g in groups()}
    for number in rng.integers(0, len(things()), 300):
        thing = things()[number]
        phrase = words.draw(rng, int(number), language)
        assert int(number) in phrase.fits
        assert phrase.colour == -1
        zh, en = {*thing.zh, *thing.keywords_zh}, {*thing.en, *thing.keywords_en}
        text = phrase.text.lower()
        in_zh, in_en = (any(w.lower() in text for w in w_of | group[thing.group]) for w_of in (zh, en))
        assert (in_zh and in_en) if language == "mixed" else (in_zh if language == "zh" else in_en), phrase


def test_phrases_follow_from_the_seed() -> None:
    words = Words()
    texts = [[words.draw(np.random.default_rng(s), n, "zh", 3).text for n in range(50)] for s in (4, 4, 5)]
    assert texts[0] == texts[1] != texts[2]


def test_only_colours_of_the_picture_are_asked_for() -> None:
    words, rng = Words(), np.random.default_rng(2)
    red_and_white = 1 << COLOURS.index("red") | 1 << COLOURS.index("white")
    counts = Counter(words.draw(rng, 0, "en", red_and_white).colour for _ in range(300))
    assert set(counts) == {-1, COLOURS.index("red"), COLOURS.index("white")}
    coloured = [p for p in (words.draw(rng, 0, "zh", red_and_white) for _ in range(100)) if p.colour >= 0]
    assert all(re.search("|".join(COLOURS_ZH[p.colour]), p.text) for p in coloured)


@pytest.mark.parametrize("frame", sorted({*FRAMES_ZH, *FRAMES_EN}))
def test_every_frame_takes_one_name(frame: str) -> None:
    assert frame.count("{}") == 1
    assert "cat" in frame.format("cat")


def test_what_phrases_fit_becomes_a_matrix() -> None:
    words, rng = Words(), np.random.default_rng(3)
    phrases = [words.draw(rng, n, "en") for n in range(30)]
    matrix = fits_matrix(phrases)
    assert matrix.shape == (30, len(things()))
    for row, phrase in zip(matrix, phrases, strict=True):
        assert set(np.flatnonzero(row)) == set(phrase.fits)


def test_tokens_are_cut_to_the_longest_and_noise_spares_the_ends() -> None:
    texts = ["猫", "a picture of a suspension railway"] * 40
    plain, noisy = tokens_of(texts), tokens_of(texts, np.random.default_rng(1))
    assert plain.shape == noisy.shape
    assert int((plain != 0).sum(1).max()) == plain.shape[1] < 20
    changed = plain != noisy
    assert 1 <= int(changed.any(1).sum()) <= 20
    assert int(changed.sum(1).max()) == 1
    assert not changed[:, 0].any()
    assert not changed[::2].any()  # a lone character is left alone


# --- crops


def test_bounds_are_those_of_the_turned_drawing() -> None:
    bank = sprites(60)
    generator = torch.Generator().manual_seed(1)
    turned = torch.randn(60, 2, 2, generator=generator)
    low, high = bounds(outlines(bank), turned)
    middles = (torch.arange(BANK) + 0.5) * 2 / BANK - 1
    for sprite, matrix, least, most in zip(bank, turned, low, high, strict=True):
        y, x = torch.nonzero(sprite[3] > 64, as_tuple=True)
        points = torch.stack([middles[x], middles[y]]).T @ matrix.T
        slack = 3.5 / BANK * matrix.norm(dim=1)  # half a pixel, and directions are 5.6 degrees apart
        assert ((least - points.amin(0)).abs() <= slack).all()
        assert ((most - points.amax(0)).abs() <= slack).all()


def test_a_plain_drawing_fills_its_crop_as_its_box_does() -> None:
    torch.manual_seed(2)
    bank = sprites(80)
    layer = place(bank, outlines(bank), plain=True)
    assert layer.shape == (80, 4, SIDE, SIDE)
    solid = layer[:, 3] > 0.5
    for along in (1, 2):
        inked = solid.any(along)
        first, last = inked.float().argmax(1), SIDE - 1 - inked.flip(1).float().argmax(1)
        assert int(first.max()) <= 3
        assert int(last.min()) >= SIDE - 4


def test_a_hard_drawing_stays_in_its_crop_mostly() -> None:
    torch.manual_seed(3)
    bank = sprites(200)
    seen = place(bank, outlines(bank))[:, 3].flatten(1).mean(1)
    assert float(seen.min()) > 0.05
    assert float(seen.std()) > 0.02


def test_changed_looks_stay_in_range_and_premultiplied() -> None:
    torch.manual_seed(4)
    bank = sprites(300)
    layer = style_augment(place(bank, outlines(bank)))
    assert float(layer.min()) >= 0
    assert float(layer.max()) <= 1
    assert bool((layer[:, :3] <= layer[:, 3:] + 1e-5).all())
    pictures = disturb(compose(layer, torch.from_numpy(PATCHES.transpose(0, 3, 1, 2)).repeat(8, 1, 1, 1)[:300]))
    assert pictures.shape == (300, 3, SIDE, SIDE)
    assert float(pictures.min()) >= 0
    assert float(pictures.max()) <= 1


def test_no_drawings_make_an_empty_batch() -> None:
    assert place(torch.zeros(0, 4, BANK, BANK), torch.zeros(0, 64)).shape == (0, 4, SIDE, SIDE)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((220, 30, 30), "red"),
        ((40, 60, 220), "blue"),
        ((250, 220, 40), "yellow"),
        ((40, 170, 60), "green"),
        ((110, 65, 25), "brown"),
        ((20, 20, 20), "black"),
        ((130, 130, 130), "grey"),
        ((245, 245, 245), "white"),
    ],
)
def test_colours_are_named_as_people_do(rgb: tuple[int, int, int], name: str) -> None:
    bank = torch.from_numpy(banked(ellipse(40, 60, rgb)))[None]
    assert int(colours_of(place(bank, outlines(bank), plain=True))[0]) == 1 << COLOURS.index(name)


# --- batches


def test_a_batch_has_two_crops_and_two_phrases_of_every_thing() -> None:
    batch = next(iter(batches(7)))
    assert batch["pictures"].shape == (40, 3, SIDE, SIDE)
    assert batch["pictures"].dtype == torch.float32
    assert 0 <= float(batch["pictures"].min()) <= float(batch["pictures"].max()) <= 1
    assert batch["labels"].shape == (40,)
    assert torch.equal(batch["labels"][:20], batch["labels"][20:])
    assert batch["tokens"].shape[0] == 40
    assert batch["fits"].shape == (40, len(things()))
    for i, (row, colour) in enumerate(zip(batch["fits"], batch["asked"], strict=True)):
        thing = int(batch["labels"][i // 2])
        assert row[thing] == 1
        held = int(batch["colours"][i // 2 + (i % 2) * 20])
        assert int(colour) == -1 or held >> int(colour) & 1


def test_batches_follow_from_the_seed() -> None:
    first, again, other = (next(iter(batches(seed))) for seed in (7, 7, 8))
    for name, part in first.items():
        assert torch.equal(part, again[name]), name
    assert not torch.equal(first["pictures"], other["pictures"])


def test_every_thing_comes_up_once_in_a_round() -> None:
    data = batches(9, 100)
    seen = Counter(int(n) for batch in islice(iter(data), len(things()) // 100) for n in batch["labels"][:100])
    assert len(seen) == 100 * (len(things()) // 100)
    assert set(seen.values()) == {1}


def test_no_hard_crops_leaves_every_drawing_in_its_own_look() -> None:
    held = next(iter(batches(10, 60, hardness=0)))["colours"]
    own = {1 << COLOURS.index(name) for name in ("red", "blue", "white")}
    assert set(held.tolist()) <= own


def test_demo_styles_are_drawn_more_often() -> None:
    red = 1 << COLOURS.index("red")
    share = float((next(iter(batches(11, 800, hardness=0)))["colours"] == red).float().mean())
    # two of three styles without putting back: the first has FAVOUR of FAVOUR + 2, or what is left of it
    expected = (FAVOUR / (FAVOUR + 2) + 2 / (FAVOUR + 2) * FAVOUR / (FAVOUR + 1)) / 2
    assert share == pytest.approx(expected, abs=0.04)
    assert expected > 1 / 3


def test_galleries_are_the_same_every_time_and_leave_chance_alone() -> None:
    by_name = {n: Blobs().of(n)[0][1] for n in range(30)}
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    (first, numbers), (again, _) = gallery(by_name, PATCHES, 5), gallery(by_name, PATCHES, 5)
    assert torch.equal(first, again)
    assert numbers.tolist() == list(range(30))
    assert torch.equal(before, torch.random.get_rng_state())
