"""The Towhee graph over small networks that compute: batching, order, failures, and what the query graph shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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

from embedding_pipeline.domain import Box, Detection, ImageRef, IndexedObject, Pixels, TextLine
from embedding_pipeline.errors import ElasticsearchAway
from embedding_pipeline.pipeline.graph import IngestPipeline, QueryPipeline, primary_of
from embedding_pipeline.pipeline.networks import Limits, Networks, bind_lines, kept
from embedding_pipeline.pipeline.rows import Failed, Outage, Unchanged
from embedding_pipeline.pipeline.stages import Stages


class Nothing:
    """A collection that holds nothing yet."""

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
        return {}

    def whole(self, image_id: str) -> Sequence[IndexedObject]:
        raise AssertionError(image_id)


def pipeline(nets: Networks, store: MemoryStore | None = None, known: object = None, **sizes: int) -> IngestPipeline:
    stages = Stages(
        nets, fetcher=NoFetcher(), store=store or MemoryStore(), known=known or Nothing(), bucket="pictures"  # type: ignore[arg-type]
    )  # fmt: skip
    return IngestPipeline(stages, **({"detect_batch": 2, "embed_batch": 8} | sizes))


def refs(*pictures: Pixels) -> list[ImageRef]:
    return [ImageRef(f"{n}.png", data=png(p)) for n, p in enumerate(pictures)]


RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))


def test_a_picture_becomes_its_frame_and_its_objects() -> None:
    store = MemoryStore()
    (objects,) = pipeline(networks(), store).run(refs(scene(RED, BLUE)))
    assert isinstance(objects, tuple)
    assert [(o.number, o.kind, o.label, o.box) for o in objects] == [
        (0, "frame", "", Box(0, 0, 160, 120)),
        (1, "object", "red", RED[1]),
        (2, "object", "blue", BLUE[1]),
    ]
    assert [o.label_names for o in objects] == [(), ("red", "红"), ("blue", "蓝")]
    assert "red" in objects[1].colours
    assert store.held["pictures", objects[0].image.image_key] == png(scene(RED, BLUE))
    for found in objects:
        assert found.vit_vector is not None
        assert np.linalg.norm(found.vit_vector) == pytest.approx(1, abs=1e-5)


def test_crops_of_many_pictures_meet_in_one_batch_and_order_is_kept() -> None:
    detector, encoder = BlockDetector(), HistogramEncoder()
    pictures = [scene(RED, BLUE, seed=n) for n in range(7)]
    outcomes = list(pipeline(networks(detector=detector, vit=encoder, clip=None)).run(refs(*pictures)))
    assert detector.batches == [2, 2, 2, 1]
    assert encoder.batches == [8, 8, 5]
    alone = HistogramEncoder()
    for picture, objects in zip(pictures, outcomes, strict=True):
        assert isinstance(objects, tuple)
        assert objects[1].clip_vector is None
        expected = alone.encode_images([picture[20:80, 10:60]])[0]
        np.testing.assert_allclose(objects[1].vit_vector, expected, rtol=1e-6)


def test_one_bad_picture_never_stops_the_others(tmp_path: Path) -> None:
    good = scene(RED)
    poisoned = scene(RED, size=(77, 60))
    given = [
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
    outcomes = list(pipeline(networks(detector=BlockDetector(poison=77))).run(given))
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


def test_half_a_picture_is_never_given() -> None:
    outcomes = list(
        pipeline(networks(vit=BreakingEncoder())).run(refs(scene(RED), scene(RED, BLUE), scene(RED, seed=2)))
    )
    assert [isinstance(o, tuple) for o in outcomes] == [True, False, True]
    assert isinstance(outcomes[1], Failed)
    assert outcomes[1].failure.stage == "vit"


def test_a_server_that_is_away_is_no_fault_of_the_picture() -> None:
    store = MemoryStore()
    store.away = True
    (outcome,) = pipeline(networks(), store).run(refs(scene(RED)))
    assert isinstance(outcome, Outage)
    assert outcome.error.code == "proxy_away"

    class Away(Nothing):
        def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
            raise ElasticsearchAway("gone")

    (outcome,) = pipeline(networks(), known=Away()).run(refs(scene(RED)))
    assert isinstance(outcome, Outage)


def test_a_known_picture_goes_through_no_network() -> None:
    (objects,) = pipeline(networks()).run(refs(scene(RED)))
    assert isinstance(objects, tuple)

    class Known(Nothing):
        def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
            return {i: objects[0] for i in image_ids if i == objects[0].image.image_id}

    detector, encoder = BlockDetector(), HistogramEncoder()
    outcomes = list(
        pipeline(networks(detector=detector, vit=encoder, clip=None), known=Known()).run(refs(scene(RED), scene(BLUE)))
    )
    assert isinstance(outcomes[0], Unchanged)
    assert isinstance(outcomes[1], tuple)
    assert (sum(detector.batches), sum(encoder.batches)) == (1, 2)


def test_text_goes_to_the_smallest_box_that_holds_it() -> None:
    reader = FixedReader(TextLine("RE16", Box(20, 40, 50, 50), 0.9), TextLine("exit", Box(140, 100, 158, 110), 0.9))
    (objects,) = pipeline(networks(reader=reader)).run(refs(scene(RED)))
    assert isinstance(objects, tuple)
    assert [o.ocr_text for o in objects] == [("exit",), ("RE16",)]
    boxes = [Box(0, 0, 100, 100), Box(10, 10, 60, 60), Box(20, 20, 50, 50)]
    lines = [TextLine("inner", Box(25, 25, 45, 30), 1), TextLine("half", Box(40, 40, 80, 44), 1)]
    assert bind_lines(lines, boxes) == [["half"], [], ["inner"]]


def test_tiny_boxes_go_and_large_ones_are_clipped() -> None:
    limits = Limits(min_area_share=0.01, min_side=4, max_objects=2, max_pixels=1)
    found = [
        Detection(Box(-5, -5, 50, 50), "a", 0.5),
        Detection(Box(10, 10, 13, 60), "thin", 0.9),
        Detection(Box(10, 10, 15, 15), "tiny", 0.9),
        Detection(Box(0.4, 0.6, 99.2, 99.9), "b", 0.8),
        Detection(Box(20, 20, 70, 70), "third", 0.3),
    ]
    boxes = kept(found, 100, 100, limits)
    assert [(d.label, d.box) for d in boxes] == [("b", Box(0, 0, 100, 100)), ("a", Box(0, 0, 50, 50))]


def test_the_query_graph_gives_the_vectors_the_ingest_graph_stored() -> None:
    picture = scene(RED, BLUE)
    (stored,) = pipeline(networks()).run(refs(picture))
    assert isinstance(stored, tuple)
    looked, drawn, plain = QueryPipeline(networks()).look(
        [picture, picture, scene(seed=9)], [None, Box(90, 30, 130, 70), None]
    )
    assert looked.primary == 0
    assert looked.box == RED[1]
    np.testing.assert_array_equal(looked.vit, stored[1].vit_vector)
    assert (drawn.primary, drawn.box) == (None, BLUE[1])
    np.testing.assert_array_equal(drawn.clip, stored[2].clip_vector)
    assert (plain.objects, plain.primary, plain.box) == ((), None, Box(0, 0, 160, 120))


def test_each_encoder_makes_its_own_vectors_in_both_graphs() -> None:
    nets = networks(vit=MirroredEncoder(), clip=HistogramEncoder())
    picture = scene(RED)
    (stored,) = pipeline(nets).run(refs(picture))
    assert isinstance(stored, tuple)
    (looked,) = QueryPipeline(nets).look([picture], [None])
    for vit, clip in ((stored[1].vit_vector, stored[1].clip_vector), (looked.vit, looked.clip)):
        np.testing.assert_array_equal(vit, MirroredEncoder().encode_images([picture[20:80, 10:60]])[0])
        np.testing.assert_array_equal(clip, HistogramEncoder().encode_images([picture[20:80, 10:60]])[0])


def test_roles_that_are_off_leave_their_vectors_out() -> None:
    nets = networks(detector=None, vit=None)
    (objects,) = pipeline(nets).run(refs(scene(RED)))
    assert isinstance(objects, tuple)
    assert [(o.kind, o.vit_vector is None, o.clip_vector is None) for o in objects] == [("frame", True, False)]
    (looked,) = QueryPipeline(nets).look([scene(RED)], [None])
    assert looked.vit is None
    assert looked.clip is not None


def test_the_primary_object_is_certain_large_and_central() -> None:
    middle = Detection(Box(40, 40, 60, 60), "m", 0.8)
    corner = Detection(Box(0, 0, 20, 20), "c", 0.8)
    large = Detection(Box(10, 10, 90, 90), "l", 0.8)
    assert primary_of([corner, middle], 100, 100) == 1
    assert primary_of([middle, large], 100, 100) == 1
    assert primary_of([], 100, 100) is None


def test_every_colour_is_told_apart() -> None:
    outcomes = list(pipeline(networks()).run(refs(*(scene((name, Box(20, 20, 100, 100))) for name in COLOURS))))
    labels = [o[1].label for o in outcomes if isinstance(o, tuple)]
    assert labels == list(COLOURS)
