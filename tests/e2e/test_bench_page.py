"""``boxlens bench page`` over the served page: every figure is there and makes sense against the others."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from boxlens.benchmarks.page import bench_page
from boxlens.domain.errors import Unavailable


@pytest.mark.browser
def test_every_time_is_measured(site: str) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("Debian's chromium is not installed")
    with ThreadPoolExecutor(1) as aside:  # a Playwright of its own, which a thread that has one already refuses
        result = aside.submit(bench_page, site, "photos", "dog", 2).result()
    times = {row["what"]: row for row in result["times_ms"]}
    assert list(times) == ["first paint", "interactive", "search to first picture"]
    assert all(0 < row["median"] <= row["slowest"] for row in times.values())
    assert 20_000 < result["script bytes at first load"] <= 120 * 1024  # as it travels, not as it lies in the build
    assert result["results scrolled"] > 1
    assert result["frames"] > 1
    assert result["frames dropped"] >= 0
    assert result["longest frame ms"] > 0
    assert (result["rounds"], result["words"]) == (2, "dog")


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match="Chromium"):
        bench_page("http://127.0.0.1:1", "photos", "dog", 1)
