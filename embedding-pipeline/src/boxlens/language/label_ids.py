"""Labels of a filter by any of their names: in Chinese or English, in any case, width, number and script."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace

from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import LabelName
from boxlens.language.label_recognition import label_of
from boxlens.language.tokens import normalize
from boxlens.schema import COUNT


def with_label_ids(
    filter: Filter,
    labels: Sequence[LabelName],
    place: str = "filter",
    *,
    own: Callable[[str], bool] = lambda label: False,
) -> Filter:
    """The filter with the id of a class wherever it has a name of one; as it is where the pack has no classes. ``own``
    tells whether a label is one that a person gave: it stays.

    Raises BadQuery naming the place, and what is near, for a name that neither a class nor such a label has.
    """
    if not labels:
        return filter
    return Filter(
        tuple(_condition(condition, labels, f"{place}.{condition.field}", own) for condition in filter.conditions),
        tuple(with_label_ids(part, labels, f"{place}.any[{i}]", own=own) for i, part in enumerate(filter.any)),
        tuple(with_label_ids(part, labels, f"{place}.none[{i}]", own=own) for i, part in enumerate(filter.none)),
    )


def _condition(condition: Condition, labels: Sequence[LabelName], place: str, own: Callable[[str], bool]) -> Condition:
    if condition.field.startswith(COUNT):
        return replace(condition, field=COUNT + _id(condition.field.removeprefix(COUNT), labels, place, own))
    if condition.field != "label":
        return condition
    any_of, none_of = (
        tuple(dict.fromkeys(_id(name, labels, place, own) for name in names if isinstance(name, str)))
        for names in (condition.any_of, condition.none_of)
    )
    return replace(condition, any_of=any_of, none_of=none_of)


def _id(name: str, labels: Sequence[LabelName], place: str, own: Callable[[str], bool]) -> str:
    label_id = label_of(name, labels)
    if label_id is not None:
        return label_id
    if own(name):
        return name
    names = {normalize(name): name for label in labels for name in (label.id, *label.zh, *label.en)}
    near = [names[close] for close in difflib.get_close_matches(normalize(name[:80]), names, n=3)]
    hint = f"Did you mean {', '.join(near)}?" if near else "All classes and their names: GET /v1/labels."
    raise BadQuery(f"The pack has no class named {name[:80]!r}.", hint=hint, place=place)
