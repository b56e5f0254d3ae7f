"""Every ingest engine over small networks that compute: batching, order, failures, and what query pictures share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol, get_args

import numpy as np
import pytest
from tests.parts import (
    COLOURS,
    BlockDetector,
    FixedReader,
    HistogramEncoder,
    MemoryStore,
    MirroredEncoder,
    NoFetcher,
    networks,
    png,
    scene,
)

from boxlens.domain.boxes import Box
from boxlens.domain.errors import ElasticsearchAway
from boxlens.domain.objects import Detection, IndexedObject, TextLine
from boxlens.domain.pictures import Pixels
from boxlens.domain.references import ImageRef
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines import EngineName, make_engine
from boxlens.pipeline.model_set import Limits, ModelSet, assign_text, filter_detections
from boxlens.pipeline.query_pictures import QueryPipeline, primary_object
from boxlens.pipeline.rows import Failed, Outage, Unchanged
from boxlens.pipeline.stages import Stages, StoredImages


class Nothing:
    """A collection that holds nothing yet."""

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
        return {}

    def deleted(self, image_ids: Sequence[str]) -> Collection[str]:
        return ()

    def whole(self, image_id: str) -> Sequence[IndexedObject]:
        raise AssertionError(image_id)


class MakeEngine(Protocol):
    def __call__(
        self, models: ModelSet, store: MemoryStore | None = None, stored: StoredImages | None = None
    ) -> IngestEngine: ...


@pytest.fixture(params=get_args(EngineName))
def engine(request: pytest.FixtureRequest) -> MakeEngine:
    """Makes an engine over the given models; every test that takes it is run with each engine."""

    def make(models: ModelSet, store: MemoryStore | None = None, stored: StoredImages | None = None) -> IngestEngine:
        stages = Stages(
            models, fetcher=NoFetcher(), store=store or MemoryStore(), stored=stored or Nothing(), bucket="pictures"
        )
        return make_engine(request.param, stages, BatchSizes(detect=2, embed=8))

    return make


def refs(*pictures: Pixels) -> list[ImageRef]:
    return [ImageRef(f"{n}.png", data=png(p)) for n, p in enumerate(pictures)]


RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))


def test_a_picture_becomes_its_frame_and_its_objects(engine: MakeEngine) -> None:
    store = MemoryStore()
    (objects,) = engine(networks(), store).run(refs(scene(RED, BLUE)))
    assert isinstance(objects, tuple)
    assert [(o.number, o.kind, o.label, o.box) for o in objects] == [
        (0, "frame", "", Box(0, 0, 160, 120)),
        (1, "object", "red", RED[1]),
        (2, "object", "blue", BLUE[1]),
    ]
    assert [o.label_names for o in objects] == [(), ("red", "红"), ("blue", "蓝")]
    assert "red" in objects[1].colours
    assert store.held["pictures", objects[0].image.image_key] == png(scene(RED, BLUE))
    for obj in objects:
        assert obj.vit_vector is not None
        assert np.linalg.norm(obj.vit_vector) == pytest.approx(1, abs=1e-5)


def test_crops_of_many_pictures_meet_in_one_batch_and_order_is_kept(engine: MakeEngine) -> None:
    detector, encoder = BlockDetector(), HistogramEncoder()
    pictures = [scene(RED, BLUE, seed=n) for n in range(7)]
    outcomes = list(engine(networks(detector=detector, vit=encoder, clip=None)).run(refs(*pictures)))
    assert detector.batches == [2, 2, 2, 1]
    assert encoder.batches == [8, 8, 5]
    alone = HistogramEncoder()
    for picture, objects in zip(pictures, outcomes, strict=True):
        assert isinstance(objects, tuple)
        assert objects[1].vit_vector is not None
        assert objects[1].clip_vector is None
        expected = alone.encode_images([picture[20:80, 10:60]])[0]
        np.testing.assert_allclose(objects[1].vit_vector, expected, rtol=1e-6)


def test_one_bad_picture_never_stops_the_others(engine: MakeEngine, tmp_path: Path) -> None:
    good = scene(RED)
    poisoned = scene(RED, size=(77, 60))
    references = [
        ImageRef("first.png", data=png(good)),
        ImageRef("text.png", data=b"not a picture"),
        ImageRef("empty.png", data=b""),
        ImageRef(str(tmp_path / "missing.png")),
        ImageRef(str(tmp_path)),
        ImageRef("cut.png", data=png(good)[:200]),
        ImageRef("poisoned.png", data=png(poisoned)),
        ImageRef("bucket://none"),
        ImageRef("last.png", data=png(scene(BLUE))),
    ]
    outcomes = list(engine(networks(detector=BlockDetector(poison=77))).run(references))
    failed = {o.ref.uri: (o.failure.stage, o.failure.code) for o in outcomes if isinstance(o, Failed)}
    assert [isinstance(o, tuple) for o in outcomes] == [True, *[False] * 7, True]
    assert failed["empty.png"] == ("decode", "empty_input")
    assert failed[str(tmp_path / "missing.png")] == ("fetch", "bad_source")
    assert failed[str(tmp_path)] == ("fetch", "bad_source")
    assert failed["cut.png"] == ("decode", "unreadable_picture")
    assert failed["poisoned.png"] == ("detect", "internal")
    assert failed["bucket://none"] == ("fetch", "bad_source")
    assert failed["text.png"][0] == "decode"


class BreakingEncoder(HistogramEncoder):
    """Fails on small crops, as a network might on one odd input."""

    def encode_images(self, pictures: Sequence[Pixels]) -> np.ndarray:
        if any(p.shape[0] < 45 for p in pictures):
            raise ValueError("too small")
        return super().encode_images(pictures)


def test_half_a_picture_is_never_given(engine: MakeEngine) -> None:
    outcomes = list(engine(networks(vit=BreakingEncoder())).run(refs(scene(RED), scene(RED, BLUE), scene(RED, seed=2))))
    assert [isinstance(o, tuple) for o in outcomes] == [True, False, True]
    assert isinstance(outcomes[1], Failed)
    assert outcomes[1].failure.stage == "vit"


def test_a_server_that_is_away_is_no_fault_of_the_picture(engine: MakeEngine) -> None:
    store = MemoryStore()
    store.away = True
    (outcome,) = engine(networks(), store).run(refs(scene(RED)))
    assert isinstance(outcome, Outage)
    assert outcome.error.code == "proxy_away"

    class Away(Nothing):
        def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
            raise ElasticsearchAway("gone")

    (outcome,) = engine(networks(), stored=Away()).run(refs(scene(RED)))
    assert isinstance(outcome, Outage)


def test_a_known_picture_goes_through_no_network(engine: MakeEngine) -> None:
    (objects,) = engine(networks()).run(refs(scene(RED)))
    assert isinstance(objects, tuple)
    frame = objects[0]

    class OneStored(Nothing):
        def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
            return {i: frame for i in image_ids if i == frame.image.image_id}

    detector, encoder = BlockDetector(), HistogramEncoder()
    outcomes = list(
        engine(networks(detector=detector, vit=encoder, clip=None), stored=OneStored()).run(
            refs(scene(RED), scene(BLUE))
        )
    )
    assert isinstance(outcomes[0], Unchanged)
    assert isinstance(outcomes[1], tuple)
    assert (sum(detector.batches), sum(encoder.batches)) == (1, 2)


def test_text_goes_to_the_smallest_box_that_holds_it(engine: MakeEngine) -> None:
    reader = FixedReader(TextLine("RE16", Box(20, 40, 50, 50), 0.9), TextLine("exit", Box(140, 100, 158, 110), 0.9))
    (objects,) = engine(networks(reader=reader)).run(refs(scene(RED)))
    assert isinstance(objects, tuple)
    assert [o.ocr_text for o in objects] == [("exit",), ("RE16",)]
    boxes = [Box(0, 0, 100, 100), Box(10, 10, 60, 60), Box(20, 20, 50, 50)]
    lines = [TextLine("inner", Box(25, 25, 45, 30), 1), TextLine("half", Box(40, 40, 80, 44), 1)]
    assert assign_text(lines, boxes) == [["half"], [], ["inner"]]


def test_tiny_boxes_go_and_large_ones_are_clipped() -> None:
    limits = Limits(min_area_share=0.01, min_side=4, max_objects=2, max_pixels=1)
    results = [
        Detection(Box(-5, -5, 50, 50), "a", 0.5),
        Detection(Box(10, 10, 13, 60), "thin", 0.9),
        Detection(Box(10, 10, 15, 15), "tiny", 0.9),
        Detection(Box(0.4, 0.6, 99.2, 99.9), "b", 0.8),
        Detection(Box(20, 20, 70, 70), "third", 0.3),
    ]
    boxes = filter_detections(results, 100, 100, limits)
    assert [(d.label, d.box) for d in boxes] == [("b", Box(0, 0, 100, 100)), ("a", Box(0, 0, 50, 50))]


def test_a_query_picture_gets_the_vectors_that_ingest_stored(engine: MakeEngine) -> None:
    picture = scene(RED, BLUE)
    (stored,) = engine(networks()).run(refs(picture))
    assert isinstance(stored, tuple)
    analysis, drawn, plain = QueryPipeline(networks()).analyze(
        [picture, picture, scene(seed=9)], [None, Box(90, 30, 130, 70), None]
    )
    assert analysis.primary == 0
    assert analysis.box == RED[1]
    np.testing.assert_array_equal(analysis.vit, stored[1].vit_vector)
    assert (drawn.primary, drawn.box) == (None, BLUE[1])
    np.testing.assert_array_equal(drawn.clip, stored[2].clip_vector)
    assert (plain.objects, plain.primary, plain.box) == ((), None, Box(0, 0, 160, 120))


def test_each_encoder_makes_its_own_vectors_in_ingest_and_queries(engine: MakeEngine) -> None:
    nets = networks(vit=MirroredEncoder(), clip=HistogramEncoder())
    picture = scene(RED)
    (stored,) = engine(nets).run(refs(picture))
    assert isinstance(stored, tuple)
    (analysis,) = QueryPipeline(nets).analyze([picture], [None])
    for vit, clip in ((stored[1].vit_vector, stored[1].clip_vector), (analysis.vit, analysis.clip)):
        np.testing.assert_array_equal(vit, MirroredEncoder().encode_images([picture[20:80, 10:60]])[0])
        np.testing.assert_array_equal(clip, HistogramEncoder().encode_images([picture[20:80, 10:60]])[0])


def test_roles_that_are_off_leave_their_vectors_out(engine: MakeEngine) -> None:
    nets = networks(detector=None, vit=None)
    (objects,) = engine(nets).run(refs(scene(RED)))
    assert isinstance(objects, tuple)
    assert [(o.kind, o.vit_vector is None, o.clip_vector is None) for o in objects] == [("frame", True, False)]
    (analysis,) = QueryPipeline(nets).analyze([scene(RED)], [None])
    assert analysis.vit is None
    assert analysis.clip is not None


def test_the_primary_object_is_certain_large_and_central() -> None:
    middle = Detection(Box(40, 40, 60, 60), "m", 0.8)
    corner = Detection(Box(0, 0, 20, 20), "c", 0.8)
    large = Detection(Box(10, 10, 90, 90), "l", 0.8)
    assert primary_object([corner, middle], 100, 100) == 1
    assert primary_object([middle, large], 100, 100) == 1
    assert primary_object([], 100, 100) is None


def test_every_colour_is_told_apart(engine: MakeEngine) -> None:
    outcomes = list(engine(networks()).run(refs(*(scene((name, Box(20, 20, 100, 100))) for name in COLOURS))))
    labels = [o[1].label for o in outcomes if isinstance(o, tuple)]
    assert labels == list(COLOURS)
