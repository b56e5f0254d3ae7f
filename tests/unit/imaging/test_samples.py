"""Sample pictures: names, scenes, artwork; none of these tests needs the network."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from boxlens.domain.errors import Unavailable
from boxlens.domain.pictures import Pixels
from boxlens.samples import artwork
from boxlens.samples.artwork import STYLES, Artwork, Sprite, cache_folder, fetch
from boxlens.samples.backgrounds import PAINTERS, Painter
from boxlens.samples.names import groups, things
from boxlens.samples.scenes import VISIBLE, Chosen, draw

PAINTS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255)]


def test_every_thing_has_names_in_both_languages() -> None:
    assert len(things()) > 800
    for thing in things():
        assert thing.en
        assert thing.zh
        # DNA and DVD are what Chinese says too
        assert all(re.search(r"[\u4e00-\u9fff]|^[A-Z]{3}$", name) for name in thing.zh), thing.id
        assert not any(re.search(r"[\u4e00-\u9fff]", name) for name in thing.en), thing.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_things_share_their_best_name(language: str) -> None:
    best = Counter(getattr(thing, language)[0] for thing in things())
    assert [name for name, times in best.items() if times > 1] == []


def test_ids_and_codes_are_unique_and_groups_are_known() -> None:
    assert len({t.id for t in things()}) == len({t.code for t in things()}) == len(things())
    assert {t.group for t in things()} == {g.id for g in groups()}


def test_chinese_names_are_simplified() -> None:
    names = "".join(name for thing in things() for name in (*thing.zh, *thing.keywords_zh))
    assert set(names).isdisjoint("貓鳥魚蘋車飛機電腦鐘燈筆")


def test_everyday_words_come_first() -> None:
    named = {t.id: (t.zh[0], t.en[0]) for t in things()}
    assert named["hot-beverage"] == ("咖啡", "coffee")
    assert named["automobile"][0] == "汽车"
    assert named["pear"][0] == "梨"


def blob(colour: tuple[int, int, int], height: int, width: int) -> Sprite:
    """An opaque ellipse."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((x + 0.5) / width * 2 - 1) ** 2 + ((y + 0.5) / height * 2 - 1) ** 2 <= 1
    sprite = np.zeros((height, width, 4), np.uint8)
    sprite[inside] = (*colour, 255)
    return sprite


def chosen_blobs(rng: np.random.Generator) -> list[Chosen]:
    sides = rng.integers(40, 120, (len(PAINTS), 2))
    return [
        Chosen(str(i), "none", blob(c, int(h), int(w))) for i, (c, (h, w)) in enumerate(zip(PAINTS, sides, strict=True))
    ]


def grey(height: int = 300, width: int = 400) -> Pixels:
    return np.full((height, width, 3), 128, np.uint8)


def test_the_same_seed_draws_the_same_scene() -> None:
    scenes = [draw(rng, grey(), chosen_blobs(rng)) for rng in (np.random.default_rng(5), np.random.default_rng(5))]
    np.testing.assert_array_equal(scenes[0].picture, scenes[1].picture)
    assert scenes[0].objects == scenes[1].objects
    other = draw(rng := np.random.default_rng(6), grey(), chosen_blobs(rng))
    assert not np.array_equal(other.picture, scenes[0].picture)


@pytest.mark.parametrize("seed", range(25))
def test_boxes_are_tight_around_what_is_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = draw(rng, grey(), chosen_blobs(rng))
    assert scene.objects
    for obj in scene.objects:
        paint = np.array(PAINTS[int(obj.thing_id)])
        seen = (np.abs(scene.picture.astype(int) - paint) < 60).all(2)
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        edges = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(np.array(edges) - obj.box.as_list()).max() <= 2
        assert obj.box == obj.box.clipped(400, 300)


def test_every_thing_stays_in_sight() -> None:
    hidden = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        blobs = chosen_blobs(rng)
        scene = draw(rng, grey(160, 160), blobs, sizes=(0.4, 0.6))
        for obj in scene.objects:
            paint = np.array(PAINTS[int(obj.thing_id)])
            seen = int((np.abs(scene.picture.astype(int) - paint) < 60).all(2).sum())
            sprite = blobs[int(obj.thing_id)].sprite
            ellipse = np.pi / 4 * min(sprite.shape[:2]) / max(sprite.shape[:2])
            assert seen > 0.8 * VISIBLE * ellipse * (0.4 * 160) ** 2
        hidden += len(blobs) - len(scene.objects)
    assert hidden > 0  # six large blobs do not fit without hiding one another


@pytest.mark.parametrize("painter", PAINTERS, ids=lambda p: p.__name__)
def test_backgrounds_are_pictures_of_the_size_asked_for(painter: Painter) -> None:
    pictures = [painter(np.random.default_rng(3), 120, 170) for _ in range(2)]
    assert pictures[0].shape == (120, 170, 3)
    assert pictures[0].dtype == np.uint8
    assert pictures[0].std() > 0.5
    np.testing.assert_array_equal(pictures[0], pictures[1])


@pytest.fixture
def one_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds a package of one red square for 🍎, and no way to fetch more."""
    monkeypatch.setenv("BOXLENS_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    folder = tmp_path / "artwork" / "node_modules" / STYLES["noto"].package
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": STYLES["noto"].version}))
    icons = {"apple": {"body": '<path fill="red" fill-opacity=".5" d="M2 4h8v6H2z"/>'}}
    aliases = {"red-apple": {"parent": "apple"}}
    (folder / "icons.json").write_text(json.dumps({"icons": icons, "aliases": aliases, "width": 16, "height": 16}))
    (folder / "chars.json").write_text(json.dumps({"1f34e": "red-apple"}))
    return tmp_path


def test_sprites_are_cut_to_the_drawing_and_premultiplied(one_package: Path) -> None:
    assert cache_folder() == one_package
    art = Artwork(things(), ("noto",), size=64)
    assert art.styles_of("red-apple") == ["noto"]
    assert art.styles_of("banana") == []
    sprite = art.sprite("noto", "red-apple")
    assert sprite.shape == (24, 32, 4)
    assert sprite[12, 16].tolist() == pytest.approx([128, 0, 0, 128], abs=1)
    with pytest.raises(KeyError):
        art.sprite("noto", "banana")


def test_artwork_that_cannot_be_fetched_is_a_clear_error(one_package: Path) -> None:
    assert fetch(("noto",)).is_relative_to(one_package)
    with pytest.raises(Unavailable) as caught:
        fetch(("fluent-emoji-flat",))
    assert "artwork" in caught.value.detail
    assert "npm" in caught.value.hint


def test_styles_and_their_licences_are_named() -> None:
    assert all(style.licence and style.author for style in STYLES.values())
    assert artwork.UNSEEN_STYLE not in artwork.TRAINING_STYLES
    assert {STYLES[name].licence for name in artwork.DEMO_STYLES} <= {"Apache-2.0", "MIT"}
