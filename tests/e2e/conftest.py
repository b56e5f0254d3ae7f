"""Debian's Chromium, and the address of a running page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from tests.e2e.album import Album, make_album

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> str:
    """A page that is running already (``BOXLENS_PAGE_URL``), or one started on real parts for these tests."""
    running = os.environ.get("BOXLENS_PAGE_URL")
    return running.rstrip("/") if running else str(request.getfixturevalue("page_url"))


@pytest.fixture(scope="session")
def album(site: str) -> Album:
    """A collection with dates and places, taken in once for all tests that only read it."""
    return make_album(site)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: a thread can hold no second one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed")
    expect.set_options(timeout=20_000)
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


class Visit:
    """Opens pages in contexts of their own and notes every complaint of theirs."""

    def __init__(self, browser: Browser, site: str) -> None:
        self._browser = browser
        self.site = site
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(
        self,
        path: str = "/",
        *,
        width: int = 1440,
        height: int = 900,
        language: str = "en-US",
        dark: bool = False,
        touch: bool = False,
    ) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            has_touch=touch,
            is_mobile=touch,
        )
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._note)
        page.goto(path if path.startswith("about:") else self.site + path)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        # The browser logs every refused request; the page shows those to the user, and the tests look for that.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Visit]:
    """Pages of the site; a script error or a breach of the content policy on any of them fails the test."""
    visiting = Visit(chromium, site)
    yield visiting
    visiting.close()
    assert visiting.complaints == []
