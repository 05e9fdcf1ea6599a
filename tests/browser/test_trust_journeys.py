"""Money, time and failure on the whole page: a studio at a simulated provider, each press on a real route."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect
from playwright.async_api import Route as PageRoute

from components.mount import mount_page
from services.catalogue import CATALOGUE, Catalogue
from services.gallery.views import JobView
from services.simulator import Answer, Clock, Route, Simulator
from services.studio import Studio
from services.web import add_routes
from tests.browser.steps import complaints_of
from tests.rig.clock import HeldClock
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

WORDS, PICTURE = "text_to_video", "image_to_video"
TWO_AT_ONCE = "wan2.2-t2v-plus"
NO_LIST = Answer(401, "InvalidApiKey", "Invalid API-key provided.")


def only(*families: str) -> Catalogue:
    """The catalogue with these tabs alone: a page that is drawn sooner."""
    kept = tuple(family for family in CATALOGUE.families if family.id in families)
    return replace(CATALOGUE, families=kept, models=tuple(m for m in CATALOGUE.models if m.family in families))


@dataclass(frozen=True, kw_only=True)
class House:
    """A studio that buys at a simulator, and its page in a browser."""

    studio: Studio
    simulator: Simulator
    page: Page
    origin: str

    async def order(self, prompt: str, *, model: str = "wan2.6-t2v", **given: object) -> JobView:
        return await self.studio.submit(family=WORDS, model=model, given={"prompt": prompt, **given})

    async def look(self, family: str = WORDS) -> None:
        """Open the tab and wait until its form is filled."""
        await self.page.goto(f"{self.origin}/#{family}")
        await expect(self.page.locator(f"#{family}-foot .outcome span").first).not_to_be_empty()

    def card(self, job: JobView) -> Locator:
        return self.page.locator(f'.card[data-job="{job["id"]}"]')


@asynccontextmanager
async def house(
    browser: Browser,
    home: Path,
    tmp_path: Path,
    *,
    families: tuple[str, ...] = (WORDS,),
    clock: Clock | None = None,
    **settings: Any,  # Any: settings of the studio, checked there
) -> AsyncIterator[House]:
    vendor = simulated(tmp_path / "vendor", clock=clock)
    async with vendor as (simulator, url), studio_at(home, url, catalogue=only(*families), **settings) as studio:
        app = FastAPI()
        add_routes(app, studio)
        mount_page(app, studio)
        async with served(app) as origin:
            context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
            await context.grant_permissions(["clipboard-read", "clipboard-write"])
            page = await context.new_page()
            complaints = complaints_of(page)
            yield House(studio=studio, simulator=simulator, page=page, origin=origin)
            assert not complaints
            await context.close()


# Time ----------------------------------------------------------------------------------------------------------------


async def test_a_job_that_waits_is_brought_to_the_front_and_back_into_its_turn(
    browser: Browser, home: Path, tmp_path: Path, artifacts: Path
) -> None:
    async with house(browser, home, tmp_path, clock=HeldClock()) as at:
        jobs = [await at.order(f"A kite, number {number}", model=TWO_AT_ONCE) for number in range(5)]
        await at.look()
        last = at.card(jobs[-1])
        await expect(last).to_contain_text("number 3 of 3 in line, 2 at a time")
        await at.page.screenshot(path=artifacts / "trust-line.png")
        await last.get_by_role("button", name="Make this next").click()
        await expect(last).to_contain_text("next in line")
        await expect(at.card(jobs[2])).to_contain_text("number 2 of 3 in line")
        await last.get_by_role("button", name="In its turn again").click()
        await expect(last).to_contain_text("number 3 of 3 in line")


# Stopping ------------------------------------------------------------------------------------------------------------


async def test_what_waits_at_the_provider_is_canceled_there_and_costs_nothing(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    async with house(browser, home, tmp_path, clock=HeldClock()) as at:
        job = await at.order("A kite over the dunes")
        await until(at.studio, job["id"], lambda told: told["status"] == "pending")
        await at.look()
        await at.card(job).get_by_role("button", name="Cancel, free").click()
        await expect(at.card(job)).to_contain_text("Stopped before it began. Nothing was charged.")
        assert (await at.studio.job(job["id"]))["status"] == "canceled"


async def test_what_is_just_being_sent_is_stopped_in_time_and_is_free(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    async with house(browser, home, tmp_path, clock=HeldClock()) as at:
        at.simulator.faults.delay(Route.CREATE, 8)
        await at.look()
        job = await at.order("A kite over the dunes")
        card = at.card(job)
        await card.get_by_role("button", name="Try to stop it").click()
        await expect(card).to_contain_text("If it had begun already, it goes on and costs $0.50.")
        await expect(card).to_contain_text("Stopped before it began. Nothing was charged.")


# Where nobody knows --------------------------------------------------------------------------------------------------


async def doubtful(at: House, *, taken: bool) -> JobView:
    """A job whose order lost its answer while the list of orders cannot be read, once a person is asked."""
    at.simulator.faults.drop_creates(taken=taken)
    at.simulator.faults.add(Route.LIST, NO_LIST, times=5_000)
    job = await at.order("A kite over the dunes")
    return await until(at.studio, job["id"], lambda told: told["decision_wanted"])


async def test_sent_again_by_a_person_it_is_made(browser: Browser, home: Path, tmp_path: Path, artifacts: Path) -> None:
    async with house(browser, home, tmp_path) as at:
        job = await doubtful(at, taken=False)
        await at.look()
        card = at.card(job)
        await expect(card.get_by_role("group", name="Your decision")).to_contain_text("you pay twice: $1.00")
        await at.page.screenshot(path=artifacts / "trust-doubt.png")
        await card.get_by_role("button", name="Send it again").click()
        await expect(card).to_have_attribute("data-state", "succeeded", timeout=60_000)
        assert len(at.simulator.creates) == 1


async def test_let_go_by_a_person_nothing_more_is_sent(browser: Browser, home: Path, tmp_path: Path) -> None:
    async with house(browser, home, tmp_path) as at:
        job = await doubtful(at, taken=True)
        await at.look()
        card = at.card(job)
        await card.get_by_role("button", name="Let it go").click()
        await expect(card.get_by_role("group", name="Your decision")).to_have_count(0)
        ended = await until(at.studio, job["id"])
        assert ended["status"] in ("failed", "canceled")
        assert len(at.simulator.creates) == 1


async def test_what_runs_is_hidden_when_it_arrives_if_that_is_wished(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    clock = HeldClock()
    async with house(browser, home, tmp_path, clock=clock) as at:
        job = await at.order("A kite over the dunes")
        await clock.step()
        await until(at.studio, job["id"], lambda told: told["status"] == "running")
        await at.look()
        card = at.card(job)
        choice = card.get_by_role("group", name="When it arrives")
        await expect(choice).to_contain_text("It cannot be stopped any more, and costs $0.50 either way.")
        await choice.get_by_role("button", name="Hide it").click()
        await expect(choice).to_contain_text("It goes to the bin when it arrives.")
        clock.go()
        ended = await until(at.studio, job["id"])
        assert ended["status"] == "succeeded"
        await until(at.studio, job["id"], lambda told: told["deleted_at"] is not None)


# Money ---------------------------------------------------------------------------------------------------------------


async def test_what_a_cap_refuses_is_made_cheaper_with_one_press_ordered_and_found_in_the_table(
    browser: Browser, home: Path, tmp_path: Path, artifacts: Path
) -> None:
    async with house(browser, home, tmp_path, studio_cap_day="0.60 USD") as at:
        page = at.page
        await at.look()
        await page.locator(f"#{WORDS}-prompt textarea").fill("A paper boat")
        await page.locator(f"#{WORDS}-go").scroll_into_view_if_needed()
        await page.get_by_role("radio", name=re.compile("1080P")).or_(page.get_by_text("1080P")).first.click()
        foot = page.locator(f"#{WORDS}-foot")
        await expect(foot).to_contain_text("only $0.60 is left of the studio's cap of $0.60 a day")
        await expect(foot).not_to_contain_text("Nothing was ordered")
        await page.screenshot(path=artifacts / "trust-over-cap.png")
        await foot.get_by_role("button", name=re.compile(r"^Use .*\$0\.50$")).click()
        await expect(foot).not_to_contain_text("cap of")
        button = page.locator(f"#{WORDS}-generate")
        await expect(button).to_have_class(re.compile("primary"))
        await button.click()
        await expect(page.locator(".card").first).to_have_attribute("data-state", "succeeded")
        await expect(page.locator("studio-header .spent")).to_have_text("Today $0.50 · $0.10 left")
        (made,) = (await at.studio.jobs())["items"]
        assert made["parameters"]["size"] == "1280*720"

        await page.locator("#tab-spend-button").click()
        await expect(page.locator(".sums .amount")).to_have_text("$0.50")
        await expect(page.get_by_role("meter", name="Everybody, today")).to_have_attribute(
            "aria-valuetext", "$0.50 of $0.60"
        )
        async with page.expect_download() as saving:
            await page.get_by_role("link", name="CSV").click()
        saved = await saving.value
        assert saved.suggested_filename == "spend.csv"
        (line,) = csv.DictReader(io.StringIO(Path(await saved.path()).read_text("utf-8-sig")))
        assert "wan2.6-t2v" in line.values()
        assert any(value.startswith("0.5") for value in line.values())


async def test_what_only_the_spend_tab_and_the_admin_need_is_fetched_when_they_are_opened(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    async with house(browser, home, tmp_path) as at:
        asked: list[str] = []
        at.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
        await at.look()
        assert not {"later.js", "spend.css"} & set(asked)
        await at.page.locator("#tab-spend-button").click()
        await expect(at.page.locator(".nothing")).to_contain_text("Nothing was spent in this time.")
        await at.page.locator("#tab-settings-button").click()
        await expect(at.page.locator("studio-admin")).to_contain_text("What is going on")
        assert {"later.js", "spend.css"} <= set(asked)


async def test_several_of_the_same_are_priced_together_ordered_together_and_each_has_its_card(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    async with house(browser, home, tmp_path) as at:
        await at.look()
        await at.page.locator(f"#{WORDS}-prompt textarea").fill("A paper boat")
        for shown in ("2", "3"):
            await at.page.get_by_role("button", name="One more").click()
            await expect(at.page.locator(".copies .number")).to_have_text(f"How many: {shown}")
        button = at.page.locator(f"#{WORDS}-generate")
        await expect(button).to_have_text(re.compile(r"Generate 3\s+\$1\.50"))
        await expect(at.page.locator(f"#{WORDS}-foot")).to_contain_text("$0.50 each")
        await button.click()
        await expect(at.page.locator(".card")).to_have_count(3)


async def test_what_is_ordered_while_an_older_list_is_on_its_way_keeps_its_card(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    async with house(browser, home, tmp_path) as at:
        fetched, ordered = asyncio.Event(), asyncio.Event()

        async def late(route: PageRoute) -> None:
            answer = await route.fetch()
            fetched.set()
            await ordered.wait()
            await route.fulfill(response=answer)

        await at.page.route("**/studio/jobs?*", late)
        await at.look()
        await at.page.locator(f"#{WORDS}-prompt textarea").fill("A paper boat")
        await expect(at.page.locator(f"#{WORDS}-generate")).to_contain_text("$0.50")
        await asyncio.wait_for(fetched.wait(), 20)
        await at.page.locator(f"#{WORDS}-generate").click()
        await expect(at.page.locator(".card[data-state=succeeded]")).to_have_count(1)  # no more news of it
        async with at.page.expect_response("**/studio/jobs?*"):
            ordered.set()
        await at.page.unroute_all(behavior="wait")
        await at.page.evaluate("new Promise((done) => setTimeout(done, 300))")
        await expect(at.page.locator(".card")).to_have_count(1)


# Failures ------------------------------------------------------------------------------------------------------------


async def test_refused_words_are_edited_where_they_stand(browser: Browser, home: Path, tmp_path: Path) -> None:
    async with house(browser, home, tmp_path) as at:
        job = await until(at.studio, (await at.order("something forbidden"))["id"])
        await at.look()
        await at.card(job).get_by_role("button", name="Edit the words").click()
        prompt = at.page.locator(f"#{WORDS}-prompt textarea")
        await expect(prompt).to_have_value("something forbidden")
        await expect(prompt).to_be_focused()


async def test_a_refused_picture_is_changed_in_its_own_place(browser: Browser, home: Path, tmp_path: Path) -> None:
    beach = tmp_path / "beach.png"
    Image.new("RGB", (1280, 720), "steelblue").save(beach)
    async with house(browser, home, tmp_path, families=(WORDS, PICTURE)) as at:
        at.simulator.faults.add(Route.CREATE, Answer(400, "InvalidImage", "The image is broken."))
        given = {"prompt": "The waves roll in", "image": str(beach)}
        ordered = await at.studio.submit(family=PICTURE, model="wan2.6-i2v", given=given)
        job = await until(at.studio, ordered["id"])
        assert job["error"] is not None
        assert job["error"]["action"] == "choose_file"
        await at.look()
        await at.page.locator(f"#tab-{PICTURE}-button").click()
        await at.card(job).get_by_role("button", name="Choose another file").click()
        await expect(at.page.locator(f"#{PICTURE}-image")).to_be_in_viewport()
        await expect(at.page.locator(f"#{PICTURE}-image :focus")).to_have_count(1)
        await expect(at.page.locator(f"#{PICTURE}-prompt textarea")).to_have_value("The waves roll in")


@pytest.mark.parametrize(
    ("status", "code", "name", "place"),
    [
        (404, "ModelNotFound", "Change the model", f"#{WORDS}-model"),
        (401, "InvalidApiKey", "Open the keys", "#keys"),
        (400, "Arrearage", "Billing at the provider", ""),
    ],
)
async def test_what_is_about_the_account_leads_to_where_it_is_mended(
    browser: Browser, home: Path, tmp_path: Path, *, status: int, code: str, name: str, place: str
) -> None:
    async with house(browser, home, tmp_path) as at:
        at.simulator.faults.add(Route.CREATE, Answer(status, code, "No."))
        job = await until(at.studio, (await at.order("A cat on a wall"))["id"])
        await at.look()
        press = at.card(job).get_by_role("button", name=name)
        if place:
            await press.click()
            await expect(at.page.locator(place)).to_be_in_viewport()
            return
        await at.page.evaluate("window.open = (address) => { window.opened = address; }")
        await press.click()
        assert str(await at.page.evaluate("window.opened")).startswith("https://www.alibabacloud.com/")
