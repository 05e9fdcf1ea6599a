"""What the page asks for, and what it does while nobody does anything."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from app import create_app
from tests.browser.steps import complaints_of
from tests.rig.served import served
from tests.rig.studio import settings_for

MOST_REQUESTS = 98
MOST_OF_OURS = 20
"""Without Gradio's own files."""
MOST_NODES = 2_400
MOST_FRAMES = 20
"""Asked for in two seconds of nothing. An animation that never rests asks for 120."""
BYTES = """() => Object.fromEntries(["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .map(({ name, transferSize }) => [name, transferSize]))"""
COUNT_FRAMES = """
  window.framesAskedFor = 0;
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = (step) => { window.framesAskedFor += 1; return frame(step); };
"""

FRAMES_IN_TWO_SECONDS = """() => new Promise((done) => {
  const before = window.framesAskedFor;
  setTimeout(() => done(window.framesAskedFor - before), 2000);
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a studio in which nothing has been made."""
    settings = settings_for(tmp_path_factory.mktemp("weight"), "http://127.0.0.1:9/")
    async with served(create_app(settings)) as origin:
        yield origin


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that has never been here."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield context
    await context.close()


async def visited(context: BrowserContext, studio: str) -> tuple[Page, list[str]]:
    """Open the page. Returns it and what it has asked for when its form is filled."""
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(studio)
    await expect(page.locator("#text_to_video-foot .outcome span").first).not_to_be_empty()
    return page, asked


async def test_a_first_page_asks_for_little(context: BrowserContext, studio: str) -> None:
    page, asked = await visited(context, studio)
    ours = [url for url in asked if "/studio/" in url]
    wire = await context.new_cdp_session(page)
    await wire.send("HeapProfiler.collectGarbage")

    await expect(page.get_by_role("navigation")).to_have_count(0)  # the endpoints' page of Gradio is not told
    assert len(asked) <= MOST_REQUESTS
    assert len(ours) <= MOST_OF_OURS
    assert len([url for url in ours if re.search(r"\.(js|css)$", url)]) == 3  # scripts, styles, the shared worker
    assert (await wire.send("Memory.getDOMCounters"))["nodes"] <= MOST_NODES


async def test_a_page_that_was_opened_before_fetches_nothing_that_it_has(context: BrowserContext, studio: str) -> None:
    await (await visited(context, studio))[0].close()
    page, _ = await visited(context, studio)
    fetched: dict[str, int] = await page.evaluate(BYTES)

    assert 0 < fetched[f"{studio}/"] < 2_000  # it was asked whether it is the same
    kept = {url: size for url, size in fetched.items() if re.search(r"/assets/|/studio/static/", url)}
    assert len(kept) > 50
    assert {url: size for url, size in kept.items() if size} == {}


async def test_a_page_on_which_nobody_does_anything_rests(context: BrowserContext, studio: str) -> None:
    await context.add_init_script(COUNT_FRAMES)
    page, _ = await visited(context, studio)
    complaints = complaints_of(page)
    for tab in ("Gallery", "Spend", "Settings", "Text to video"):
        await page.get_by_role("tab", name=tab, exact=True).click()
        await expect(page.get_by_role("tabpanel").first).to_be_visible()
    assert await page.evaluate("window.framesAskedFor") > 0
    frames = [MOST_FRAMES + 1]
    while frames[-1] > MOST_FRAMES and len(frames) < 15:  # it comes to rest once all is drawn
        frames.append(await page.evaluate(FRAMES_IN_TWO_SECONDS))
    assert frames[-1] <= MOST_FRAMES, frames
    assert not complaints
