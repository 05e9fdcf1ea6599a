"""The notice of a lost database and its one press, in a real Chromium; and what was removed lately."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from app import create_app
from services.settings import Settings
from tests.browser.steps import complaints_of
from tests.gallery.test_adoption import Place
from tests.rig.served import served
from tests.rig.studio import KEY
from tests.rig.treasure import make

ROOMS = (("desk", 1280, False), ("desk-dark", 1280, True), ("phone", 390, False), ("phone-dark", 390, True))


async def picture(page: Page, artifacts: Path, name: str) -> None:
    for room, width, dark in ROOMS:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.evaluate("dark => window.studioRoom.choose(dark ? 'dark' : 'light')", dark)
        await page.screenshot(path=artifacts / f"{name}-{room}.png")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"too wide on {room}"


async def test_one_press_brings_the_works_back(browser: Browser, home: Path, artifacts: Path) -> None:
    home.mkdir()
    place = Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")
    async with place.started():
        for number in range(1, 6):
            await make(place.history, place.archive, number)
    (home / "studio.db").write_bytes(b"")
    (home / "files/results/broken").mkdir()
    (home / "files/results/broken/1.mp4").write_bytes(b"no clip")
    day = home / "files/removed/2026-11-28/inputs/ab"
    day.mkdir(parents=True)
    (day / "old.png").write_bytes(b"x" * 300_000)
    settings = Settings(
        studio_home=home, dashscope_api_key=SecretStr(KEY), dashscope_base_url="http://127.0.0.1:9/api/v1"
    )
    async with (
        served(create_app(settings)) as origin,
        await browser.new_page(viewport={"width": 1280, "height": 800}) as page,
    ):
        complaints = complaints_of(page)
        await page.goto(f"{origin}/#gallery")
        notice = page.get_by_role("region", name="Your files and the database")
        await expect(notice).to_contain_text("The database was damaged, and a new one was begun.")
        await expect(notice).to_contain_text("6 works on the disk are not in the gallery.")
        await expect(notice).to_contain_text("nothing is cleaned up until you have decided")
        await expect(page.get_by_role("button", name="Later")).to_be_visible()
        await picture(page, artifacts, "lost-database")
        await page.set_viewport_size({"width": 1280, "height": 800})

        await notice.get_by_role("button", name="Take the files back in").click()

        await expect(notice).to_contain_text("5 works are back, 5 files; 1 left as they are.")
        await notice.get_by_text("What was left as it is").click()
        await expect(notice).to_contain_text("results/broken/1.mp4")
        await expect(page.locator("studio-gallery .tile")).to_have_count(5)
        await picture(page, artifacts, "lost-database-done")
        await notice.get_by_role("button", name="Close").click()
        await expect(notice).to_have_count(0)
        await page.reload()
        await expect(page.locator("studio-gallery .tile")).to_have_count(5)
        await expect(notice).to_have_count(0)

        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.locator('studio-gallery [data-act="space"]').click()
        lately = page.locator(".removed")
        await expect(lately).to_contain_text("1 file, 293 KB")
        await picture(page, artifacts, "removed-lately")
        await lately.get_by_role("button", name="Bring back").click()
        await expect(lately).to_contain_text("1 file is back.")
        assert (home / "files/inputs/ab/old.png").stat().st_size == 300_000
        assert complaints == []
