"""ViT-B/16 of 768 numbers and Chinese-CLIP ViT-B-16 of 512, weights as initialised: from checkpoints to a search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checkpoints import CLIP_TEXT, clip_checkpoint, timm_folder
from tests.shared import DATA, PHOTOS, needs_photos
from tests.torch_extra import needs_torch

from embedding_pipeline.domain import ImageRef
from embedding_pipeline.models.export_clip import ClipSource
from embedding_pipeline.models.export_pack import PackSources, export_pack
from embedding_pipeline.models.export_timm import TimmSource
from embedding_pipeline.models.pack_spec import NEAR, SAME
from embedding_pipeline.models.packs import Pack
from embedding_pipeline.models.torch_onnx import Parity
from embedding_pipeline.pictures.images import decode
from embedding_pipeline.queries import Filter, PictureClause, Query, VectorQuery
from embedding_pipeline.servers import Addresses, embedded_proxy
from embedding_pipeline.settings import ElasticsearchSettings, Settings
from embedding_pipeline.stores.exact import ExactIndex
from embedding_pipeline.wiring import Boxlens

pytestmark = [needs_torch, needs_photos]
NAMES = ("000000000790.jpg", "000000000285.jpg")
SHAPE = {
    "embed_dim": 512,
    "image_resolution": 224,
    "vision_layers": 12,
    "vision_width": 768,
    "vision_patch_size": 16,
    **CLIP_TEXT,
    "text_hidden_size": 768,
    "text_intermediate_size": 3072,
    "text_num_attention_heads": 12,
    "text_num_hidden_layers": 12,
}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pack, list[Parity]]:
    data_dir = tmp_path_factory.mktemp("full")
    weights = tmp_path_factory.mktemp("weights")
    sources = PackSources(
        detector=DATA / "models" / "yolox_nano.onnx",
        vit=TimmSource(timm_folder(weights / "vit", "vit_base_patch16_224")),
        clip=ClipSource(clip_checkpoint(weights / "clip.pt", SHAPE), "ViT-B-16"),
        ocr=False,
    )
    pictures = [decode((PHOTOS / name).read_bytes(), max_pixels=10**8).pixels for name in NAMES]
    pack, parities = export_pack(sources, data_dir / "packs", name="photo", pictures=pictures)
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
        assert parity.cosine >= SAME
        assert parity.int8 is not None
        assert parity.int8 >= NEAR


def test_the_int8_files_are_what_runs(whole: Boxlens) -> None:
    ways = {name: session.described().split(",")[0] for name, session in whole.loaded.sessions.items()}
    assert ways == {
        "detector": "onnx fp32",
        "vit": "onnx int8",
        "clip_image": "onnx int8",
        "clip_text": "onnx int8",
    }


def test_a_picture_is_ingested_and_found(whole: Boxlens) -> None:
    given = [ImageRef(name, data=(PHOTOS / name).read_bytes()) for name in NAMES]
    report = whole.indexer.ingest(given, collection="full")
    assert report.failed == 0, report.reasons
    picture = whole.decode(given[0].data or b"").pixels
    answer = whole.searcher.search("full", Query((PictureClause(picture),)))
    assert answer.hits[0].image.file_name == NAMES[0]
    assert answer.hits[0].objects[0].why[0].similarity > 0.999
    assert whole.loaded.clip_text is not None
    assert whole.loaded.clip_text.encode_texts(["一只狗"]).shape == (1, 512)


def test_the_nearest_are_those_of_the_exact_twin(whole: Boxlens) -> None:
    index = whole.index
    stored = index.objects("full", [m.object_id for m in index.matching("full", Filter(), 1000)], vectors=True)
    assert len(stored) > len(NAMES)
    twin = ExactIndex()
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


def test_the_shape_is_that_of_cn_clip_s_own_file() -> None:
    import cn_clip.clip

    configs = Path(cn_clip.clip.__file__).parent / "model_configs"
    both = [json.loads((configs / f"{n}.json").read_text()) for n in ("ViT-B-16", "RoBERTa-wwm-ext-base-chinese")]
    assert both[0] | both[1] == SHAPE
