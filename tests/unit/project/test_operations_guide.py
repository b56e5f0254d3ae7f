"""docs/operations.md against the settings: every variable stands in it, with its default."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel
from tests.checkout import ROOT

from boxlens.settings import Settings
from minio_proxy.settings import ProxySettings

GUIDE = (ROOT / "docs" / "operations.md").read_text()
TABLE = dict(re.findall(r"^\| `(BOXLENS_\w+)` \| (?:`([^`]*)`)? ?\|", GUIDE, re.MULTILINE))


def settings_of(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    """Variable to default value, nested models spelled out."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            values |= settings_of(inner, f"{prefix}{name.upper()}__")
        else:
            values[f"{prefix}{name.upper()}"] = field.get_default(call_default_factory=False)
    return values


OURS = settings_of(Settings, "BOXLENS_")
PROXY = settings_of(ProxySettings, "BOXLENS_PROXY__")


def written(value: Any) -> str:
    """A default as one would set it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) if value else "[]"
    return json.dumps(value) if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", sorted(OURS | PROXY))
def test_setting_is_described_with_its_default(name: str) -> None:
    assert name in TABLE, f"add {name} to the table of docs/operations.md"
    assert TABLE[name] in {written(place[name]) for place in (OURS, PROXY) if name in place}


def test_nothing_is_described_that_does_not_exist() -> None:
    assert set(TABLE) == set(OURS) | set(PROXY)


def test_every_variable_named_in_the_text_exists() -> None:
    read_elsewhere = {"BOXLENS_PAGE", "BOXLENS_SHARED_DATA", "BOXLENS_CACHE_DIR"}
    of_compose = set(re.findall(r"\$\{(BOXLENS_\w+)", (ROOT / "docker-compose.yml").read_text()))
    named = {name for name in re.findall(r"BOXLENS_[A-Z0-9_]+", GUIDE) if not name.endswith("_")}
    assert named <= set(TABLE) | read_elsewhere | of_compose
