"""Keys on the Settings tab, in a real Chromium: tried, moved to where they belong, added; and what opens with them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app import create_app
from services.catalogue import CATALOGUE
from tests.browser.steps import complaints_of, generate
from tests.rig.screening import Screening, region
from tests.rig.served import served
from tests.rig.studio import KEY, settings_for, simulated


async def test_keys_are_tried_moved_to_where_they_belong_and_added(
    page: Page, origin: str, screening: Screening, artifacts: Any
) -> None:
    singapore = region("singapore", found=True, hint="1f2c", default=True)
    frankfurt = region("frankfurt", address="", shared=False)
    screening.keys = {"demo": False, "regions": [singapore, region("beijing"), frankfurt]}
    then = {"demo": False, "regions": [singapore, region("beijing", found=True, added=True, hint="7890"), frankfurt]}
    screening.answers = {
        "/studio/keys/singapore/test": {"works": True, "region": "singapore", "message": "The key works."},
        "/studio/keys/frankfurt": {"works": False, "region": "beijing", "message": "This key belongs to Beijing."},
        "/studio/keys/beijing": {"works": True, "region": "beijing", "message": "The key works here.", "then": then},
    }
    offer = {"beijing": {"models": 2, "of": 3, "only": ["Digital human"]}}
    await page.goto(f"{origin}/?show=keys&offer={quote(json.dumps(offer))}")
    rows = {name: page.locator(f'[data-region="{name}"]') for name in ("singapore", "beijing", "frankfurt")}
    await expect(rows["beijing"]).to_contain_text("2 of 3 models. Only here: Digital human.")
    await rows["singapore"].get_by_role("button", name="Test").click()
    await expect(rows["singapore"].locator(".state")).to_have_text("Works · ••1f2c")

    await rows["frankfurt"].get_by_role("button", name="Add a key").click()
    field = page.get_by_label("Key of Frankfurt")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("type", "password")
    await field.fill("sk-1234567890")
    await page.keyboard.press("Enter")
    assert screening.posted[1:] == []  # without its workspace nothing is sent
    await page.get_by_label("Workspace id").fill("ws-1")
    await page.keyboard.press("Enter")
    await expect(rows["frankfurt"].locator(".said")).to_contain_text("This key belongs to Beijing.")
    await page.screenshot(path=artifacts / "keys.png")
    await page.get_by_role("button", name="Add it to Beijing").click()
    await expect(rows["beijing"].locator(".state")).to_contain_text("Works · ••7890")
    assert screening.posted[1:] == [
        ("/studio/keys/frankfurt", {"key": "sk-1234567890", "workspace": "ws-1"}),
        ("/studio/keys/beijing", {"key": "sk-1234567890", "workspace": ""}),
    ]
    assert "sk-1234567890" not in await page.content()
    assert await page.locator("input:not([type=file])").count() == 0


async def test_a_form_that_lacks_a_key_opens_its_place(page: Page, origin: str, screening: Screening) -> None:
    screening.keys = {"demo": False, "regions": [region("singapore", found=True), region("beijing")]}
    await page.goto(f"{origin}/?show=keys")
    await expect(page.locator(".region")).to_have_count(2)
    await page.evaluate("document.dispatchEvent(new CustomEvent('studio:add-key', { detail: { region: 'beijing' } }))")
    await expect(page.get_by_label("Key of Beijing")).to_be_focused()


async def test_what_is_typed_stays_while_another_key_is_tried(page: Page, origin: str, screening: Screening) -> None:
    screening.keys = {"demo": False, "regions": [region("singapore", found=True), region("beijing")]}
    screening.answers["/studio/keys/singapore/test"] = {"works": True, "region": "singapore", "message": "It works."}
    await page.goto(f"{origin}/?show=keys")
    await page.locator('[data-region="beijing"]').get_by_role("button", name="Add a key").click()
    await page.get_by_label("Key of Beijing").fill("sk-half-ty")
    await page.locator('[data-region="singapore"]').get_by_role("button", name="Test").click()
    await expect(page.locator('[data-region="singapore"] .said')).to_have_text("It works.")
    await expect(page.get_by_label("Key of Beijing")).to_have_value("sk-half-ty")


async def test_the_demo_offers_no_place_for_a_key(page: Page, origin: str, screening: Screening) -> None:
    screening.keys = {"demo": True, "regions": [region("singapore")]}
    await page.goto(f"{origin}/?show=keys")
    await expect(page.locator('[data-region="singapore"] .state')).to_have_text("No key")
    await expect(page.get_by_role("button")).to_have_count(0)


BEIJING_KEY = "sk-made-in-beijing-0123456789"


@pytest_asyncio.fixture(loop_scope="session")
async def whole(browser: Browser, home: Path, tmp_path: Path) -> AsyncIterator[Page]:
    """The studio's whole page with one family, at a vendor that takes a key of Singapore and one of Beijing.

    The model that is shown first tells how it rewrote a prompt.
    """
    models = CATALOGUE.of_family("text_to_video")
    first = next(model for model in models if model.rewritten_prompt and model.field("size", "singapore"))
    family = replace(CATALOGUE.families[0], default_model=first.id)
    catalogue = replace(CATALOGUE, families=(family,), models=models)
    keys = {KEY: {"singapore"}, BEIJING_KEY: {"beijing"}}
    async with simulated(tmp_path / "vendor", keys=keys) as (_simulator, url):
        shared = [one.id for one in CATALOGUE.regions if one.base_url]
        addresses = {name: url.replace("/singapore/", f"/{name}/") for name in shared}
        settings = settings_for(home, url, dashscope_base_urls=addresses, studio_poll_seconds=0.2)
        async with served(create_app(settings, catalogue=catalogue)) as origin:
            context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
            page = await context.new_page()
            complaints = complaints_of(page)
            await page.goto(origin)
            await expect(page.locator("#text_to_video-foot .outcome span").first).not_to_be_empty()
            yield page
            assert not complaints
            await context.close()


async def test_an_added_key_opens_its_region_in_the_tabs_without_a_restart(whole: Page, artifacts: Any) -> None:
    await expect(whole.locator("#text_to_video-region")).to_have_count(0)
    await whole.locator("#tab-settings-button").click()
    rows = {name: whole.locator(f'#keys [data-region="{name}"]') for name in ("singapore", "beijing")}
    await rows["singapore"].get_by_role("button", name="Test").click()
    await expect(rows["singapore"].locator(".said")).to_have_text("The key works. It belongs to Singapore.")

    await rows["beijing"].get_by_role("button", name="Add a key").click()
    await whole.get_by_label("Key of Beijing").fill(KEY)
    await whole.keyboard.press("Enter")
    await expect(rows["beijing"].locator(".said")).to_contain_text("Beijing does not accept this key.")
    await whole.get_by_label("Key of Beijing").fill(BEIJING_KEY)
    await whole.keyboard.press("Enter")
    await expect(rows["beijing"].locator(".said")).to_contain_text("Beijing can be chosen in the tabs now.")
    await whole.screenshot(path=artifacts / "settings.png", full_page=True)
    assert BEIJING_KEY not in await whole.content()
    await whole.locator("#tab-text_to_video-button").click()
    await whole.locator("#text_to_video-region").get_by_text("Beijing").click()
    await expect(whole.locator("#text_to_video-generate")).to_contain_text("¥")


async def test_the_rewritten_prompt_goes_into_the_form_and_leaves_the_rest(whole: Page) -> None:
    prompt = whole.locator("#text_to_video-prompt textarea")
    await prompt.fill("A paper boat")
    await generate(whole, "text_to_video")
    rewritten = whole.locator("#text_to_video-stage .rewritten")
    await rewritten.locator("summary").click(timeout=30_000)
    words = await rewritten.locator(".prompt").nth(1).inner_text()
    assert words.startswith("A paper boat")
    assert words != "A paper boat"
    await whole.locator("#text_to_video-size").get_by_text("9:16", exact=True).click()
    await prompt.fill("Something else by now")
    await rewritten.get_by_role("button", name="Use this next time").click()
    await expect(prompt).to_have_value(words)
    await expect(whole.locator("#text_to_video-size").get_by_role("radio", name=re.compile("^9:16"))).to_be_checked()
