"""What a person does on the page, in a real Chromium, against `python app.py` in demo mode."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, Response, Route, expect

from tests.browser.steps import (
    CLIP,
    HOSTILE,
    at_rest,
    choose_model,
    complaints_of,
    expect_playing,
    generate,
    open_studio,
    open_tab,
    write_prompt,
)
from tests.rig.studio import StudioProcess


@pytest.fixture
def studio(demo: StudioProcess) -> StudioProcess:
    """The studio in demo mode."""
    return demo


@pytest.fixture
def page(demo_page: Page) -> Page:
    """Its page."""
    return demo_page


async def test_words_become_a_clip_that_plays_in_place(page: Page, artifacts: Path) -> None:
    await page.screenshot(path=artifacts / "text-empty.png")
    await page.get_by_role("button", name="Paper boat").first.click()
    await expect(page.locator("#text_to_video-prompt textarea")).to_have_value(re.compile("paper boat"))
    await expect(page.locator("#text_to_video-generate")).to_have_text(re.compile(r"Generate\s+\$0\.50"))
    await generate(page, "text_to_video")

    card = page.locator("#text_to_video-stage .card").first
    await expect(card).to_have_attribute("data-state", re.compile("queued|submitting|pending|running"))
    await page.screenshot(path=artifacts / "text-running.png")
    await expect(card).to_have_attribute("data-state", "succeeded", timeout=CLIP)
    await expect_playing(page, "#text_to_video-stage video")
    size = await page.locator("#text_to_video-stage video").evaluate("v => [v.videoWidth, v.videoHeight]")
    assert size == [1280, 720]
    await page.screenshot(path=artifacts / "text-done.png")


def was_read(response: Response, words: str) -> bool:
    """Whether this is the answer to a whole form with these words in it, by which the browser keeps them."""
    sent = response.request.post_data if response.url.endswith("/run/predict") else None
    data = json.loads(sent)["data"] if sent else []
    return words in data and bool(data[3])


def orders_of(page: Page) -> list[str]:
    """Fills with the addresses of what the page orders."""
    ordered: list[str] = []
    page.on("request", lambda request: ordered.append(request.url) if "/queue/join" in request.url else None)
    return ordered


async def hold_next_answer(page: Page) -> tuple[asyncio.Event, asyncio.Event]:
    """Keep back what the studio answers next about a form: the first tells when it is there, the second lets it go."""
    there, go = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        there.set()
        await go.wait()
        await route.fulfill(response=answer)

    await page.route("**/gradio_api/**/predict*", late, times=1)
    return there, go


async def test_what_is_written_before_a_form_is_filled_stays_and_counts(page: Page) -> None:
    asked, written = await hold_next_answer(page)
    await page.locator("#tab-image_to_video-button").click()
    await write_prompt(page, "image_to_video", "The waves roll in")
    await asyncio.wait_for(asked.wait(), 20)
    async with page.expect_response(lambda response: was_read(response, "The waves roll in")):
        written.set()
    foot = page.locator("#image_to_video-foot")
    await expect(foot.locator(".outcome span").first).not_to_be_empty()
    await expect(page.locator("#image_to_video-prompt textarea")).to_have_value("The waves roll in")
    await expect(page.locator(".toast-body")).to_have_count(0)
    kept = "() => JSON.stringify(localStorage).includes('studio:draft:image_to_video')"
    await page.wait_for_function(kept)
    await page.reload()
    await expect(page.locator("#image_to_video-prompt textarea")).to_have_value("The waves roll in")


async def test_nothing_is_ordered_from_a_form_that_is_not_filled_yet(page: Page) -> None:
    asked, filled = await hold_next_answer(page)
    await page.locator("#tab-image_to_video-button").click()
    await asyncio.wait_for(asked.wait(), 20)
    button = page.locator("#image_to_video-generate")
    await expect(button).to_be_disabled()
    ordered = orders_of(page)
    await button.click(force=True)
    filled.set()
    await expect(button).to_be_enabled()
    await expect(page.locator("#image_to_video-foot .reasons")).to_be_visible()
    assert not ordered


async def test_an_answer_about_what_stood_there_before_is_not_believed(page: Page) -> None:
    """The form is filled anew while the studio still looks at what was in it."""
    foot = page.locator("#text_to_video-foot")
    await write_prompt(page, "text_to_video", "A kite")
    await expect(page.locator("#text_to_video-generate")).to_have_class(re.compile("primary"))
    asked, late = await hold_next_answer(page)
    await write_prompt(page, "text_to_video", "")
    await asyncio.wait_for(asked.wait(), 20)
    await page.get_by_role("button", name="Paper boat").first.click()
    await expect(page.locator("#text_to_video-prompt textarea")).to_have_value(re.compile("paper boat"))
    async with page.expect_response(lambda response: was_read(response, "")):
        late.set()
    await expect(foot.locator(".reasons")).to_be_empty()
    await expect(page.locator("#text_to_video-generate")).to_have_class(re.compile("primary"))
    await page.reload()
    await expect(page.locator("#text_to_video-prompt textarea")).to_have_value(re.compile("paper boat"))


async def test_what_is_written_while_another_model_is_on_its_way_stays(page: Page) -> None:
    prompt = page.locator("#text_to_video-prompt textarea")
    async with page.expect_response(lambda response: was_read(response, "A kite")):
        await write_prompt(page, "text_to_video", "A kite")
    await expect(page.locator("#text_to_video-prompt-note")).to_contain_text("6 /")
    asked, written = await hold_next_answer(page)
    await choose_model(page, "Wan 2.5 preview")
    await asyncio.wait_for(asked.wait(), 20)
    await prompt.press_sequentially(" over the bay")
    written.set()
    await expect(page.locator("#text_to_video-prompt-note")).to_contain_text("19 /")
    await expect(page.locator("#text_to_video-duration-segments").get_by_role("radio", name="10 s")).to_be_visible()
    await expect(prompt).to_have_value("A kite over the bay")


async def test_a_refused_picture_is_repaired_with_one_press_and_becomes_a_clip(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    beach = tmp_path / "beach.png"
    Image.new("RGB", (3000, 1000), "steelblue").save(beach)
    await open_tab(page, "image_to_video")
    await page.set_input_files("#image_to_video-image input[type=file]", beach)

    note = page.locator("#image_to_video-image-note")
    await expect(note).to_contain_text("3000 × 1000")
    await expect(page.locator("#image_to_video-foot .reasons")).to_contain_text("360 to 2000")
    await page.screenshot(path=artifacts / "picture-refused.png")
    await note.get_by_role("button", name="Resize").click()
    await expect(note.locator('[data-tone="ok"]')).to_contain_text("beach.png, 2000 × 667")
    await expect(note).to_contain_text("your clip will be")
    await page.screenshot(path=artifacts / "picture-repaired.png")

    await write_prompt(page, "image_to_video", "The waves roll in")
    await generate(page, "image_to_video")
    await expect(page.locator("#image_to_video-stage .card").first).to_have_attribute(
        "data-state", "succeeded", timeout=CLIP
    )
    await expect_playing(page, "#image_to_video-stage video")


async def test_two_pictures_of_different_shapes_are_matched_and_become_a_clip(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    night, day = tmp_path / "night.png", tmp_path / "day.png"
    Image.new("RGB", (1280, 720), "midnightblue").save(night)
    Image.new("RGB", (800, 800), "gold").save(day)
    await open_tab(page, "keyframes_to_video")
    await page.set_input_files("#keyframes_to_video-first_frame input[type=file]", night)
    await page.set_input_files("#keyframes_to_video-last_frame input[type=file]", day)

    note = page.locator("#keyframes_to_video-last_frame-note")
    await expect(note).to_contain_text("the first one's shape")
    await page.screenshot(path=artifacts / "frames-differ.png")
    await note.get_by_role("button", name="Crop to match").click()
    await expect(note.locator('[data-tone="ok"]')).to_contain_text("day.png, 800 × 450")
    await expect(note).not_to_contain_text("the first one's shape")

    await generate(page, "keyframes_to_video")
    await expect(page.locator("#keyframes_to_video-stage .card").first).to_have_attribute(
        "data-state", "succeeded", timeout=CLIP
    )
    await expect_playing(page, "#keyframes_to_video-stage video")
    await page.screenshot(path=artifacts / "frames-done.png")


async def test_a_file_that_is_no_picture_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    lie = tmp_path / "holiday.png"
    lie.write_bytes(b"this is a shopping list")
    await open_tab(page, "image_to_video")
    await page.set_input_files("#image_to_video-image input[type=file]", lie)

    await expect(page.locator('#image_to_video-image-note [data-tone="bad"]')).to_be_visible()
    await page.locator("#image_to_video-generate").click()
    await expect(page.locator("#image_to_video-stage .card", has_text="holiday")).to_have_count(0)


async def test_a_refresh_in_mid_job_shows_the_truth(page: Page) -> None:
    await write_prompt(page, "text_to_video", "A refresh happens while this is made")
    await generate(page, "text_to_video")
    card = page.locator(".card", has_text="A refresh happens while this is made")
    await expect(card).to_be_visible()
    await page.reload()
    await expect(card).to_be_visible()
    await expect(page.locator("#text_to_video-prompt textarea")).to_have_value("A refresh happens while this is made")
    await expect(card).to_have_attribute("data-state", "succeeded", timeout=CLIP)


async def test_the_gallery_has_everything_after_a_restart(page: Page, studio: StudioProcess, artifacts: Path) -> None:
    await write_prompt(page, "text_to_video", "Kept over a restart")
    await generate(page, "text_to_video")
    card = page.locator(".card", has_text="Kept over a restart")
    await expect(card).to_have_attribute("data-state", "succeeded", timeout=CLIP)

    studio.kill()
    studio.start()
    await open_studio(page, studio)
    await open_tab(page, "gallery")
    tile = page.get_by_role("button", name=re.compile("Kept over a restart"))
    await expect(tile).to_have_attribute("data-state", "succeeded")
    await expect(tile.locator(".badge")).to_have_text("Demo")
    await page.screenshot(path=artifacts / "gallery.png")
    await tile.click()
    details = page.locator("dialog.viewer")
    await expect(details).to_contain_text("Kept over a restart")
    await expect(details).to_contain_text("Demo · Wan 2.6 · 1280 × 720")
    await expect(details.get_by_role("link", name="Download")).to_be_visible()
    await expect_playing(page, "dialog.viewer video")
    await page.screenshot(path=artifacts / "details.png")
    await page.keyboard.press("Escape")
    await expect(details).to_be_hidden()


async def test_what_was_chosen_survives_another_model_another_tab_and_a_refresh(page: Page) -> None:
    prompt = page.locator("#text_to_video-prompt textarea")
    sizes = page.locator("#text_to_video-size")
    await prompt.fill("Typed once")
    await sizes.get_by_text("4:3", exact=True).click()
    await choose_model(page, "Wan 2.2 Plus")
    await expect(sizes.get_by_role("radio", name="480P")).to_be_visible()
    await expect(prompt).to_have_value("Typed once")
    await choose_model(page, "Wan 2.5 preview")
    await expect(sizes.get_by_role("radio", name=re.compile("^4:3"))).to_be_checked()
    await open_tab(page, "gallery")
    await open_tab(page, "text_to_video")
    await expect(prompt).to_have_value("Typed once")

    await page.reload()
    await expect(prompt).to_have_value("Typed once")
    await expect(page.locator("#text_to_video-model .model b")).to_have_text("Wan 2.5 preview")
    await expect(sizes.get_by_role("radio", name=re.compile("^4:3"))).to_be_checked()
    await expect(page.locator("#text_to_video-duration-segments").get_by_role("radio", name="10 s")).to_be_visible()


async def test_a_pair_of_shape_and_quality_that_is_not_offered_cannot_be_chosen(page: Page) -> None:
    await choose_model(page, "Wan 2.5 preview")
    sizes = page.locator("#text_to_video-size")
    await sizes.get_by_text("480P", exact=True).click()
    await expect(sizes.get_by_role("radio", name=re.compile("^4:3"))).to_be_disabled()
    await sizes.get_by_text("720P", exact=True).click()
    await sizes.get_by_text("4:3", exact=True).click()
    await expect(sizes.get_by_role("radio", name=re.compile("^480P"))).to_be_disabled()


async def test_a_double_click_buys_once(page: Page, studio: StudioProcess) -> None:
    await write_prompt(page, "text_to_video", "Pressed twice in a hurry")
    button = page.locator("#text_to_video-generate")
    await expect(button).to_have_class(re.compile("primary"))
    ordered = orders_of(page)
    await button.dblclick()
    await expect(page.locator(".card", has_text="Pressed twice in a hurry")).to_have_count(1)
    await expect(button).not_to_have_class(re.compile("sent"))
    assert len(ordered) == 1
    assert sum(job["prompt"] == "Pressed twice in a hurry" for job in studio.jobs()) == 1


async def test_hostile_words_never_become_markup(page: Page) -> None:
    await write_prompt(page, "text_to_video", HOSTILE)
    await generate(page, "text_to_video")
    await expect(page.locator(".card .words", has_text="onerror").first).to_be_visible()
    await open_tab(page, "gallery")
    await page.get_by_role("button", name=re.compile("onerror")).first.click()
    await expect(page.locator("dialog.viewer .prompt").first).to_have_text(HOSTILE)
    assert await page.evaluate("window.hacked") is None


async def test_use_these_settings_brings_back_words_and_picture(
    page: Page, studio: StudioProcess, tmp_path: Path
) -> None:
    pond = tmp_path / "pond.jpg"
    Image.new("RGB", (1280, 720), "seagreen").save(pond)
    await open_tab(page, "image_to_video")
    await page.set_input_files("#image_to_video-image input[type=file]", pond)
    await write_prompt(page, "image_to_video", "Ripples spread over the pond")
    await expect(page.locator('#image_to_video-image-note [data-tone="ok"]')).to_be_visible()
    await generate(page, "image_to_video")
    card = page.locator("#image_to_video-stage .card", has_text="Ripples")
    await expect(card).to_be_visible()
    # A tab that has never been opened, in a browser that remembers nothing.
    await page.evaluate("localStorage.clear()")
    await page.goto("about:blank")
    await page.goto(f"{studio.url}/#gallery")

    await page.get_by_role("button", name=re.compile("Ripples")).first.click()
    await page.locator("dialog.viewer").get_by_role("button", name="Remix").click()
    await expect(page.locator("#tab-image_to_video-button")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#image_to_video-prompt textarea")).to_have_value("Ripples spread over the pond")
    await expect(page.locator('#image_to_video-image-note [data-tone="ok"]')).to_contain_text("1280 × 720")


async def test_seven_pages_of_one_browser_all_stay_live(browser: Browser, studio: StudioProcess) -> None:
    context = await browser.new_context()
    pages = [await context.new_page() for _ in range(7)]
    for page in pages:
        await open_studio(page, studio)
    await write_prompt(pages[0], "text_to_video", "Seen on every page")
    await generate(pages[0], "text_to_video")
    for page in pages:
        await expect(page.locator(".card", has_text="Seen on every page")).to_be_visible()
    await context.close()


NO_STREAM = """
    delete window.SharedWorker;
    window.EventSource = class {
        static CLOSED = 2;
        readyState = 2;
        constructor() { setTimeout(() => this.onerror?.(), 10); }
        addEventListener() {}
        close() {}
    };
"""


@pytest.mark.parametrize("poorer", ["delete window.SharedWorker", NO_STREAM], ids=["no-worker", "no-stream"])
async def test_a_browser_that_can_do_less_is_kept_up_to_date_too(
    browser: Browser, studio: StudioProcess, poorer: str
) -> None:
    context = await browser.new_context()
    await context.add_init_script(poorer)
    watching, working = await context.new_page(), await context.new_page()
    for page in (watching, working):
        await open_studio(page, studio)
    await write_prompt(working, "text_to_video", f"Watched with {len(poorer)}")
    await generate(working, "text_to_video")
    await watching.bring_to_front()
    card = watching.locator(".card", has_text=f"Watched with {len(poorer)}")
    await expect(card).to_have_attribute("data-state", "succeeded", timeout=CLIP)
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_has_generate_at_hand_and_nothing_sticks_out(
    browser: Browser, studio: StudioProcess, artifacts: Path, scheme: str
) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        color_scheme=scheme,  # type: ignore[arg-type]  # a literal
    )
    page = await context.new_page()
    complaints = complaints_of(page)
    await open_studio(page, studio)
    assert await page.evaluate("document.documentElement.classList.contains('dark')") is (scheme == "dark")
    for tab in ("text_to_video", "image_to_video", "gallery", "settings"):
        await open_tab(page, tab)
        await at_rest(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, tab
        await page.screenshot(path=artifacts / f"phone-{tab}-{scheme}.png")
    await open_tab(page, "text_to_video")
    await write_prompt(page, "text_to_video", f"From a phone, {scheme}")
    await expect(page.locator("#text_to_video-generate")).to_be_in_viewport()
    await generate(page, "text_to_video")
    await expect(page.locator("#text_to_video-foot .running button")).to_be_in_viewport()
    await page.screenshot(path=artifacts / f"phone-running-{scheme}.png")
    assert not complaints
    await context.close()


async def test_a_file_of_another_kind_is_told_in_words_for_everybody(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "beach.png"
    Image.new("RGB", (400, 400), "teal").save(picture)
    await page.locator("#text_to_video-audio_file input[type=file]").set_input_files(picture)
    told = page.locator(".toast-body")
    await expect(told).to_contain_text("beach.png is not a sound. Nothing was changed.")
    await expect(told).not_to_contain_text("audio/")


async def test_nothing_moves_when_generate_has_the_focus(page: Page) -> None:
    await write_prompt(page, "text_to_video", "A kite over the bay")
    await generate(page, "text_to_video")
    assert await page.evaluate("scrollY") == 0
