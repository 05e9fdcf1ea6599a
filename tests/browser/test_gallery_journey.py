"""The whole way of a work through the gallery of a real studio: kept, saved, dropped again, found, zipped, undone."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Locator, Page, expect

from components.mount import mount_page
from services.domain.people import EVERYONE
from services.media.metadata import Recipe, read_recipe
from services.studio import Studio
from services.web import add_routes
from tests.browser.steps import complaints_of
from tests.rig.hostile import wav
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

PROMPT = "A paper boat leaves the harbour, 港口的早晨"
OTHER = "A kite over the beach"
DROP = """
async ([name, mime, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: mime }));
  for (const type of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def studio(home: Path, tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio with clips that really are some."""
    async with simulated(tmp_path / "vendor", speed=200.0) as (_, url), studio_at(home, url) as running:
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
        yield opened
        assert not complaints
        await context.close()


async def two_works(studio: Studio, page: Page) -> Locator:
    """Two clips, shown in the gallery."""
    for words in (PROMPT, OTHER):
        given = {"prompt": words, "duration": 2, "seed": 7}
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        assert (await until(studio, job["id"], seconds=60))["status"] == "succeeded"
    await page.goto(f"{page.url.partition('#')[0]}#gallery")
    tiles = page.locator(".tile[data-job]")
    await expect(tiles).to_have_count(2)
    return tiles


async def test_a_saved_file_tells_how_it_was_made_and_comes_back_as_its_form(
    page: Page, studio: Studio, tmp_path: Path, artifacts: Path
) -> None:
    tiles = await two_works(studio, page)
    # Found by two Chinese signs, looked at, saved.
    await page.locator("studio-gallery input[type=search]").fill("港口 seconds<5")
    await expect(tiles).to_have_count(1)
    await tiles.first.click()
    viewer = page.locator("dialog.viewer")
    await expect(viewer).to_contain_text(PROMPT)
    async with page.expect_download() as saving:
        await viewer.get_by_role("link", name="Download", exact=True).click()
    saved = tmp_path / "renamed.mp4"
    await (await saving.value).save_as(saved)
    async with page.expect_download() as cleaning:
        await viewer.get_by_role("link", name="Export clean").click()
    clean = tmp_path / "clean.mp4"
    await (await cleaning.value).save_as(clean)
    recipe = read_recipe(saved)
    assert isinstance(recipe, Recipe)
    assert recipe.prompt == PROMPT
    assert read_recipe(clean) is None
    assert b"boat" not in clean.read_bytes()
    await page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()

    # Dropped anywhere it offers to be made again.
    data = base64.b64encode(saved.read_bytes()).decode()
    await page.evaluate(DROP, [saved.name, "video/mp4", data])
    dialog = page.locator("dialog.opened")
    await expect(dialog).to_contain_text("Made here")
    await expect(dialog.locator("blockquote")).to_have_text(PROMPT)
    await page.screenshot(path=artifacts / "drop-own.png")
    await dialog.get_by_role("button", name="Remix").click()
    await expect(page.locator("#tab-text_to_video-button")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#text_to_video-prompt textarea")).to_have_value(PROMPT)

    # The address says which tab that is, and the browser's own button leads back to what was found.
    await expect(page).to_have_url(re.compile("#text_to_video$"))
    await page.go_back()
    await expect(page.locator("#tab-gallery-button")).to_have_attribute("aria-selected", "true")
    await expect(page).to_have_url(re.compile(r"#gallery\?q="))
    await expect(tiles).to_have_count(1)


async def test_works_are_zipped_with_their_recipes_and_what_is_deleted_comes_back_to_the_byte(
    page: Page, studio: Studio, tmp_path: Path
) -> None:
    tiles = await two_works(studio, page)
    await tiles.first.click(modifiers=["Control"])
    await tiles.last.click(modifiers=["Control"])
    await page.locator("[data-act=zip]").click()
    async with page.expect_download() as zipping:
        await page.get_by_role("dialog", name="Download as ZIP").locator("button.primary").click()
    await (await zipping.value).save_as(tmp_path / "works.zip")
    with zipfile.ZipFile(tmp_path / "works.zip") as works:
        assert works.testzip() is None
        rows = list(csv.DictReader(io.StringIO(works.read("recipes.csv").decode("utf-8-sig"))))
        assert {row["prompt"] for row in rows} == {PROMPT, OTHER}
        assert len(json.loads(works.read("recipes.json"))) in (1, 2)
        assert sorted(works.read(n) for n in works.namelist() if n.endswith(".mp4"))
    before = [
        tuple(asset.sha256 for asset in one.assets)
        for one in await studio.services.history.several(await ids_in(tiles), owner=EVERYONE)
    ]
    await page.locator("[data-act=delete]").click()
    await expect(tiles).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(tiles).to_have_count(2)
    after = [
        tuple(asset.sha256 for asset in one.assets)
        for one in await studio.services.history.several(await ids_in(tiles), owner=EVERYONE)
    ]
    assert sorted(after) == sorted(before)
    for one in await studio.services.history.several(await ids_in(tiles), owner=EVERYONE):
        for asset in one.assets:
            assert (await studio.services.downloads.file(asset.id))[1].stat().st_size == asset.bytes


async def test_a_sound_that_is_dropped_is_kept_found_by_its_name_heard_and_used(page: Page, artifacts: Path) -> None:
    await page.goto(f"{page.url.partition('#')[0]}#gallery")
    await expect(page.locator("studio-gallery .empty")).to_be_visible()
    await page.evaluate(DROP, ["Voice_of Ann.wav", "audio/wav", base64.b64encode(wav(4)).decode()])
    dialog = page.locator("dialog.opened")
    await dialog.get_by_role("button", name="Keep in the gallery").click()
    tile = page.locator(".tile[data-job]")
    await expect(tile).to_have_attribute("aria-label", re.compile("^Voice_of Ann.wav"))
    for words, count in (("voice ann", 1), ("kind:video", 0), ("kind:sound", 1)):
        await page.locator("studio-gallery input[type=search]").fill(words)
        await expect(tile).to_have_count(count)
    await tile.click()
    viewer = page.locator("dialog.viewer")
    await expect(viewer.locator("h2")).to_have_text("Voice_of Ann.wav")
    sound = viewer.locator("audio")
    await sound.evaluate("sound => { sound.muted = true; return sound.play(); }")
    await page.wait_for_function("document.querySelector('dialog.viewer audio').currentTime > 0.1")
    await expect(viewer.get_by_role("button", name="Remix")).to_have_count(0)  # it does not say how it was made
    await page.screenshot(path=artifacts / "viewer-sound.png")
    await viewer.get_by_role("button", name="Use as…").click()
    await page.locator('dialog.slots [data-slot^="text_to_video."]').click()
    await expect(page.locator("#tab-text_to_video-button")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#tab-text_to_video").get_by_text("Voice_of Ann.wav")).to_be_visible()


async def ids_in(tiles: Locator) -> list[str]:
    """The jobs that the tiles stand for."""
    found = await tiles.evaluate_all("(all) => all.map((tile) => tile.dataset.job)")
    return [str(one) for one in found]
