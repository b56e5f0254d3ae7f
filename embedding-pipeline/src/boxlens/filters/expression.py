r"""The filter language of the command line, to ``filters.Filter``.

``label:car,truck score>=0.5 area>=0.02 -tag:draft format:jpg taken:2023-01..2023-06 attributes.shop:12``

Spaces mean and, commas mean or, a leading minus means none of them. Operators are ``:`` ``=`` ``>=`` ``<=`` ``>``
``<``; numbers and dates also take a range ``low..high`` with either side open. A value with spaces or commas is put
in double quotes; inside them ``\"`` is a quote and ``\\`` a backslash; so is a name (``count."traffic light">=2``).

Places are asked for by ``near:lat,lon,5km`` and by ``inside:west,south,east,north``, in degrees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Condition, Filter, both
from boxlens.filters.fields import KM, beyond, bounds, field_named, inside, near, number, terms
from boxlens.schema import StoredField

MAX_EXPRESSION = 4000
_HEAD = re.compile(r"(?P<minus>-?)(?P<name>[^\s:<>=,\"]+(?:\"(?:[^\"\\]|\\.)*\")?)(?P<operator>:|=|>=|<=|>|<)")
_BARE = re.compile(r"[^\s,\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HINT = "Write field:value, for example label:car,truck score>=0.5 -tag:draft."

Operator = Literal[":", "=", ">=", "<=", ">", "<"]


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    quoted: bool


def parse_expression(text: str) -> Filter:
    """The filter that an expression stands for; an empty one lets everything through.

    Raises BadQuery whose ``place`` names the character (counted from 1) where it went wrong.
    """
    if len(text) > MAX_EXPRESSION:
        raise BadQuery(f"The filter is longer than {MAX_EXPRESSION} characters.", place=_at(MAX_EXPRESSION))
    parts: list[Filter] = []
    position = _skip_spaces(text, 0)
    while position < len(text):
        part, position = _term(text, position)
        parts.append(part)
        if position < len(text) and not text[position].isspace():
            raise BadQuery(f"A space is missing before {text[position]!r}.", hint=_HINT, place=_at(position))
        position = _skip_spaces(text, position)
    return both(parts)


def _term(text: str, position: int) -> tuple[Filter, int]:
    head = _HEAD.match(text, position)
    if head is None:
        word = text[position:].split()[0][:40]
        raise BadQuery(f"{word!r} is no condition.", hint=_HINT, place=_at(position))
    values, end = _values(text, head.end())
    negative = bool(head["minus"])
    operator = cast(Operator, head["operator"])
    place = _at(head.end())
    if head["name"] in ("near", "inside"):
        where = _location(head["name"], [value.text for value in values], place)
        return (Filter(none=(where,)) if negative else where), end
    field = field_named(_unquoted(head["name"]), _at(head.start("name")))
    if field.filter in ("keyword", "words"):
        if operator not in (":", "="):
            raise BadQuery(f"{field.name} has no order: use a colon.", hint=_HINT, place=_at(head.start("operator")))
        words = [value.text for value in values]
        condition = terms(field, () if negative else words, words if negative else (), place)
        return Filter(conditions=(condition,)), end
    choices = tuple(Filter(conditions=(_ordered(field, operator, value, place),)) for value in values)
    if negative:
        return Filter(none=choices), end
    return (choices[0] if len(choices) == 1 else Filter(any=choices)), end


def _unquoted(name: str) -> str:
    """``count."traffic light"`` as ``count.traffic light``."""
    plain, quote, rest = name.partition('"')
    return plain + re.sub(r"\\(.)", r"\1", rest[:-1], flags=re.DOTALL) if quote else name


def _location(name: str, parts: list[str], place: str) -> Filter:
    """``near`` a place within some kilometres, or ``inside`` a box on the map."""
    count = 3 if name == "near" else 4
    if len(parts) != count:
        form = f"near:latitude,longitude,5{KM}" if name == "near" else "inside:west,south,east,north"
        raise BadQuery(f"{name} takes {count} numbers.", hint=f"Write {form}.", place=place)
    numbers = [number(part.lower().removesuffix(KM) if name == "near" else part, place) for part in parts]
    if name == "near":
        lat, lon, km = numbers
        return Filter((near(lat, lon, km, place),))
    west, south, east, north = numbers
    return Filter((inside(west, south, east, north, place),))


def _ordered(field: StoredField, operator: Operator, value: _Value, place: str) -> Condition:
    """One value of a number or date field as its range."""
    match operator:
        case ">=":
            return bounds(field, value.text, None, place)
        case "<=":
            return bounds(field, None, value.text, place)
        case ">" | "<":
            return beyond(field, operator, value.text, place)
    low, dots, high = value.text.partition("..")
    if dots and not value.quoted:
        return bounds(field, low or None, high or None, place)
    return bounds(field, value.text, value.text, place)


def _values(text: str, position: int) -> tuple[list[_Value], int]:
    """The comma-separated values from ``position`` on, and where they end."""
    values: list[_Value] = []
    while True:
        quoted = _QUOTED.match(text, position)
        match = quoted or _BARE.match(text, position)
        if match is None:
            raise BadQuery(_trouble(text, position), hint=_HINT, place=_at(position))
        plain = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else match[0]
        values.append(_Value(plain, quoted is not None))
        position = match.end()
        if not text.startswith(",", position):
            return values, position
        position += 1


def _trouble(text: str, position: int) -> str:
    return "A quote is not closed." if text.startswith('"', position) else "A value is missing."


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _at(position: int) -> str:
    return f"character {position + 1}"
