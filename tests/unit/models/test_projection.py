"""A pack of fewer dims: its vectors are those of the pack, along the directions that keep most of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boxlens.domain.errors import BadInput
from boxlens.domain.objects import Vector
from boxlens.models.export.pack import made_pictures
from boxlens.models.export.projection import directions, loss, reduce_pack
from boxlens.models.packs.pack import BUNDLED, Pack, find_pack, load_pack

DIMS = 32


def unit(rows: Vector) -> Vector:
    normed: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normed


def flat_vectors(count: int, latent: int, dims: int = 64) -> Vector:
    """Unit vectors in a space of ``latent`` dims, float32 of shape (count, dims)."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((count, latent)) @ rng.standard_normal((latent, dims))
    return unit(rows.astype(np.float32))


def test_directions_are_orthonormal_and_hold_what_lies_along_them() -> None:
    vectors = flat_vectors(500, 12)
    matrix = directions(vectors, 12)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(12), atol=1e-5)
    np.testing.assert_allclose(vectors @ matrix @ matrix.T, vectors, atol=1e-4)


@pytest.mark.parametrize("dims", [0, 65, 500])
def test_no_directions_that_vectors_do_not_have(dims: int) -> None:
    with pytest.raises(BadInput, match="directions"):
        directions(flat_vectors(100, 12), dims)


@pytest.mark.parametrize("count", [240, 2000])
def test_the_loss_is_none_where_dims_were_too_many_and_grows_as_they_get_fewer(count: int) -> None:
    vectors = flat_vectors(count, 12)
    texts = flat_vectors(30, 12)
    kept = [loss("clip", vectors, dims, texts) for dims in (12, 8, 3)]
    assert kept[0].kept == pytest.approx(1, abs=0.01)
    assert kept[0].kept > kept[1].kept > kept[2].kept > 0
    assert kept[0].texts == pytest.approx(1, abs=0.05)
    assert kept[0].texts > kept[2].texts  # type: ignore[operator]
    assert loss("vit", vectors, 12).texts is None


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pack, Pack, Vector]:
    whole = load_pack(find_pack("demo", BUNDLED))
    matrix = directions(whole.clip_image.encode_images(made_pictures(40)), DIMS)  # type: ignore[union-attr]
    packs = tmp_path_factory.mktemp("packs")
    pack = reduce_pack(whole.folder, packs, name="small", clip=matrix)
    assert [path.name for path in packs.iterdir()] == ["small"]
    return whole, pack, matrix


def test_pictures_and_texts_are_projected_alike(reduced: tuple[Pack, Pack, Vector]) -> None:
    whole, pack, matrix = reduced
    pictures, texts = made_pictures(6), ["a red car", "红色的车"]
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    assert whole.clip_image is not None
    assert whole.clip_text is not None
    assert pack.info.clip_dims == pack.clip_image.dims == pack.clip_text.dims == DIMS
    for small, expected in (
        (pack.clip_image.encode_images(pictures), whole.clip_image.encode_images(pictures)),
        (pack.clip_text.encode_texts(texts), whole.clip_text.encode_texts(texts)),
    ):
        np.testing.assert_allclose(np.sum(small * unit(expected @ matrix), axis=1), 1, atol=0.02)


def test_what_was_not_asked_for_stays(reduced: tuple[Pack, Pack, Vector]) -> None:
    whole, pack, _ = reduced
    assert pack.info.name == "small"
    assert pack.info.revision != whole.info.revision
    assert pack.info.vit_dims == whole.info.vit_dims
    assert pack.spec.detector == whole.spec.detector
    assert pack.spec.clip is not None
    assert pack.spec.clip.image_parity is None
    again: Path = pack.folder
    assert load_pack(again, verify=True).info == pack.info
