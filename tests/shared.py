"""Real photos, models and texts for tests: ../shared/data beside the project, or BOXLENS_SHARED_DATA."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("BOXLENS_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
PHOTOS = DATA / "photos" / "images"
needs_photos = pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"{PHOTOS} is not there: set BOXLENS_SHARED_DATA")


def manifest() -> dict[str, dict[str, Any]]:
    """What is known of each photo, by file name."""
    entries = json.loads((DATA / "photos" / "manifest.json").read_text("utf-8"))
    return {Path(entry["file"]).name: entry for entry in entries}
