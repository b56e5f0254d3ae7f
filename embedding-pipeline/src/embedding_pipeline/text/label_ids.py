"""Labels of a filter by any of their names: in Chinese or English, in any case, width, number and script."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from embedding_pipeline.domain import LabelName
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.fields import COUNT
from embedding_pipeline.queries import Condition, Filter
from embedding_pipeline.text.label_words import label_of
from embedding_pipeline.text.words import fold


def with_label_ids(filter: Filter, labels: Sequence[LabelName], place: str = "filter") -> Filter:
    """The filter with the id of a class wherever it has a name of one; as it is where the pack has no classes.

    Raises BadQuery naming the place, and what is near, for a name that no class has.
    """
    if not labels:
        return filter
    return Filter(
        tuple(_condition(one, labels, f"{place}.{one.field}") for one in filter.conditions),
        tuple(with_label_ids(one, labels, f"{place}.any[{i}]") for i, one in enumerate(filter.any)),
        tuple(with_label_ids(one, labels, f"{place}.none[{i}]") for i, one in enumerate(filter.none)),
    )


def _condition(condition: Condition, labels: Sequence[LabelName], place: str) -> Condition:
    if condition.field.startswith(COUNT):
        return replace(condition, field=COUNT + _id(condition.field.removeprefix(COUNT), labels, place))
    if condition.field != "label":
        return condition
    any_of, none_of = (
        tuple(dict.fromkeys(_id(name, labels, place) for name in names))
        for names in (condition.any_of, condition.none_of)
    )
    return replace(condition, any_of=any_of, none_of=none_of)


def _id(name: str, labels: Sequence[LabelName], place: str) -> str:
    found = label_of(name, labels)
    if found is not None:
        return found
    names = {fold(known): known for label in labels for known in (label.id, *label.zh, *label.en)}
    near = [names[one] for one in difflib.get_close_matches(fold(name[:80]), names, n=3)]
    hint = f"Did you mean {', '.join(near)}?" if near else "All classes and their names: GET /v1/labels."
    raise BadQuery(f"The pack has no class named {name[:80]!r}.", hint=hint, place=place)
