"""A collection as version 0.1 made it, by its default pack, after the update: it answers, and takes no pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests import parts
from tests.samples.drawn import COLLECTION, FOLDER, networks, take_in
from tests.servers.live import serving

import minio_proxy.app
from boxlens.api.app import create_app
from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSettings
from boxlens.domain.errors import FormerPack
from boxlens.domain.queries import PictureClause, Query, TextClause
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.packs.pack import load_pack
from boxlens.servers import Addresses
from boxlens.settings import Settings
from boxlens.wiring import Boxlens
from minio_proxy.settings import ProxySettings


def picture(colour: str) -> bytes:
    return parts.png(parts.scene((colour, Box(20, 20, 120, 110)), size=(160, 140), seed=3))


@pytest.fixture(scope="module")
def index() -> InMemoryIndex:
    """Nothing says of the collection that its pack was asked for by name: no earlier version did."""
    index = InMemoryIndex()
    pack = load_pack(FOLDER)
    take_in(index, pack.info, networks(pack), [ImageRef(f"{c}.png", data=picture(c)) for c in ("red", "blue")])
    assert index.setup(COLLECTION).settings == CollectionSettings()
    return index


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(minio_proxy.app.create_app(ProxySettings(root=tmp_path_factory.mktemp("objects")))) as url:
        yield url


@pytest.fixture
def boxlens(index: InMemoryIndex, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boxlens]:
    monkeypatch.delenv("BOXLENS_PACK", raising=False)
    index.configure(COLLECTION, CollectionSettings())
    settings = Settings(data_dir=tmp_path, runtime="onnx")
    whole = Boxlens(settings, Addresses("http://127.0.0.1:9", proxy), index=index)
    yield whole
    whole.close()


def test_it_answers_with_its_own_pack_without_a_setting(boxlens: Boxlens) -> None:
    assert boxlens.settings.pack == "photos"
    scoped = boxlens.for_collection(COLLECTION)
    assert scoped.pack.name == "demo"
    asked = PictureClause(boxlens.decode(picture("red")).pixels, Box(0, 0, 160, 140))
    answer = scoped.searcher.search(COLLECTION, Query((asked,), size=1))
    assert answer.hits[0].image.file_name == "red.png"
    assert scoped.searcher.search(COLLECTION, Query((TextClause("blue"),))).hits


def test_pictures_are_refused_with_the_way_out(boxlens: Boxlens) -> None:
    with pytest.raises(FormerPack) as refused:
        boxlens.for_pictures_or_new(COLLECTION)
    assert f"boxlens collections swap {COLLECTION} --pack photos" in refused.value.hint
    assert f"boxlens collections create {COLLECTION} --pack demo" in refused.value.hint


def test_over_http_too(boxlens: Boxlens) -> None:
    with TestClient(create_app(boxlens), base_url="http://localhost") as client:
        answer = client.post(f"/v1/collections/{COLLECTION}/images", files={"file": ("new.png", picture("green"))})
    assert (answer.status_code, answer.json()["code"]) == (409, "former_pack")
    assert "collections swap" in answer.json()["hint"]


def test_whoever_asks_for_its_pack_by_name_goes_on_with_it(boxlens: Boxlens) -> None:
    with TestClient(create_app(boxlens), base_url="http://localhost") as client:
        assert client.put(f"/v1/collections/{COLLECTION}", json={"pack": "demo"}).status_code == 200
    assert boxlens.for_pictures(COLLECTION, fresh=True).pack.name == "demo"


def test_the_setting_that_makes_its_pack_the_default_opens_it(boxlens: Boxlens, index: InMemoryIndex) -> None:
    drawings = Boxlens(boxlens.settings.model_copy(update={"pack": "demo"}), boxlens.addresses, index=index)
    assert drawings.for_pictures(COLLECTION).pack.name == "demo"


def test_a_new_collection_gets_the_pack_that_sees_photographs(boxlens: Boxlens) -> None:
    pack = boxlens.for_pictures_or_new("new").pack
    assert pack.name == "photos"
    assert np.isfinite([pack.vit_dims or np.nan, pack.clip_dims or np.nan]).all()
