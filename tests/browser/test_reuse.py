"""Using again, in a real Chromium: remix of every family, "Use as…", a new seed, and files dropped on the page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, Route, expect

from components.mount import mount_page
from services.catalogue import CATALOGUE
from services.catalogue.schema import FileField
from services.studio import Studio
from services.web import add_routes
from tests.browser.steps import HOSTILE, complaints_of, generate, open_tab, write_prompt
from tests.rig.given import PROMPT, SlowFilms, every_region, fillings, make_samples, ways
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

CARRY = """
async ([name, mime, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: mime }));
  const traits = { dataTransfer: data, bubbles: true, cancelable: true };
  window.carry = (type, selector) => document.querySelector(selector).dispatchEvent(new DragEvent(type, traits));
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def studio(home: Path, tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio with a key for every region."""
    async with (
        simulated(tmp_path / "vendor", speed=200.0, limits=False, artist=SlowFilms()) as (_, url),
        studio_at(home, url, **every_region(url)) as running,
    ):
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, studio: Studio) -> AsyncIterator[Page]:
    """Its page; a script error or a violated policy fails the test."""
    app = FastAPI()
    add_routes(app, studio)
    mount_page(app, studio)
    async with served(app) as origin:
        context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        opened = await context.new_page()
        complaints = complaints_of(opened)
        await opened.goto(origin)
        first = studio.catalogue.families[0].id
        await expect(opened.locator(f"#{first}-foot .outcome span").first).not_to_be_empty()
        yield opened
        assert not complaints
        await context.close()


async def tell(page: Page, event: str, **detail: object) -> None:
    """What other parts of the page say when somebody presses there."""
    script = "([name, detail]) => document.dispatchEvent(new CustomEvent(name, { detail }))"
    await page.evaluate(script, [f"studio:{event}", json.loads(json.dumps(detail))])


async def test_a_job_of_every_family_is_remixed_with_its_files_and_ready_to_run(
    page: Page, studio: Studio, tmp_path: Path
) -> None:
    samples = make_samples(tmp_path / "samples")
    for family in CATALOGUE.families:
        way = next(w for w in ways(CATALOGUE) if w.model.id == family.default_model)
        given = next(iter(fillings(CATALOGUE, way, samples)))
        job = await studio.submit(family=family.id, model=way.model.id, region=way.region, given=given)
        await tell(page, "recall", job=job, words=False)

        await expect(page.locator(".notice")).to_contain_text("The form has these settings now.")
        await expect(page.locator(f"#tab-{family.id}-button")).to_have_attribute("aria-selected", "true")
        await expect(page.locator(f"#{family.id}-generate")).to_have_class(re.compile("primary"))
        if "prompt" in given:
            await expect(page.locator(f"#{family.id}-prompt textarea")).to_have_value(PROMPT)
        in_sight = [each for each in way.fields if isinstance(each, FileField) and not each.folded]
        for field in (each for each in in_sight if each.name in given):
            part = page.locator(f"[id^='{family.id}-{field.name}']").filter(visible=True)
            await expect(part.locator("img, video, audio, .pick, .waveform-container").first).to_be_attached()
        await page.evaluate("document.querySelector('.notice').hidden = true")


async def test_a_last_frame_goes_into_one_slot_and_its_job_knows_where_it_came_from(
    page: Page, studio: Studio, artifacts: Path
) -> None:
    words = {"prompt": "A boat leaves", "duration": 3}
    asked = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=words)
    clip = await until(studio, asked["id"], seconds=60)
    await open_tab(page, "image_to_video")
    await write_prompt(page, "image_to_video", "It sails on")

    output = clip["outputs"][0]
    await tell(page, "use", asset=output["id"], job=clip["id"], moment="2.517", kind="video")
    menu = page.locator("dialog.slots")
    await expect(menu.get_by_role("heading", level=2)).to_have_text("Use this clip as…")
    await expect(menu.locator('[data-slot="image_to_video.image"]')).to_have_count(0)
    await menu.get_by_role("button", name="This frame, 0:02").click()
    await expect(menu.locator("img.look")).to_have_js_property("naturalWidth", output["width"])
    await menu.get_by_role("button", name="Last frame", exact=True).click()
    await page.screenshot(path=artifacts / "use-as.png")
    await menu.locator('[data-slot="image_to_video.image"]').click()

    await expect(page.locator(".notice")).to_contain_text("Added to Image to video")
    await expect(menu).to_be_hidden()
    await expect(page.locator("#image_to_video-image img")).to_be_visible()
    await expect(page.locator("#image_to_video-image-note")).to_contain_text("frame.png, 1280 × 720")
    await expect(page.locator("#image_to_video-prompt textarea")).to_have_value("It sails on")
    await generate(page, "image_to_video")
    await expect(page.locator("#image_to_video-stage .card")).to_have_count(1)
    made = next(one for one in (await studio.jobs())["items"] if one["family"] == "image_to_video")
    assert (made["inputs"][0]["parent"], made["inputs"][0]["moment"]) == (output["id"], "last")
    await until(studio, made["id"])

    await tell(page, "use", asset=output["id"], job=clip["id"], moment=None, kind="video")
    await menu.get_by_role("button", name="Its sound").click()
    await menu.locator('[data-slot^="digital_human."]').click()
    await expect(page.locator("#tab-digital_human-button")).to_have_attribute("aria-selected", "true")
    await expect(page.locator(".notice")).to_contain_text("Added to")


async def test_again_puts_a_new_seed_in_and_generate_one_press_away(page: Page, studio: Studio) -> None:
    words = {"prompt": "A boat leaves", "duration": 5, "seed": 7}
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=words)
    await tell(page, "again", job=job)
    await expect(page.locator(".notice")).to_contain_text("A new seed is in the form.")
    await expect(page.locator("#text_to_video-generate")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#text_to_video-stage .card")).to_have_count(2)
    again = next(one for one in (await studio.jobs())["items"] if one["id"] != job["id"])
    assert again["source_job"] == job["id"]
    assert again["prompt"] == "A boat leaves"
    assert again["parameters"]["seed"] != 7
    await until(studio, again["id"])


async def test_a_file_dropped_anywhere_tells_its_recipe_as_text_and_fills_a_form(page: Page, artifacts: Path) -> None:
    sent: list[tuple[str, str]] = []

    async def answer(route: Route) -> None:
        name = route.request.headers["x-file-name"]
        sent.append((name, route.request.headers["x-studio"]))
        told = {"kind": "foreign", "tool": "ComfyUI", "prompt": HOSTILE, "negative_prompt": "", "seed": 5}
        await route.fulfill(json=told)

    await page.route("**/studio/recipes", answer)
    await open_tab(page, "image_to_video")
    await page.evaluate(CARRY, ["a 港.png", "image/png", "no picture"])
    sheet = page.locator(".dropsheet")
    await page.evaluate("carry('dragenter', 'body')")
    await expect(sheet).to_be_visible()
    await page.screenshot(path=artifacts / "drop-sheet.png")
    await page.evaluate("carry('dragenter', '#image_to_video-image')")
    await expect(sheet).to_be_hidden()  # an uploader takes its file by itself
    await page.evaluate("carry('dragenter', 'body')")
    await page.evaluate("carry('drop', 'body')")
    await expect(sheet).to_be_hidden()

    dialog = page.locator("dialog.opened")
    await expect(dialog.locator("blockquote")).to_have_text(HOSTILE)
    await expect(dialog).to_contain_text("Made with ComfyUI")
    assert sent == [("a%20%E6%B8%AF.png", "1")]
    await page.screenshot(path=artifacts / "drop-recipe.png")
    await dialog.get_by_label("Where to").select_option(label="Image to video")
    await dialog.get_by_role("button", name="Use its prompt").click()
    await expect(page.locator("#image_to_video-prompt textarea")).to_have_value(HOSTILE)
    await expect(page.locator(".notice")).to_have_text("Its words are in the form.")
    assert await page.evaluate("window.hacked") is None


async def test_a_file_without_recipe_is_used_or_kept_by_keyboard_and_on_a_phone(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    kept: list[str] = []

    async def keep(route: Route) -> None:
        kept.append(route.request.headers["x-file-name"])
        await route.fulfill(status=409, json={"message": "The studio's disk may be full."})

    await page.route("**/studio/recipes", lambda route: route.fulfill(json={"kind": "none"}))
    await page.route("**/studio/imports", keep)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.evaluate("document.documentElement.classList.add('dark'); document.body.classList.add('dark')")
    picture = make_samples(tmp_path / "samples").picture
    button = "<button data-act=open-file>Add</button>"
    await page.evaluate(
        "(button) => document.querySelector('studio-reuse').insertAdjacentHTML('beforeend', button)", button
    )

    async def choose() -> None:
        async with page.expect_file_chooser() as chooser:
            await page.locator("[data-act=open-file]").press("Enter")
        await (await chooser.value).set_files(picture)

    dialog = page.locator("dialog.opened")
    await choose()
    await expect(dialog).to_contain_text("It carries no recipe.")
    await page.screenshot(path=artifacts / "open-file-phone.png")
    await dialog.get_by_role("button", name="Keep in the gallery").press("Enter")
    await expect(page.locator(".notice")).to_contain_text("picture.png: The studio's disk may be full.")
    assert kept == ["picture.png"]

    await choose()
    await dialog.get_by_role("button", name="Use as…").press("Enter")
    menu = page.locator("dialog.slots")
    await expect(menu).to_be_visible()
    await page.screenshot(path=artifacts / "use-as-phone.png")
    await menu.locator('[data-slot="image_to_video.image"]').press("Enter")
    await expect(page.locator("#image_to_video-image-note")).to_contain_text("picture.png")
    await expect(menu).to_be_hidden()
