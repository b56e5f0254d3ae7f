"""The plan of a query with ``all_of``: the ranked lists of its parts, over objects alone, and those of its clauses.

Labels that the parts name, and how many of each, stand on every document as counts, so that images without them are not
met at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxlens.domain.answers.hits import QueryObject
from boxlens.domain.errors import NotFound
from boxlens.domain.filters import Condition, Filter, NumberRange, both
from boxlens.domain.objects import LabelName
from boxlens.domain.queries import Part, PictureClause, TextClause, WordQuery
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import recognize_labels
from boxlens.language.query_parsing.vocabulary import only_stop_words
from boxlens.schema import COUNT
from boxlens.search.cursor import as_of
from boxlens.search.multi_object.part_filter import OBJECTS, narrowed, split_filter
from boxlens.search.plan import QueryPlan, QueryPlanner
from boxlens.search.requests import RankedListRequest, RankingRequest

_HAS_COUNTS = Filter((Condition("objects", range=NumberRange(gte=0)),))


@dataclass(frozen=True, slots=True, eq=False)
class MultiObjectPlan:
    """``part_lists`` and ``clause_lists``: the parts are counted first, the clauses behind them. ``box_filter`` holds
    for every box that stands for a part, and ``image_filter`` for any one object of the image. ``query_objects`` are
    those of the first picture clause."""

    part_lists: tuple[RankedListRequest, ...]
    clause_lists: tuple[RankedListRequest, ...]
    box_filter: Filter
    image_filter: Filter
    query_objects: tuple[QueryObject, ...]
    notes: tuple[str, ...]


def plan_parts(planner: QueryPlanner, request: RankingRequest, labels: Sequence[LabelName]) -> MultiObjectPlan:
    """The plan of a query: all texts and all pictures, of parts and of clauses, embedded in one go.

    Raises NotFound naming the part or the clause whose stored object is not there, ElasticsearchAway.
    """
    query = request.query
    parts = len(query.all_of)
    plan = _plan_all(planner, request)
    stood = Filter() if query.cursor is None else as_of(Filter(), request.seen.as_of)
    lists = [narrowed(list_request, stood) for list_request in plan.lists]
    box_filter, image_filter = split_filter(query.filter)
    pictures = plan.pictures[sum(isinstance(part.clause, PictureClause) for part in query.all_of) :]
    return MultiObjectPlan(
        part_lists(query.all_of, [list_request for list_request in lists if list_request.clause < parts], labels),
        tuple(narrowed(list_request, box_filter) for list_request in lists if list_request.clause >= parts),
        box_filter,
        image_filter,
        pictures[0] if pictures else (),
        plan.notes,
    )


def _plan_all(planner: QueryPlanner, request: RankingRequest) -> QueryPlan:
    """Lists of parts and clauses without the filter, parts first."""
    query = request.query
    clauses = (*(replace(part.clause, weight=1.0) for part in query.all_of), *query.clauses)
    try:
        return planner.plan(request.collections, replace(query, clauses=clauses, filter=Filter()))
    except NotFound as error:
        kind, _, number = error.place.partition(".")
        if kind == "clauses" and number.isdigit():
            i, parts = int(number), len(query.all_of)
            error.place = f"all_of[{i}]" if i < parts else f"clauses[{i - parts}]"
        raise


def part_lists(
    parts: Sequence[Part], lists: Sequence[RankedListRequest], labels: Sequence[LabelName]
) -> tuple[RankedListRequest, ...]:
    """The lists of the parts, made from those that a query with the same clauses has.

    Only objects are looked at. Where a text names labels, or kinds of them, an object must have one of them; when the
    text says no more than a label, this is all it takes.
    """
    made = []
    counted = _counted(parts, labels)
    for list_request in _one_by_words(lists):
        filter = both([list_request.query.filter, OBJECTS, counted])
        clause = parts[list_request.clause].clause
        named, rest = recognize_labels(clause.text, labels) if isinstance(clause, TextClause) else ((), "")
        if not named:
            if isinstance(clause, TextClause) and (kinds := classes_of_kinds(clause.text, labels)):
                filter = both([filter, Filter((Condition("label", any_of=kinds),))])
            made.append(replace(list_request, query=replace(list_request.query, filter=filter)))
            continue
        filter = both([filter, Filter((Condition("label", any_of=named),))])
        has_clip = any(w.clause == list_request.clause and w.signal == "clip" for w in lists)
        by_label = only_stop_words(rest) or not has_clip
        if by_label and isinstance(list_request.query, WordQuery):
            words = replace(list_request.query, labels=named, tokens=(), colours=(), filter=filter)
            made.append(replace(list_request, query=words))
        elif not by_label and not isinstance(list_request.query, WordQuery):
            made.append(replace(list_request, query=replace(list_request.query, filter=filter)))
    return tuple(made)


def _one_by_words(lists: Sequence[RankedListRequest]) -> list[RankedListRequest]:
    """The lists with the first one of each clause by words alone: a part of ``all_of`` is one thing."""
    first: dict[int, RankedListRequest] = {}
    for list_request in lists:
        if list_request.signal == "words":
            first.setdefault(list_request.clause, list_request)
    return [
        replace(list_request, part=None)
        for list_request in lists
        if list_request.signal != "words" or first[list_request.clause] is list_request
    ]


def _counted(parts: Sequence[Part], labels: Sequence[LabelName]) -> Filter:
    """The images that hold as many objects of the labels as the parts name, and those stored before objects were
    counted: these have no ``objects``."""
    single: Counter[str] = Counter()
    any_of_several: list[Filter] = []
    for part in parts:
        if not isinstance(part.clause, TextClause) or not part.min_count:
            continue
        named = recognize_labels(part.clause.text, labels)[0] or classes_of_kinds(part.clause.text, labels)
        if len(named) == 1:
            single[named[0]] += part.min_count
        elif named:
            any_of_several.append(Filter(any=tuple(_at_least(label, 1) for label in named)))
    if not single and not any_of_several:
        return Filter()
    enough = both([*(_at_least(label, count) for label, count in single.items()), *any_of_several])
    return Filter(none=(replace(_HAS_COUNTS, none=(enough,)),))


def _at_least(label: str, count: int) -> Filter:
    return Filter((Condition(f"{COUNT}{label}", range=NumberRange(gte=count)),))
