"""The declarations of stored fields and what is made from them."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from typing import Any

import pytest
from tests.checkout import ROOT

from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.index.derived import DERIVED
from boxlens.index.mapping import VECTOR_FIELDS, index_body
from boxlens.schema import BY_NAME, FILTER_FIELDS, IMAGE_FIELDS, OBJECT_FIELDS, STORED_FIELDS, StoredField
from boxlens.settings import IndexSettings

PROPERTIES: dict[str, Any] = json.loads((ROOT / "es-mappings/objects.json").read_text("utf-8"))["mappings"][
    "properties"
]


def test_mapping_and_schema_have_the_same_fields() -> None:
    assert sorted(PROPERTIES) == sorted(BY_NAME)
    assert len(BY_NAME) == len(STORED_FIELDS)


@pytest.mark.parametrize("field", STORED_FIELDS, ids=lambda field: field.name)
def test_mapping_and_schema_have_the_same_types(field: StoredField) -> None:
    mapped = PROPERTIES[field.name]
    assert mapped.get("type", "tokens" if field.name == "tokens" else "box") == field.type
    if field.filter == "words":
        assert field.name in PROPERTIES["tokens"]["properties"]
    elif field.filter or field.facet:
        assert mapped.get("index", True)
    if field.facet:
        assert mapped.get("doc_values", True)


def test_every_attribute_of_an_object_and_its_image_is_stored() -> None:
    """An attribute without a declaration would be lost, and so would one whose declaration names another."""
    assert sorted(field.python_name for field in IMAGE_FIELDS) == sorted(
        f.name for f in dataclasses.fields(ImageRecord)
    )
    of_the_object = {f.name for f in dataclasses.fields(IndexedObject)} - {"image", "collection"}
    assert {field.python_name for field in OBJECT_FIELDS} == of_the_object


def test_every_derived_field_has_its_function() -> None:
    assert {field.name for field in STORED_FIELDS if field.source == "derived"} == set(DERIVED)


def test_names_of_filters_are_told_apart() -> None:
    names = [name for field in FILTER_FIELDS for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))


def test_every_field_has_its_line_in_the_readme() -> None:
    readme = (ROOT / "es-mappings/README.md").read_text(encoding="utf-8")
    for name in PROPERTIES:
        assert f"`{name}`" in readme, name


def test_only_vectors_need_the_dims_of_a_pack() -> None:
    body = index_body(PackInfo("plain", "1", None, None), "flat", IndexSettings())
    assert set(PROPERTIES) - set(body["mappings"]["properties"]) == set(VECTOR_FIELDS)


def section(title: str) -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_lines_of_a_stored_field_stand_where_the_guide_says() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| `(.+)` \|$", section("Adding a stored field"), re.MULTILINE)
    assert len(rows) == 3
    for path, line in rows:
        assert line in [written.strip() for written in (ROOT / path).read_text(encoding="utf-8").splitlines()], path


def test_no_other_module_spells_out_the_field_of_the_guide() -> None:
    """Code alone, not docstrings: names, attributes, arguments, and texts that are exactly the name."""
    package = ROOT / "embedding-pipeline/src/boxlens"
    naming = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(_names(node, "camera") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    guide = section("Adding a stored field")
    assert naming == {path for path in naming if f"`{path}`" in guide or f"boxlens/{path}`" in guide}
    assert {"schema.py", "domain/pictures.py"} < naming


def _names(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Constant(value=value):
            return bool(value == name)
        case ast.Attribute(attr=word) | ast.keyword(arg=word) | ast.Name(id=word):
            return word == name
    return False
