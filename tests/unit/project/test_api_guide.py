"""docs/api.md against the OpenAPI document: every curl of the guide is a call the API takes, every route is listed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
import pytest
from tests.checkout import ROOT

from boxlens.api.app import routes_only
from boxlens.filters.expression import parse_expression

GUIDE = (ROOT / "docs" / "api.md").read_text()
DOCUMENT: dict[str, Any] = routes_only().openapi()
METHODS = ("get", "put", "post", "patch", "delete")
WITH_VALUE = ("-X", "-H", "-F", "-d", "--data-urlencode")


@dataclass(slots=True)
class Call:
    """What a curl command asks for."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    form: list[str] = field(default_factory=list)
    body: Any = None


def calls() -> Iterator[Call]:
    for block in re.findall(r"^```bash\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        words = shlex.split(block, comments=True)
        starts = [place for place, word in enumerate(words) if word == "curl"]
        for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
            yield read_curl(words[start + 1 : end])


def read_curl(words: list[str]) -> Call:
    options: list[tuple[str, str]] = []
    url, get, rest = "", False, iter(words)
    for word in rest:
        if word in WITH_VALUE:
            options.append((word, next(rest)))
        elif word == "-G":
            get = True
        else:
            assert word.startswith("http://localhost:8080/"), word
            url = word
    parts = urlsplit(url)
    data = [value for option, value in options if option in ("-d", "--data-urlencode")]
    call = Call("get", unquote(parts.path), dict(parse_qsl(parts.query)))
    call.form = [value.split("=", 1)[0] for option, value in options if option == "-F"]
    if get:
        call.query |= dict(value.split("=", 1) for value in data)
    elif data:
        (text,) = data
        call.body = json.loads(text)
        assert ("-H", "content-type: application/json") in options
    if call.form or call.body is not None:
        call.method = "post"
    call.method = next((value.lower() for option, value in options if option == "-X"), call.method)
    return call


def operation_of(call: Call) -> dict[str, Any]:
    """The operation whose path fits, and whose path parameters take what is given."""
    for template, entry in DOCUMENT["paths"].items():
        names = re.findall(r"{(\w+)}", template)
        match = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", template), call.path)
        if match is None or call.method not in entry:
            continue
        operation: dict[str, Any] = entry[call.method]
        for name, value in zip(names, match.groups(), strict=True):
            accepts(parameter(operation, name), value)
        return operation
    raise AssertionError(f"the API has no {call.method} {call.path}")


def parameter(operation: dict[str, Any], name: str) -> dict[str, Any]:
    schemas = [p["schema"] for p in operation["parameters"] if p["name"] == name]
    assert schemas, f"there is no parameter {name}"
    schema: dict[str, Any] = schemas[0]
    return schema


def accepts(schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(whole).validate(value)


@pytest.mark.parametrize("call", list(calls()), ids=lambda call: f"{call.method} {call.path[:60]}")
def test_every_call_of_the_guide_is_one_the_api_takes(call: Call) -> None:
    operation = operation_of(call)
    for name, value in call.query.items():
        schema = parameter(operation, name)
        accepts(schema, [value] if schema.get("type") == "array" else int(value) if value.isdigit() else value)
        if name == "filter":
            assert not parse_expression(value).empty
    content = operation.get("requestBody", {}).get("content", {})
    if call.form:
        fields = DOCUMENT["components"]["schemas"][content["multipart/form-data"]["schema"]["$ref"].split("/")[-1]]
        assert set(call.form) <= set(fields["properties"])
        assert set(fields.get("required", [])) <= set(call.form)
    elif call.body is not None:
        accepts(content["application/json"]["schema"], call.body)
    else:
        assert not operation.get("requestBody", {}).get("required")


def test_the_guide_has_calls_of_most_routes() -> None:
    assert len({(call.method, operation_of(call)["operationId"]) for call in calls()}) >= 10


def test_every_route_is_listed() -> None:
    listed = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", GUIDE, re.MULTILINE))
    there = {f"{m.upper()} {path}" for path, entry in DOCUMENT["paths"].items() for m in METHODS if m in entry}
    assert listed == there


def test_the_shortened_answer_of_the_guide_holds_what_answers_hold() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    answer = json.loads(text)
    (hit,) = answer.pop("hits")
    (obj,) = hit.pop("objects")
    for name, part in (("Answer", answer), ("Hit", hit), ("HitObject", obj)):
        properties = DOCUMENT["components"]["schemas"][name]["properties"]
        assert set(part) <= set(properties)
        for key, value in part.items():
            accepts(properties[key], value)


def test_every_filter_field_is_listed() -> None:
    table = GUIDE.split("## Filters", 1)[1]
    fields = set(DOCUMENT["components"]["schemas"]["Filter"]["properties"]) - {"any", "none", "attributes"}
    assert {name for name in fields if f"`{name}`" not in table} == set()
    for expression in re.findall(r"`((?:-?\w+[:><]|attributes\.\w+:)[^`]+)`", table):
        assert not parse_expression(expression).empty
