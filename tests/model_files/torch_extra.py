"""Tests of the extra ``torch``: skipped with a reason where it is not installed."""

from __future__ import annotations

import importlib.util

import pytest

TORCH = all(importlib.util.find_spec(name) for name in ("torch", "timm", "cn_clip"))
needs_torch = pytest.mark.skipif(not TORCH, reason="the extra torch is not installed (BOXLENS_TORCH=no)")
