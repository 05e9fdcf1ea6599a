"""The price on the button is the price of the job, whatever the browser does to the page: in a real Chromium.

A page translator puts copies in the place of the text that it finds (tests/rig/translator.py). What changes must go on
changing, and what is pressed must be ordered for the price that the button showed at that moment, or not at all.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Locator, Page, Route, expect
from pydantic import SecretStr

from components.mount import mount_page
from components.tab.draft import Draft, fitted, given, settle
from components.tab.uploads import sample_of
from components.tab.widgets import Kind, kind_of
from components.text import money
from services.catalogue import CATALOGUE
from services.catalogue.schema import ChoiceField, Family, Field, FileField, FilesField, Model, NumberField, SizeField
from services.request import fields_for
from services.simulator import Simulator
from services.studio import Studio
from services.web import add_routes
from tests.browser.steps import complaints_of
from tests.browser.test_trust import active, ago
from tests.components.tab.test_live_price import priced
from tests.rig.screening import Screening, job
from tests.rig.served import served
from tests.rig.studio import KEY, simulated, studio_at
from tests.rig.translator import translate, translated

REGIONS = ("singapore", "beijing")
CHANGED = "Nothing was ordered. Press Generate again if that is fine."


@dataclass(frozen=True, kw_only=True)
class House:
    """A studio with keys for two regions, the simulator that it buys at, and its translated page."""

    studio: Studio
    simulator: Simulator
    page: Page


@asynccontextmanager
async def house(browser: Browser, home: Path) -> AsyncIterator[House]:
    async with simulated(home / "vendor") as (simulator, url):
        beijing = {"beijing": url.replace("/singapore/", "/beijing/")}
        keys = {"dashscope_api_keys": {"beijing": SecretStr(KEY)}, "dashscope_base_urls": beijing}
        async with studio_at(home / "studio", url, **keys) as studio:
            app = FastAPI()
            add_routes(app, studio)
            mount_page(app, studio)
            async with (
                served(app) as origin,
                await browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB") as page,
            ):
                complaints = complaints_of(page)
                await page.goto(origin)
                await expect(page.locator("#text_to_video-foot .outcome span").first).not_to_be_empty()
                await translate(page)
                yield House(studio=studio, simulator=simulator, page=page)
                assert await translated(page) > 100
                assert not complaints


@dataclass
class Form:
    """The form of one family: what a person does there, and what the studio says that it costs."""

    at: House
    family: Family
    region: str = REGIONS[0]
    wishes: dict[str, Any] = field(default_factory=dict)
    copies: int = 1

    def __post_init__(self) -> None:
        self.page = self.at.page
        self.button = self.page.locator(f"#{self.family.id}-generate")
        self.deal = self.button.locator(".deal")
        self.foot = self.page.locator(f"#{self.family.id}-foot")
        self.cards = self.page.locator(f"#{self.family.id}-stage .card")

    @property
    def standing(self) -> tuple[Model, str]:
        draft = Draft(model=self.family.default_model, region=self.region)
        return settle(draft, catalogue=CATALOGUE, family=self.family.id, regions=REGIONS)

    @property
    def fields(self) -> tuple[Field, ...]:
        return fields_for(*self.standing, {})

    def part(self, each: Field) -> Locator:
        own = f"{self.family.id}-{each.name}"
        return self.page.locator(f'[id="{own}"], [id="{own}-{kind_of(each).value}"]').locator("visible=true").first

    async def price(self) -> str:
        """What the studio says that this costs now, as the page would write it."""
        model, region = self.standing
        values = given(self.fields, {each.name: fitted(each, self.wishes.get(each.name)) for each in self.fields})
        for each in self.fields:
            if isinstance(each, FileField) and (sample := sample_of(each, model)):
                values[each.name] = [str(sample)] if isinstance(each, FilesField) else str(sample)
        asked = await self.at.studio.check(
            family=self.family.id, model=model.id, region=region, given=values, copies=self.copies
        )
        assert asked.cost is not None
        most = "up to " if asked.cost.at_most else ""
        return f"{most}{money(asked.cost.total(self.copies), asked.cost.currency)}"

    async def open(self) -> None:
        """Open the tab, where its model is had, and give it what it cannot do without."""
        await self.page.locator(f"#tab-{self.family.id}-button").click()
        await expect(self.foot.locator(".outcome span").first).not_to_be_empty()
        model, region = self.standing
        if region != self.region:
            await self.choose_region(region)
        await expect(self.button).to_be_enabled()  # the form is filled
        if any(isinstance(each, FileField) and sample_of(each, model) for each in self.fields):
            await self.page.locator(f"#{self.family.id}-examples .chip").last.click()
        prompt = self.page.locator(f"#{self.family.id}-prompt textarea")
        if await prompt.count():
            await prompt.fill("An old harbour at dawn")
        await expect(self.button).to_have_class(re.compile("primary"))

    async def choose_region(self, region: str) -> None:
        self.region = region
        await self.page.locator(f"#{self.family.id}-region input[value={region}]").check()

    async def change(self, each: Field) -> None:
        """Choose something else in a field."""
        part, kind = self.part(each), kind_of(each)
        match each:
            case SizeField():
                now = each.find(fitted(each, None))
                other = next(size for size in each.sizes if now and size.ratio == now.ratio and size.tier != now.tier)
                await part.locator(f'input[value="{other.tier}"]').check()
                self.wishes[each.name] = other.value
            case ChoiceField() if kind is Kind.MENU:
                value = str(each.choices[-1].value)
                await part.locator("select").select_option(value)
                self.wishes[each.name] = value
            case ChoiceField():
                value = next(str(choice.value) for choice in each.choices if choice.value != each.default)
                await part.locator(f'input[value="{value}"]').check()
                self.wishes[each.name] = value
            case NumberField():
                value = each.maximum if each.maximum != each.default else each.minimum
                await part.locator("input[type=number]").fill(f"{value:g}")
                await part.locator("input[type=number]").press("Tab")
                self.wishes[each.name] = value
            case _:
                box = part.locator("input[type=checkbox]")
                self.wishes[each.name] = not await box.is_checked()
                await box.click()

    async def expect_price(self) -> None:
        """The button says what the studio says, beside its own translated word."""
        many = f"{self.copies} " if self.copies > 1 else ""
        await expect(self.deal).to_have_text(f"{many}{await self.price()}")
        await expect(self.button).to_have_text(re.compile("⟨Generate⟩"))

    async def pretend(self, shown: dict[str, Any]) -> None:
        """Make the button a stale one, which showed another price."""
        await self.deal.evaluate("(deal, shown) => { deal.dataset.shown = JSON.stringify(shown); }", shown)

    async def shown(self) -> dict[str, Any]:
        return json.loads(await self.deal.get_attribute("data-shown") or "{}")


# Nine families -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "families", [CATALOGUE.families[:1], pytest.param(CATALOGUE.families, marks=pytest.mark.proof)], ids=["one", "all"]
)
async def test_translated_every_tab_says_the_price_and_sells_at_no_other(
    browser: Browser, home: Path, artifacts: Path, families: Sequence[Family]
) -> None:
    async with house(browser, home) as at:
        for family in families:
            form = Form(at, family)
            await form.open()
            await form.expect_price()
            for each in form.fields:
                if each.name in priced(*form.standing) and not isinstance(each, FileField) and not each.folded:
                    await form.change(each)
                    await form.expect_price()
            if family.id == "keyframes_to_video":  # its price hangs on the region alone
                await form.choose_region("beijing")
                await form.expect_price()
                await expect(form.deal).to_contain_text("¥")
            await at.page.locator(f"#{family.id}-copies").get_by_label("One more").click()
            form.copies = 2
            await form.expect_price()
            await a_stale_press_orders_nothing_and_the_next_one_orders(form)
            await at.page.screenshot(path=artifacts / f"translated-{family.id}.png")
        await at.page.locator("#tab-text_to_video-button").click()
        states = at.page.locator("#text_to_video-stage .card .state b")
        await expect(states).to_have_text(["Done"] * 2, timeout=90_000)


async def a_stale_press_orders_nothing_and_the_next_one_orders(form: Form) -> None:
    while any(job["status"] in {"queued", "uploading", "submitting"} for job in (await form.at.studio.jobs())["items"]):
        await asyncio.sleep(0.05)  # what was ordered in the tab before is on its way
    before = len(form.at.simulator.creates)
    shown = await form.shown()
    await expect(form.button).to_have_class(re.compile("primary"))
    prompt = form.page.locator(f"#{form.family.id}-prompt textarea")
    written = await prompt.input_value() if await prompt.count() else None
    await form.pretend({**shown, "amount": "0.01", "copies": 1})
    await form.button.click()
    said = form.foot.get_by_role("alert").locator(".changed")
    await expect(said).to_contain_text(await form.price())
    await expect(said).to_contain_text(CHANGED)
    await form.expect_price()
    assert await form.shown() == shown
    assert (await form.at.studio.jobs(family=form.family.id))["items"] == []
    assert len(form.at.simulator.creates) == before
    assert written is None or await prompt.input_value() == written
    await expect(form.button).not_to_have_class(re.compile("sent"))  # for a moment a second press is a slip of the hand
    await form.button.click()
    await expect(form.cards).to_have_count(2)
    await expect(said).to_have_count(0)


# Stale pages ---------------------------------------------------------------------------------------------------------


async def test_what_is_pressed_before_its_new_price_has_come_is_not_ordered(
    browser: Browser, home: Path, artifacts: Path
) -> None:
    family = CATALOGUE.families[0]
    async with house(browser, home) as at:
        form = Form(at, family)
        await form.open()
        await expect(form.deal).to_have_text("$0.50")
        await expect(form.button).to_have_class(re.compile("primary"))
        let_go = asyncio.Event()

        async def late(route: Route) -> None:
            await let_go.wait()
            await route.continue_()

        await at.page.route("**/gradio_api/**/predict*", late)
        length = next(each for each in form.fields if each.name == "duration")
        await form.part(length).locator("input[type=number]").fill("10")
        form.wishes["duration"] = 10
        await expect(form.deal).to_have_text("$0.50")
        await form.button.click()
        said = form.foot.locator(".changed")
        await expect(said).to_contain_text(re.compile(r"\$1\.00.*10 s.*\$0\.50.*5 s"))
        await expect(form.deal).to_have_text("$1.00")
        assert at.simulator.creates == []
        for name, size in (("desk", (1280, 900)), ("phone", (390, 844))):
            await at.page.set_viewport_size({"width": size[0], "height": size[1]})
            await at.page.screenshot(path=artifacts / f"price-changed-{name}.png")
        await at.page.evaluate("window.studioRoom.choose('dark')")
        await at.page.screenshot(path=artifacts / "price-changed-phone-dark.png")
        let_go.set()


async def test_nobody_buys_what_had_no_price_or_one_in_another_currency(browser: Browser, home: Path) -> None:
    async with house(browser, home) as at:
        form = Form(at, CATALOGUE.families[0])
        await form.open()
        await form.expect_price()
        await expect(form.button).to_have_class(re.compile("primary"))
        shown = await form.shown()
        for stale in ({"copies": 1, "seconds": 5}, {**shown, "currency": "CNY", "amount": "500"}):
            await form.pretend(stale)
            await form.button.click()
            await expect(form.foot.locator(".changed")).to_contain_text(CHANGED)
            await expect(form.button).not_to_have_class(re.compile("sent"))
        assert at.simulator.creates == []
        await form.pretend({**shown, "amount": "0.60"})  # it has become cheaper
        await form.button.click()
        await expect(form.cards).to_have_count(1)


# What is told of jobs ------------------------------------------------------------------------------------------------


async def test_translated_states_clocks_and_places_go_on(page: Page, origin: str, screening: Screening) -> None:
    line = {"place": 3, "of": 12, "lanes": 2, "busy": 2}
    screening.tell(active("queued", place_in_line=line))
    await page.goto(f"{origin}/?show=stage")
    card = page.locator('.card[data-job="job-1"]')
    await expect(card).to_contain_text("number 3 of 12 in line")
    await screening.until_watched()
    await translate(page)
    clock = card.locator(".clock")
    was = await clock.inner_text()
    await expect(clock).not_to_have_text(was)
    screening.tell(active("queued", place_in_line=line | {"place": 1}, sequence=2))
    await expect(card).to_contain_text("next in line")
    for number, (status, words) in enumerate((("pending", "Waiting for a free place"), ("running", "In work")), 3):
        screening.tell(active(status, sequence=number, running_at=ago(3)))
        await expect(card.locator(".state b")).to_have_text(words)
        was = await clock.inner_text()
        await expect(clock).not_to_have_text(was)
    screening.tell(job(1, sequence=5))
    await expect(card.locator(".state b")).to_have_text("Done")
    await expect(card.locator(".cost")).to_have_text("$0.12")
    assert await translated(page) > 0


async def test_translated_an_article_still_grows(page: Page, origin: str, screening: Screening) -> None:
    def told(text: str, sequence: int) -> dict[str, Any]:
        return active("running", article=[{"text": text}], sequence=sequence, running_at=ago(3), prompt="Rivers")

    screening.tell(told("A river", 1))
    await page.goto(f"{origin}/?show=stage")
    words = page.locator(".screen .article .text")
    await expect(words).to_have_text("A river")
    await screening.until_watched()
    await translate(page)
    for sequence, text in enumerate(("A river rises", "A river rises in the hills", "A river rises\n\nand falls"), 2):
        screening.tell(told(text, sequence))
        await expect(words).to_have_text(text.replace("\n\n", ""))


async def test_what_is_sent_again_carries_its_price_and_says_if_it_is_higher_now(
    page: Page, origin: str, screening: Screening, artifacts: Path
) -> None:
    bodies: list[Any] = []

    async def answer(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        if len(bodies) == 1:
            words = "The price is $0.75, and $0.50 was agreed to. Nothing was ordered."
            await route.fulfill(status=409, json={"message": words, "price": {"amount": "0.75", "currency": "USD"}})
        else:
            await route.fulfill(json=active("queued", sequence=9))

    await page.route("**/studio/jobs/job-1/decide", answer)
    screening.tell(active("unknown", decision_wanted=True, stoppable=None, cancelable=False))
    await page.goto(f"{origin}/?show=stage")
    await screening.until_watched()
    await translate(page)
    card = page.locator('.card[data-job="job-1"]')
    await card.locator('[data-act="send"]').click()
    await expect(card.get_by_role("alert")).to_contain_text(re.compile(r"\$0\.75.*\$0\.50"))
    await expect(card.locator(".decision dd").first).to_contain_text(re.compile(r"\$1\.25.*\$0\.75"))
    await page.screenshot(path=artifacts / "price-changed-send-again.png")
    await card.locator('[data-act="send"]').click()
    await expect(card.locator(".decision")).to_have_count(0)
    assert bodies == [
        {"decision": "send", "agreed": {"amount": 0.5, "currency": "USD"}},
        {"decision": "send", "agreed": {"amount": "0.75", "currency": "USD"}},
    ]
