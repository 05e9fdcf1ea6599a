"""The alarm on the page, in a real Chromium: it comes, says how long there is and what to do, and goes by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Page, Route, expect

from services.jobs.expiry_alarm import AtRisk
from tests.rig.screening import Screening, job, picture

LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


@dataclass
class Told:
    """What the studio says of the risk, and what it was asked to try."""

    at_risk: AtRisk | None = None
    tried: list[dict[str, str]] = field(default_factory=list)

    async def summary(self, route: Route) -> None:
        members = {"demo": False, "region_label": "Singapore", "spent_today": [], "at_risk": self.at_risk}
        await route.fulfill(json=members)

    async def retry(self, route: Route) -> None:
        self.tried.append(route.request.headers)
        self.at_risk = None
        await route.fulfill(json={"tried": 1})


def risk(count: int, **left: float) -> AtRisk:
    soonest = datetime.now(UTC) + timedelta(**left)
    return AtRisk(count=count, soonest=soonest.isoformat().replace("+00:00", "Z"))


async def begin(page: Page, origin: str) -> Told:
    told = Told()
    await page.route("**/studio/summary", told.summary)
    await page.route("**/studio/guard/retry", told.retry)
    await page.goto(f"{origin}/?show=stage")
    await page.evaluate("import('/studio/static/js/results/guard.js')")
    return told


async def test_without_a_risk_nothing_is_shown_and_nothing_is_fetched_for_it(page: Page, origin: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await begin(page, origin)
    async with page.expect_response("**/studio/summary"):
        await page.evaluate(LOOK)
    await expect(page.locator("#guard")).to_have_count(0)
    assert not [url for url in asked if "guard.css" in url]


async def test_the_banner_says_how_many_how_long_and_what_to_do_and_goes_by_itself(
    page: Page, origin: str, screening: Screening, artifacts: Path
) -> None:
    screening.tell(job(1, outputs=[picture("wide")]))
    told = await begin(page, origin)
    told.at_risk = risk(3, hours=1, minutes=40, seconds=20)
    await page.evaluate(LOOK)
    banner = page.get_by_role("region", name="Results at risk")
    await expect(banner).to_contain_text("3 results are not saved yet.")
    await expect(banner).to_contain_text("The provider deletes the first of them in 1 h 40 min.")
    await expect(banner).to_contain_text("check that the disk has room and the internet works")
    await expect(page.locator('.sr[role="status"]')).to_contain_text("3 results are not saved yet.")
    for name, width, dark in (("desktop", 1280, False), ("dark", 1280, True), ("phone", 390, False)):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.evaluate("dark => window.studioRoom.choose(dark ? 'dark' : 'light')", dark)
        await page.screenshot(path=artifacts / f"guard-{name}.png")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"too wide on {name}"

    await banner.get_by_role("button", name="Try now").click()
    await expect(banner).to_have_count(0)
    await expect(page.locator('.sr[role="status"]')).to_have_text("Everything is safe on the disk again.")
    assert [headers["x-studio"] for headers in told.tried] == ["1"]


async def test_the_last_minute_of_one_result_is_said_so_and_show_them_opens_the_gallery(
    page: Page, origin: str
) -> None:
    told = await begin(page, origin)
    told.at_risk = risk(1, seconds=20)
    await page.evaluate(LOOK)
    banner = page.get_by_role("region", name="Results at risk")
    await expect(banner).to_contain_text("A result is not saved yet.")
    await expect(banner).to_contain_text("The provider is about to delete it.")
    await banner.get_by_role("button", name="Show them").click()
    assert (await page.evaluate("location.hash")).startswith("#gallery?q=status")
