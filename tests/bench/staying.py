"""An hour at the gallery in a few minutes: scroll, search, look, again and again. Does anything grow, here or there?

A real browser at a real studio with a big history; memory of both after every round, garbage collected first.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.async_api import CDPSession, Page, async_playwright

from tests.bench.figures import Table, shown
from tests.bench.orders import KEY, REGION
from tests.bench.processes import ROOT, program, wait_for
from tests.bench.seeding import seed
from tests.rig.chromium import LAUNCH_ARGUMENTS, find_or_install
from tests.rig.ports import free_port

_MB = 1_000_000
_SAMPLES = ROOT / "assets" / "samples"
_SCREENS = 40
"""Screens that a round scrolls down: about a thousand works."""
_LOOKED_AT = 8
_WORDS = ("snow", "golden light", "夕阳", "fav", "seconds>5 street", "status:failed", "heliotrope")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    items: int = 20_000
    rounds: int = 40
    warm: int = 5
    """Rounds before the first that counts: caches fill, code is compiled."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Memory after a round."""

    heap: float
    """Of the page's scripts, in bytes."""
    nodes: int
    """Elements and texts that the browser keeps, shown or not."""
    server: float
    """Resident, in bytes."""
    tiles: int


def compare(plan: Plan, home: Path) -> list[Table]:
    """Rounds at one page that is never loaded anew."""
    studio_home = home / "studio" / "studio"
    studio_home.mkdir(parents=True)
    asyncio.run(seed(f"sqlite+aiosqlite:///{studio_home / 'studio.db'}", plan.items))
    _give_files(studio_home)
    port = free_port()
    settings = {
        "STUDIO_PORT": str(port),
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_REGION": REGION,
        "DASHSCOPE_BASE_URL": "http://127.0.0.1:9/api/v1",
    }
    with ExitStack() as stack:
        studio = stack.enter_context(program(str(ROOT / "app.py"), home=home / "studio", **settings))
        wait_for(f"http://127.0.0.1:{port}/healthz", studio)
        looks = asyncio.run(_stay(plan, f"http://127.0.0.1:{port}", studio.process.pid))
    return [_table(plan, looks)]


def _give_files(studio_home: Path) -> None:
    """One real picture and clip for all works, and no work that would be gone on with."""
    results = studio_home / "files" / "results"
    results.mkdir(parents=True)
    shutil.copy(_SAMPLES / "mountains.jpg", results / "one.jpg")
    shutil.copy(_SAMPLES / "clip.mp4", results / "one.mp4")
    with sqlite3.connect(studio_home / "studio.db") as database:
        small = "poster_key = 'results/one.jpg', thumbnail_key = 'results/one.jpg'"
        database.execute(f"UPDATE assets SET key = 'results/one.mp4', {small} WHERE kind = 'video'")
        database.execute(f"UPDATE assets SET key = 'results/one.jpg', {small} WHERE kind <> 'video'")
        ended = "('succeeded', 'failed', 'canceled')"
        database.execute(f"UPDATE jobs SET status = 'succeeded' WHERE status NOT IN {ended}")
    database.close()


async def _stay(plan: Plan, origin: str, server: int) -> list[Look]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_or_install(), args=LAUNCH_ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            inside = await page.context.new_cdp_session(page)
            await page.goto(f"{origin}/#gallery")
            await page.locator(".tile[data-job]").first.wait_for(timeout=60_000)
            looks: list[Look] = []
            for number in range(plan.warm + plan.rounds):
                most = await _round(page, _WORDS[number % len(_WORDS)])
                looks.append(await _look(inside, server, tiles=most))
            return looks[plan.warm :]
        finally:
            await browser.close()


async def _round(page: Page, words: str) -> int:
    """Scroll far down, search, look at some, come back. Gives the most tiles that stood in the page at once."""
    most = await page.evaluate(
        """async (screens) => { let most = 0;
        for (let screen = 0; screen < screens; screen += 1) { scrollBy(0, innerHeight);
          await new Promise((done) => setTimeout(done, 60));
          most = Math.max(most, document.querySelectorAll('.tile[data-job]').length); }
        return most; }""",
        _SCREENS,
    )
    search = page.locator("studio-gallery input[type=search]")
    await page.evaluate("scrollTo(0, 0)")
    async with page.expect_response(lambda answer: "/studio/jobs?" in answer.url and "query=" in answer.url):
        await search.fill(words)
    await page.keyboard.press("Escape")
    await page.locator("h1").click()
    await page.wait_for_function("document.querySelector('studio-gallery').dataset.state !== 'loading'")
    if await page.locator(".tile[data-job]").count():
        await page.locator(".tile[data-job]").first.click()
        await page.locator("dialog.viewer[open]").wait_for()
        for _ in range(_LOOKED_AT):
            await page.keyboard.press("ArrowRight")
            await page.wait_for_timeout(80)
        await page.keyboard.press("Escape")
        await page.locator("dialog.viewer[open]").wait_for(state="detached")
    await search.fill("")
    await page.locator("h1").click()
    await page.locator(".tile[data-job]").first.wait_for()
    return int(most)


async def _look(inside: CDPSession, server: int, *, tiles: int) -> Look:
    await inside.send("HeapProfiler.collectGarbage")
    heap = await inside.send("Runtime.getHeapUsage")
    counted = await inside.send("Memory.getDOMCounters")
    resident = psutil.Process(server).memory_info().rss
    return Look(heap=heap["usedSize"], nodes=counted["nodes"], server=resident, tiles=tiles)


def _table(plan: Plan, looks: Sequence[Look]) -> Table:
    fifth = max(1, len(looks) // 5)

    def row(name: str, values: Sequence[float], unit: float) -> tuple[str, ...]:
        first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
        return (name, shown(first / unit), shown(last / unit), shown(last / first))

    return Table(
        title=f"{plan.rounds} rounds at one page, {plan.items:,} works",
        columns=("", "first fifth", "last fifth", "ratio"),
        rows=(
            row("page, scripts (MB)", [look.heap for look in looks], _MB),
            row("page, nodes", [look.nodes for look in looks], 1),
            row("studio, resident (MB)", [look.server for look in looks], _MB),
            row("most tiles at once", [look.tiles for look in looks], 1),
        ),
        notes=(
            f"A round scrolls {_SCREENS} screens down, searches, looks at {_LOOKED_AT + 1} works and comes back.",
            f"Medians of the first and the last fifth; {plan.warm} rounds before are not counted.",
        ),
        raw={"looks": [[look.heap, look.nodes, look.server, look.tiles] for look in looks]},
    )
