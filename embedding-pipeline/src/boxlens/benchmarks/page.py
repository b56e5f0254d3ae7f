"""How soon the page can be read, used, and shows the first picture of a search, as a browser here sees it, and how
smoothly its results scroll."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from boxlens.domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_TIMEOUT_MS = 60_000

# Interactive: the field of the query bar stands, and the task that put it there is over. The first picture: the first
# one of a result that is loaded after Enter. All in milliseconds since the navigation began.
_WATCH = """
window.bench = {}
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-testid=words]')) return
  observer.disconnect()
  setTimeout(() => { bench.interactive = performance.now() })
}).observe(document, { childList: true, subtree: true })
document.addEventListener('keydown', (e) => { if (e.key === 'Enter') bench.asked = performance.now() }, true)
document.addEventListener('load', (e) => {
  if (bench.asked && !bench.pictured && e.target.closest?.('[data-testid=hit]')) bench.pictured = performance.now()
}, true)
"""
_READ = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
  interactive: bench.interactive,
  picture: bench.pictured - bench.asked,
  script: performance.getEntriesByType('resource')
    .filter((e) => e.name.endsWith('.js') && e.startTime < bench.interactive)
    .reduce((sum, e) => sum + e.encodedBodySize, 0),
})"""

# Scrolls a list by so much a frame, to its end or for so many frames, and takes the time of each. More results come as
# the end comes near; the end is where none came for a second.
_SCROLL = """([step, most]) => new Promise((done) => {
  const gaps = []
  let [before, still] = [null, 0]
  const frame = (now) => {
    if (before !== null) gaps.push(now - before)
    before = now
    const root = document.documentElement
    still = window.scrollY + window.innerHeight >= root.scrollHeight - 1 ? still + 1 : 0
    if (gaps.length >= most || still > 60) {
      return done({ gaps, results: document.querySelectorAll('[data-testid=hit]').length })
    }
    window.scrollBy(0, step)
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})"""
_STEP_PX, _MOST_FRAMES = 40, 1200
_FRAME_MS = 1000 / 60


def bench_page(address: str, collection: str, words: str, rounds: int) -> dict[str, Any]:
    """Median and slowest of ``rounds`` visits, each with an empty cache, in milliseconds; script bytes as they travel;
    frames that were not drawn in time while all pictures of the collection are scrolled, at 60 frames a second.

    Raises Unavailable without Playwright or a Chromium, NotFound when the words find no picture in time.
    """
    path = next((executable for name in _BROWSERS if (executable := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Unavailable(
            "Playwright is not installed.",
            hint="Install the extra `browser` of embedding-pipeline, or use the .venv-test that `boxlens test` makes.",
        ) from error
    if path is None:
        raise Unavailable("No Chromium is installed.", hint="Install one, on Debian with `apt-get install chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        url = f"{address}/?c={quote(collection)}"
        visits = [_visit(browser, url, words) for _ in range(rounds)]
        scrolled = _scroll(browser, url)
        version = browser.version
        browser.close()
    return {
        "times_ms": [
            _row("first paint", [visit["paint"] for visit in visits]),
            _row("interactive", [visit["interactive"] for visit in visits]),
            _row("search to first picture", [visit["picture"] for visit in visits]),
        ],
        "script bytes at first load": visits[0]["script"],
        **scrolled,
        "words": words,
        "collection": collection,
        "rounds": rounds,
        "browser": f"Chromium {version}",
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
    }


def _visit(browser: Browser, url: str, words: str) -> dict[str, float]:
    from playwright.sync_api import TimeoutError as Late

    with browser.new_context() as context:
        context.set_default_timeout(_TIMEOUT_MS)
        context.add_init_script(_WATCH)
        page: Page = context.new_page()
        page.goto(url, wait_until="networkidle")
        field = page.get_by_test_id("words")
        field.fill(words)
        field.press("Enter")
        try:
            page.wait_for_function("() => bench.pictured")  # a bare expression would be refused by the content policy
        except Late as error:
            raise NotFound(
                f"No picture came for {words!r}.", hint="Give --words that find something in the collection."
            ) from error
        seen: dict[str, float] = page.evaluate(_READ)
        return seen


def _scroll(browser: Browser, url: str) -> dict[str, Any]:
    with browser.new_context() as context:
        context.set_default_timeout(_TIMEOUT_MS)
        page = context.new_page()
        page.goto(f"{url}&sort=-ingested_at")
        page.get_by_test_id("hit").first.wait_for()
        seen = page.evaluate(_SCROLL, [_STEP_PX, _MOST_FRAMES])
    gaps: list[float] = seen["gaps"]
    return {
        "results scrolled": seen["results"],
        "frames": len(gaps),
        "frames dropped": sum(max(0, round(gap / _FRAME_MS) - 1) for gap in gaps),
        "longest frame ms": round(max(gaps)),
    }


def _row(what: str, values: Sequence[float]) -> dict[str, Any]:
    return {"what": what, "median": round(statistics.median(values)), "slowest": round(max(values))}
