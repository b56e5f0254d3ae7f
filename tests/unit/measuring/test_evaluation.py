"""Recall as cn_clip computes it, held to cn_clip's own script; boxes; approximate against exact."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from types import ModuleType

import pytest

from boxlens.domain.boxes import Box
from boxlens.domain.queries import RankedObject
from boxlens.evaluation.metrics import Answered, ann_recall, percentiles, predictions, quality, recall, truth

# the scripts leave a file open
LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def script(name: str) -> ModuleType:
    """A script of the installed cn_clip, without importing the package, which wants torch."""
    package = importlib.util.find_spec("cn_clip")
    if package is None or not package.submodule_search_locations:
        pytest.skip("cn_clip is not installed: uv pip sync requirements-torch.lock")
    path = Path(package.submodule_search_locations[0]) / "eval" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path: Path, lines: list[dict[str, object]]) -> str:
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


def answers(seed: int, shortest: int) -> list[Answered]:
    """60 random rankings over 40 pictures; lists have ``shortest`` to 20 entries."""
    rng = random.Random(seed)
    return [
        Answered(q, rng.sample(range(40), rng.randint(shortest, 20)), set(rng.sample(range(40), rng.randint(1, 3))))
        for q in range(60)
    ]


@LEAKS
@pytest.mark.parametrize("shortest", [0, 10])
@pytest.mark.parametrize(
    ("name", "query", "answer"),
    [("evaluation", "text_id", "image_ids"), ("evaluation_tr", "image_id", "text_ids")],
)
def test_cn_clips_own_numbers_equal_ours(tmp_path: Path, name: str, query: str, answer: str, shortest: int) -> None:
    rows = answers(3, shortest)
    golden = write(tmp_path / "golden.jsonl", truth(rows, query, answer))
    predicted = write(tmp_path / "predicted.jsonl", predictions(rows, query, answer))
    theirs = script(name).compute_score(golden, predicted)
    ours = quality("", rows)
    assert theirs == pytest.approx([100 * n for n in (ours.mean_recall, *(ours.recall[k] for k in (1, 5, 10)))])
    assert 0 < ours.recall[1] < ours.recall[20] < 1


def test_recall_counts_queries_with_a_right_answer_in_reach() -> None:
    answers = [Answered(0, [1, 2], {1}), Answered(1, [2, 1], {1, 3}), Answered(2, [], {1}), Answered(3, [2], {1})]
    assert recall(answers) == {1: 0.25, 5: 0.5, 10: 0.5, 20: 0.5}
    assert recall([]) == {1: 0, 5: 0, 10: 0, 20: 0}


def test_boxes_are_judged_on_correct_first_hits_alone() -> None:
    true = (Box(0, 0, 10, 10), Box(50, 50, 60, 60))
    rows = [
        Answered(0, [1], {1}, Box(50, 50, 60, 61), true),  # right
        Answered(1, [1], {1}, Box(20, 20, 30, 30), true),  # right picture, wrong box
        Answered(2, [2], {1}, Box(0, 0, 10, 10), true),  # wrong picture
        Answered(3, [1], {1}, Box(0, 0, 10, 10), ()),  # no box known
    ]
    row = quality("x", rows)
    assert (row.boxes, row.boxed) == (0.5, 2)
    assert quality("x", rows[2:]).boxes is None
    assert "right_boxes" not in quality("x", rows[2:]).as_dict()


def test_short_answers_are_filled_up_without_winning_anything() -> None:
    (line,) = predictions([Answered(7, [4, 5], {0})], "text_id", "image_ids")
    assert line == {"text_id": 7, "image_ids": [4, 5, -1, -2, -3, -4, -5, -6, -7, -8]}


def test_approximate_against_exact() -> None:
    def ranked(*similarities: float) -> list[RankedObject]:
        return [RankedObject(str(i), "", s) for i, s in enumerate(similarities)]

    assert ann_recall(ranked(0.9, 0.8), ranked(0.9, 0.8)) == 1
    assert ann_recall(ranked(0.9, 0.7), ranked(0.9, 0.8)) == 0.5
    assert ann_recall(ranked(0.9, 0.8, 0.8), ranked(0.9, 0.8)) == 1
    assert ann_recall([], []) == 1


def test_percentiles() -> None:
    assert percentiles(range(101)) == {"p50": 50.0, "p95": 95.0}
    assert percentiles([]) == {}
