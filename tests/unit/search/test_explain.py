"""Why words matched, and what is marked for it."""

from __future__ import annotations

from tests.contract.objects import frame, record, thing

from boxlens.domain.answers.hits import Hit, HitObject, Why
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.language.word_query import to_word_query
from boxlens.models.coco_labels import COCO
from boxlens.search.explain import explain
from boxlens.search.requests import RankedListRequest

CAR = next(label for label in COCO if label.id == "car")


def by_text(clause: int, text: str, weight: float = 1.0) -> RankedListRequest:
    query = to_word_query(text, COCO, Filter())
    assert query is not None
    return RankedListRequest(clause, "words", weight, query)


def by_words(obj: IndexedObject, *clauses: int) -> HitObject:
    why = [Why("words", clause, 1, 1.0, contribution=0.1, weight=1.0) for clause in clauses]
    return HitObject(obj, 0.1, (*why, Why("clip", clauses[0], 1, 0.3, contribution=0.1, weight=1.0)))


def street(*clauses: int) -> Hit:
    image = record("street", caption="红色的 Toyota 停在雨中", tags=("Rain",))
    car = thing(image, 1, "car", ocr_text=("TOYOTA", "RE16"), colours=("red",), label_names=(*CAR.en, *CAR.zh))
    return Hit(image, 0.1, (by_words(frame(image), *clauses), by_words(car, *clauses)))


def test_each_object_tells_its_own_words() -> None:
    (hit,) = explain([street(0)], [by_text(0, "红色 toyota car rain")])
    whole, car = hit.objects
    assert [(why.words, why.label) for why in whole.why] == [(("toyota", "rain", "red"), None), ((), None)]
    assert [(why.words, why.label) for why in car.why] == [(("toyota", "car", "red"), "car"), ((), None)]
    assert {name: [h.spans for h in texts] for name, texts in hit.highlights.items()} == {
        "caption": [((0, 2), (4, 10))],
        "tags": [((0, 4),)],
    }
    assert {name: [h.text for h in texts] for name, texts in car.highlights.items()} == {
        "label_names": ["car"],
        "ocr_text": ["TOYOTA"],
    }
    assert whole.highlights == {}


def test_each_clause_tells_its_own_words_and_those_that_push_away_are_not_marked() -> None:
    lists = [by_text(0, "toyota"), by_text(1, "rain RE16", -0.5)]
    (hit,) = explain([street(0, 1)], lists)
    whole, car = hit.objects
    assert [why.words for why in whole.why] == [("toyota",), ("rain",), ()]
    assert [why.words for why in car.why] == [("toyota",), ("re16",), ()]
    assert list(hit.highlights) == ["caption"]
    assert [h.text for h in car.highlights["ocr_text"]] == ["TOYOTA"]


def test_without_words_nothing_is_marked() -> None:
    (hit,) = explain([street(0)], [])
    assert hit.highlights == {}
    assert all(why.words == () for matched in hit.objects for why in matched.why)
