"""What `boxlens search` says of relevance, and of an answer that is empty because nothing is near enough."""

from __future__ import annotations

import pytest
from tests.contract.objects import frame, record

from boxlens.cli.search import least_of, print_answer, print_nearest, sort_of
from boxlens.domain.answers.hits import Answer, Cut, Hit, HitObject, Why
from boxlens.domain.errors import BadQuery
from boxlens.domain.queries import Sort


def answer(*relevances: float, cut: Cut | None = None) -> Answer:
    hits = []
    for n, relevance in enumerate(relevances):
        image = record(f"p[{n}]")
        why = Why("clip", 0, 1, similarity=0.3, weight=1.0, contribution=0.1)
        matched = HitObject(frame(image), 0.1, (why,), relevance=relevance)
        hits.append(Hit(image, 0.1, (matched,), relevance=relevance, weak=relevance < 0.5))
    return Answer(tuple(hits), len(hits), True, None, {"total": 1.0}, cut=cut)


def test_hits_come_with_their_relevance_and_doubtful_ones_with_a_question_mark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_answer(answer(0.93, 0.31, cut=Cut(0.02, 12)))
    out, err = capsys.readouterr()
    assert "0.93" in out
    assert "0.93?" not in out
    assert "0.31?" in out
    assert "12 less relevant pictures were left out" in err
    assert "question mark" in err


def test_an_empty_answer_says_what_came_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(answer(cut=Cut(0.08, 40)))
    assert "Nothing found" not in capsys.readouterr().out
    print_nearest("a [red] unicorn", Cut(0.08, 40), answer(0.04))
    out = " ".join(capsys.readouterr().out.split())
    assert "Nothing here looks like 'a [red] unicorn': of 40 pictures none is near enough." in out
    assert "The nearest was p[0].jpg (relevance 0.04): see it with --min-relevance 0." in out


def test_nothing_at_all_is_nothing_found(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(answer())
    assert "Nothing found." in capsys.readouterr().out


@pytest.mark.parametrize(("text", "least"), [("auto", "auto"), ("0", 0.0), ("0.5", 0.5), ("1", 1.0)])
def test_relevance_on_the_command_line(text: str, least: float | str) -> None:
    assert least_of(text) == least


@pytest.mark.parametrize("text", ["", "high", "-0.1", "1.1", "nan", "inf"])
def test_what_is_no_relevance(text: str) -> None:
    with pytest.raises(BadQuery):
        least_of(text)


def test_an_order_is_read_by_its_name() -> None:
    assert sort_of("-taken_at") == Sort("taken_at", descending=True)
    assert sort_of("relevance") == Sort()
    with pytest.raises(BadQuery, match="'up' is no order") as refused:
        sort_of("up")
    assert "box_area" in refused.value.hint
