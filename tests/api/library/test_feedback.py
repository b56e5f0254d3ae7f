"""Marks on hits through the API, and the test set they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World

from boxlens.domain.errors import BadSource
from boxlens.domain.judgements.feedback import Mark
from boxlens.evaluation.feedback import evaluate_feedback
from boxlens.library.feedback import FeedbackLog

C = "/v1/collections/photos"


@pytest.fixture
def data_dir(world: World, tmp_path: Path) -> Path:
    """The folder in which marks are kept."""
    api = world.settings.api.model_copy(update={"keep_feedback": True})
    world.settings = world.settings.model_copy(update={"api": api, "data_dir": tmp_path})
    return tmp_path


def test_nothing_is_kept_unless_the_owner_allows_it(client: TestClient, world: World, tmp_path: Path) -> None:
    world.settings = world.settings.model_copy(update={"data_dir": tmp_path})
    body = {"text": "red", "image_id": world.add(), "judgement": "right"}
    assert client.post(f"{C}/feedback", json=body).json() == {"kept": False}
    assert FeedbackLog(tmp_path, "photos").marks() == []


def test_marks_are_kept_and_make_a_test_set(client: TestClient, world: World, data_dir: Path) -> None:
    right, wrong = world.add(1), world.add(2, left="green", right="yellow")
    marks = [("red", right, "right"), ("green", right, "opened"), ("green", wrong, "wrong")]
    for text, image_id, judgement in marks:
        body = {"text": text, "image_id": image_id, "judgement": judgement}
        assert client.post(f"{C}/feedback", json=body).json() == {"kept": True}
    kept = FeedbackLog(data_dir, "photos").marks()
    assert kept == [Mark(*mark) for mark in marks]  # type: ignore[arg-type]
    quality = evaluate_feedback(world.searcher, "photos", kept)
    assert (quality.texts, quality.judged, quality.wrong_first) == (2, 1, 1)
    assert 0.5 <= quality.recall[1] < 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a device of Linux")
def test_a_full_disk_is_told_as_what_it_is(client: TestClient, world: World, data_dir: Path) -> None:
    (data_dir / "feedback").mkdir()
    (data_dir / "feedback" / "photos.jsonl").symlink_to("/dev/full")
    body = {"text": "red", "image_id": world.add(), "judgement": "right"}
    refused = problem(client.post(f"{C}/feedback", json=body), 507, "disk_full")
    assert str(data_dir) not in str(refused)


def test_bad_marks_are_refused(client: TestClient) -> None:
    body = {"text": "red", "image_id": "0" * 64, "judgement": "right"}
    problem(client.post("/v1/collections/nothing/feedback", json=body), 404, "not_found")
    problem(client.post(f"{C}/feedback", json=body | {"judgement": "good"}), 422, "bad_input")


def test_a_line_that_is_no_mark_is_named(data_dir: Path) -> None:
    FeedbackLog(data_dir, "photos").add(Mark("red", "0" * 64, "right"))
    with (data_dir / "feedback" / "photos.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(BadSource, match="line 2"):
        FeedbackLog(data_dir, "photos").marks()
