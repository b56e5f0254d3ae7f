"""ViT-B/16 of 768 numbers and Chinese-CLIP ViT-B-16 of 512, weights as initialised: from checkpoints to a search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model_files.checkpoints import clip_checkpoint, timm_folder
from tests.model_files.torch_extra import needs_torch
from tests.shared import DATA, PHOTOS, needs_photos

from boxlens.domain.filters import Filter
from boxlens.domain.queries import PictureClause, Query, VectorQuery
from boxlens.domain.references import ImageRef
from boxlens.imaging.decoding import decode
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.export.clip_model import ClipSource
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES
from boxlens.models.export.making import Making, Parity
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.timm_model import TimmSource
from boxlens.models.packs.pack import Pack
from boxlens.models.packs.spec import MIN_FP32_COSINE, MIN_INT8_COSINE
from boxlens.servers import Addresses, embedded_proxy
from boxlens.settings import ElasticsearchSettings, Settings
from boxlens.wiring import Boxlens

pytestmark = [needs_torch, needs_photos]
NAMES = ("000000000790.jpg", "000000000285.jpg")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pack, list[Parity]]:
    data_dir = tmp_path_factory.mktemp("full")
    weights = tmp_path_factory.mktemp("weights")
    sources = PackSources(
        detector=DATA / "models" / "yolox_nano.onnx",
        vit=TimmSource(timm_folder(weights / "vit", "vit_base_patch16_224")),
        clip=ClipSource(clip_checkpoint(weights / "clip.pt", CLIP_SHAPES["ViT-B-16"]), "ViT-B-16"),
        ocr=False,
    )
    pictures = [decode((PHOTOS / name).read_bytes(), max_pixels=10**8).pixels for name in NAMES]
    # with torch, which the networks that were built without it are held to
    making = Making(torch=True)
    pack, parities = export_pack(sources, data_dir / "packs", name="photo", making=making, pictures=pictures)
    return data_dir, pack, parities


@pytest.fixture(scope="module")
def whole(photo: tuple[Path, Pack, list[Parity]], elasticsearch_url: str) -> Iterator[Boxlens]:
    settings = Settings(
        data_dir=photo[0],
        pack="photo",
        runtime="onnx",
        precision="int8",
        elasticsearch=ElasticsearchSettings(url=elasticsearch_url),
        collection="full",
    )
    with embedded_proxy(settings, 0) as proxy:
        boxlens = Boxlens(settings, Addresses(elasticsearch_url, proxy))
        yield boxlens
        boxlens.close()


def test_the_shapes_are_those_of_the_real_ones(photo: tuple[Path, Pack, list[Parity]]) -> None:
    _, pack, parities = photo
    assert (pack.info.vit_dims, pack.info.clip_dims) == (768, 512)
    assert pack.spec.vit is not None
    assert (pack.spec.vit.preprocess.size, pack.spec.vit.preprocess.crop_pct) == ((224, 224), 0.9)
    for parity in parities:
        assert parity.cosine is not None
        assert parity.cosine >= MIN_FP32_COSINE
        assert parity.int8 is not None
        assert parity.int8 >= MIN_INT8_COSINE


def test_the_int8_files_are_what_runs(whole: Boxlens) -> None:
    ways = {name: session.described().split(",")[0] for name, session in whole.loaded.sessions.items()}
    assert ways == {
        "detector": "onnx fp32",
        "vit": "onnx int8",
        "clip_image": "onnx int8",
        "clip_text": "onnx int8",
    }


def test_a_picture_is_ingested_and_found(whole: Boxlens) -> None:
    references = [ImageRef(name, data=(PHOTOS / name).read_bytes()) for name in NAMES]
    report = whole.indexer.ingest(references, collection="full")
    assert report.failed == 0, report.reasons
    picture = whole.decode(references[0].data or b"").pixels
    answer = whole.searcher.search("full", Query((PictureClause(picture),)))
    assert answer.hits[0].image.file_name == NAMES[0]
    assert answer.hits[0].objects[0].why[0].similarity > 0.999
    assert whole.loaded.clip_text is not None
    assert whole.loaded.clip_text.encode_texts(["一只狗"]).shape == (1, 512)


def test_the_nearest_are_those_of_the_exact_twin(whole: Boxlens) -> None:
    index = whole.index
    stored = index.objects("full", [m.object_id for m in index.matching("full", Filter(), 1000)], vectors=True)
    assert len(stored) > len(NAMES)
    twin = InMemoryIndex()
    twin.create("full", whole.pack)
    assert all(result.ok for result in twin.write("full", sorted(stored, key=lambda o: (o.image.image_id, o.number))))
    vectors = {"vit": stored[0].vit_vector, "clip": stored[0].clip_vector}
    for signal, dims in (("vit", 768), ("clip", 512)):
        vector = vectors[signal]
        assert vector is not None
        assert vector.shape == (dims,)
        query = VectorQuery(signal, vector, 5)  # type: ignore[arg-type]
        ((near,), (true,)) = index.search("full", [query]), twin.search("full", [query])
        assert len(near) == len(true)
        assert [n.similarity for n in near] == pytest.approx([t.similarity for t in true], abs=1e-3)
