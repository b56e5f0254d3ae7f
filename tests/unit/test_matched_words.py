"""Why words matched, and what is marked for it."""

from __future__ import annotations

from tests.contract.objects import frame, record, thing

from embedding_pipeline.answers import Hit, HitObject, Why
from embedding_pipeline.domain import IndexedObject
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.queries import Filter
from embedding_pipeline.search.fusion import Wanted
from embedding_pipeline.search.matched_words import explained
from embedding_pipeline.text.wanted_words import wanted_words

CAR = next(label for label in COCO if label.id == "car")


def wanted(clause: int, text: str, weight: float = 1.0) -> Wanted:
    query = wanted_words(text, COCO, Filter())
    assert query is not None
    return Wanted(clause, "words", weight, query)


def by_words(obj: IndexedObject, *clauses: int) -> HitObject:
    why = [Why("words", clause, 1, 1.0, contribution=0.1, weight=1.0) for clause in clauses]
    return HitObject(obj, 0.1, (*why, Why("clip", clauses[0], 1, 0.3, contribution=0.1, weight=1.0)))


def street(*clauses: int) -> Hit:
    image = record("street", caption="红色的 Toyota 停在雨中", tags=("Rain",))
    car = thing(image, 1, "car", ocr_text=("TOYOTA", "RE16"), colours=("red",), label_names=(*CAR.en, *CAR.zh))
    return Hit(image, 0.1, (by_words(frame(image), *clauses), by_words(car, *clauses)))


def test_each_object_tells_its_own_words() -> None:
    (hit,) = explained([street(0)], [wanted(0, "红色 toyota car rain")])
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
    lists = [wanted(0, "toyota"), wanted(1, "rain RE16", -0.5)]
    (hit,) = explained([street(0, 1)], lists)
    whole, car = hit.objects
    assert [why.words for why in whole.why] == [("toyota",), ("rain",), ()]
    assert [why.words for why in car.why] == [("toyota",), ("re16",), ()]
    assert list(hit.highlights) == ["caption"]
    assert [h.text for h in car.highlights["ocr_text"]] == ["TOYOTA"]


def test_without_words_nothing_is_marked() -> None:
    (hit,) = explained([street(0)], [])
    assert hit.highlights == {}
    assert all(why.words == () for matched in hit.objects for why in matched.why)
