"""From the JSON of a filter to the domain's conditions: pure functions, no network."""

from __future__ import annotations

from boxlens.api.schemas.query import DateRange, Filter, Location, NumberRange, TermSets
from boxlens.domain import filters
from boxlens.domain.errors import BadQuery
from boxlens.filters.fields import bounds, field_named, inside, near, terms
from boxlens.schema import ATTRIBUTES, COUNT, FILTER_FIELDS, StoredField

MAX_DEPTH = 8


MAX_CONDITIONS = 500


def filter_of(model: Filter, place: str = "filter") -> filters.Filter:
    """The domain's filter. Raises BadQuery for values that make no sense, too many of them, or too deep nesting."""
    if _count(model) > MAX_CONDITIONS:
        raise BadQuery(f"The filter has more than {MAX_CONDITIONS} conditions.", place=place)
    return _filter(model, place, 1)


def _count(model: Filter) -> int:
    own = sum(getattr(model, field.name) is not None for field in FILTER_FIELDS)
    own += len(model.attributes) + len(model.count) + (model.location is not None)
    return own + sum(1 + _count(inner) for inner in (*model.any, *model.none))


def _filter(model: Filter, place: str, depth: int) -> filters.Filter:
    if depth > MAX_DEPTH:
        raise BadQuery(f"The filter nests deeper than {MAX_DEPTH}.", place=place)
    conditions: list[filters.Condition] = []
    for field in FILTER_FIELDS:
        value = getattr(model, field.name)
        if value is not None:
            conditions += _conditions(field, value, f"{place}.{field.name}")
    for name, sets in model.attributes.items():
        inner_place = f"{place}.attributes.{name}"
        conditions += _conditions(field_named(ATTRIBUTES + name, inner_place), sets, inner_place)
    for name, amount in model.count.items():
        inner_place = f"{place}.count.{name}"
        conditions += _conditions(field_named(COUNT + name, inner_place), amount, inner_place)
    if model.location is not None:
        conditions.append(_location(model.location, f"{place}.location"))
    return filters.Filter(
        conditions=tuple(conditions),
        any=tuple(_filter(inner, f"{place}.any[{i}]", depth + 1) for i, inner in enumerate(model.any)),
        none=tuple(_filter(inner, f"{place}.none[{i}]", depth + 1) for i, inner in enumerate(model.none)),
    )


def _conditions(field: StoredField, value: TermSets | NumberRange | DateRange, place: str) -> list[filters.Condition]:
    if isinstance(value, TermSets):
        return [terms(field, value.any, value.none, place)] if value.any or value.none else []
    return [bounds(field, value.gte, value.lte, place)]


def _location(where: Location, place: str) -> filters.Condition:
    if where.near is not None:
        return near(where.near.lat, where.near.lon, where.near.km, f"{place}.near")
    west, south, east, north = where.box or (0.0, 0.0, 0.0, 0.0)  # the model holds exactly one of the two
    return inside(west, south, east, north, f"{place}.box")
