"""How well a collection answers by what people marked in it: each text is asked again, and its marks are the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxlens.domain.judgements.feedback import Mark
from boxlens.domain.queries import Query, TextClause
from boxlens.evaluation.evaluator import Searches

RANKS = (1, 5, 10)
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class FeedbackQuality:
    """Of ``texts`` that have a right image: the share with one among the first k, by k. ``wrong_first`` of the
    ``judged`` texts with a wrong mark still have a wrong image in first place."""

    texts: int
    recall: Mapping[int, float]
    judged: int
    wrong_first: int

    def as_dict(self) -> dict[str, object]:
        recall = {f"R@{k}": round(value, 4) for k, value in self.recall.items()}
        return {"texts": self.texts, **recall, "judged_wrong": self.judged, "wrong_first": self.wrong_first}


def evaluate_feedback(searcher: Searches, collection: str, marks: Sequence[Mark]) -> FeedbackQuality:
    """The quality over all marks; the last judgement of an image counts, and one that was opened is right unless it was
    called wrong. Raises as the search."""
    judgements: dict[str, dict[str, bool]] = {}
    for mark in marks:
        images = judgements.setdefault(mark.text, {})
        if mark.judgement != "opened" or mark.image_id not in images:
            images[mark.image_id] = mark.judgement != "wrong"
    places, judged, wrong_first = [], 0, 0
    for text, images in judgements.items():
        query = Query((TextClause(text),), size=_DEPTH, min_relevance="auto", read_text=True)
        answer = [hit.image.image_id for hit in searcher.search(collection, query).hits]
        if not all(images.values()):
            judged += 1
            wrong_first += bool(answer) and not images.get(answer[0], True)
        if any(images.values()):
            places.append(next((i for i, image in enumerate(answer) if images.get(image)), _DEPTH))
    recall = {k: sum(place < k for place in places) / max(1, len(places)) for k in RANKS}
    return FeedbackQuality(len(places), recall, judged, wrong_first)
