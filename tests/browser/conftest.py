"""A real Chromium for the journeys, and a place for their screenshots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests import ROOT
from tests.browser.steps import complaints_of, open_studio
from tests.rig.chromium import LAUNCH_ARGUMENTS, find_or_install
from tests.rig.ports import free_port
from tests.rig.screening import Screening
from tests.rig.served import served
from tests.rig.studio import StudioProcess

expect.set_options(timeout=30_000)  # a busy machine is no failure; what is right is seen at once all the same
ARTIFACTS = ROOT / "tests/.artifacts"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all tests of this folder, for they share a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of Chromium; installed where it was missing, an error that says how where it cannot be."""
    return find_or_install()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """The browser of all tests; a context of one's own, or `await browser.new_page()`, has no memory."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=LAUNCH_ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _closed_pages(browser: Browser) -> AsyncIterator[None]:
    """Fails a test that leaves a page open: it would go on working beside all the others."""
    before = set(browser.contexts)
    yield
    left = [context for context in browser.contexts if context not in before]
    for context in left:
        await context.close()
    assert not left


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The folder for screenshots, kept after the run and ignored by git."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture
def screening() -> Screening:
    """Jobs that are told by the test."""
    return Screening()


@pytest_asyncio.fixture(loop_scope="session")
async def origin(screening: Screening) -> AsyncIterator[str]:
    """Where the told jobs are shown."""
    async with served(screening.app) as origin:
        yield origin


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    """A page on which a script error fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert not complaints
    await context.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A studio in demo mode as a process of its own, for all tests that need none to themselves."""
    process = StudioProcess(tmp_path_factory.mktemp("demo") / "home", free_port())
    process.start()
    yield process
    process.stop()
    assert "Traceback" not in process.log()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def known_browser(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that has been at the demo studio before: it has the scripts of the page."""
    context = await browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def demo_page(known_browser: BrowserContext, demo: StudioProcess) -> AsyncIterator[Page]:
    """The page of the demo studio, without any memory; a script error or a violated policy fails the test."""
    page = await known_browser.new_page()
    forget = {"origin": demo.url, "storageTypes": "cookies,indexeddb,local_storage"}
    await (await known_browser.new_cdp_session(page)).send("Storage.clearDataForOrigin", forget)
    complaints = complaints_of(page)
    await open_studio(page, demo)
    yield page
    assert not complaints
    await page.close()
