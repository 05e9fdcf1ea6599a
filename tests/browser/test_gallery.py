"""The gallery in a real Chromium: browse without end, find, choose, keep in order, undo; by pointer, keys and touch.

The jobs are told by a rig, so that thousands of them and every state can be shown at once.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect
from playwright.async_api import TimeoutError as NotInTime

from tests.browser.steps import at_rest
from tests.rig.kept import Kept, article, clip, kept_job
from tests.rig.served import served

MOST_TILES = 200
THOUSANDS = int(os.environ.get("GALLERY_TILES", "900"))
"""How many tiles are scrolled through; the full proof is with 5,000."""
MOST_BYTES = 300_000


@pytest.fixture
def screening() -> Kept:
    """Told jobs that can be kept in order."""
    return Kept()


@pytest_asyncio.fixture(loop_scope="session")
async def origin(screening: Kept) -> AsyncIterator[str]:
    """Where they are shown."""
    async with served(screening.app) as origin:
        yield origin


async def open_gallery(page: Page, origin: str, after: str = "", *, dark: bool = False) -> None:
    await page.goto(f"{origin}/?show=gallery{'&__theme=dark' if dark else ''}#gallery{after}")
    await expect(page.locator("studio-gallery")).not_to_have_attribute("data-state", "loading")


def tiles(page: Page) -> Locator:
    return page.locator(".tile[data-job]")


def tile(page: Page, number: int) -> Locator:
    return page.locator(f'.tile[data-job="job-{number}"]')


async def scroll_to(page: Page, number: int) -> None:
    """Scroll down until a job is there, as quickly as the pages come."""
    await page.evaluate(
        """async (wanted) => { const end = Date.now() + 60000;
        while (!document.querySelector(`.tile[data-job="${wanted}"]`)) {
          if (Date.now() > end) throw new Error(`${wanted} never came`);
          scrollBy(0, 1200); await new Promise((done) => setTimeout(done, 16)); } }""",
        f"job-{number}",
    )


# Browse --------------------------------------------------------------------------------------------------------------


async def test_scrolling_through_thousands_keeps_few_tiles_and_repeats_and_skips_none(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(THOUSANDS)
    await open_gallery(page, origin)
    await page.evaluate(
        """() => { window.seen = []; window.most = 0; const known = new Set();
        const look = () => { const all = document.querySelectorAll('.tile[data-job]');
          window.most = Math.max(window.most, all.length);
          for (const { dataset: { job } } of all) if (!known.has(job)) { known.add(job); window.seen.push(job); } };
        new MutationObserver(look).observe(document.querySelector('.days'), { childList: true, subtree: true });
        look(); }"""
    )
    await scroll_to(page, 1)
    await expect(tiles(page).last).to_have_attribute("data-job", "job-1")
    await expect(page.locator(".sentinel")).to_have_text("That is all.")
    assert await page.evaluate("window.seen") == [f"job-{number}" for number in range(THOUSANDS, 0, -1)]
    assert await page.evaluate("window.most") <= MOST_TILES

    await page.evaluate("scrollTo(0, 0)")  # what was dropped comes back
    await expect(tile(page, THOUSANDS)).to_be_in_viewport()
    assert await tiles(page).count() <= MOST_TILES


async def test_days_are_headed_once_and_rows_fill_the_width(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(300, apart=timedelta(minutes=15))
    await open_gallery(page, origin)
    await scroll_to(page, 150)
    shown = await page.locator(".days h2:visible").all_text_contents()
    assert shown
    assert len(shown) == len(set(shown))
    rows = await page.locator(".chunk section:not(:last-child) .row:not(:last-child)").evaluate_all(
        """rows => rows.map(row =>
        row.lastElementChild.getBoundingClientRect().right - row.getBoundingClientRect().right)"""
    )
    assert rows
    assert max(map(abs, rows)) < 2


async def test_days_of_few_works_share_a_line(page: Page, origin: str, screening: Kept, artifacts: Any) -> None:
    screening.fill(200, apart=timedelta(hours=15))
    await open_gallery(page, origin)
    await expect(tiles(page).first).to_be_visible()
    await page.screenshot(path=artifacts / "gallery-few-a-day.png")
    tops = await page.locator(".days h2:visible").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(set(tops)) < 0.7 * len(tops), "a line of its own for each would be a gallery of gaps"
    right = await page.locator(".days section").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right - one.closest('.days').getBoundingClientRect().right)"
    )
    assert max(right) < 1
    await scroll_to(page, 120)
    shown = await page.locator(".days h2:visible").all_text_contents()
    assert len(shown) == len(set(shown))


async def test_every_kind_and_state_stands_in_one_stream(
    page: Page, origin: str, screening: Kept, artifacts: Any
) -> None:
    screening.fill(40)
    nothing = {"outputs": [], "safe": None}
    screening.jobs["job-40"] |= {"status": "running", "finished_at": None, **nothing}
    screening.jobs["job-39"] |= {"outputs": [clip("wide-clip", seconds=15)], "favourite": True, "rating": 4}
    screening.jobs["job-38"] |= {"outputs": article(), "article": [{"text": "Bread"}]}
    screening.jobs["job-37"] |= {"status": "failed", **nothing}
    screening.jobs["job-36"] |= {
        "status": "saving",
        "outputs": [],
        "safe": "provider",
        "expires_at": "2099-01-01T00:00:00Z",
    }
    screening.jobs["job-35"] |= {"imported": True}
    await open_gallery(page, origin)

    await expect(tile(page, 40).locator(".label")).to_contain_text("In work")
    await expect(tile(page, 39).locator(".label")).to_have_text("0:15")
    await expect(tile(page, 39)).to_have_attribute("aria-label", re.compile(r"Favourite\. 4 of 5 stars\. Safe on disk"))
    await expect(tile(page, 38).locator(".label")).to_have_text("Article")
    await expect(tile(page, 37).locator(".label")).to_have_text("Did not work")
    await expect(tile(page, 36).locator(".kept")).to_contain_text("to save")
    await expect(tile(page, 35).locator(".badge")).to_have_text("Imported")
    await tile(page, 39).hover()
    preview = tile(page, 39).locator("video")
    await expect(preview).to_have_attribute("src", "/studio/files/wide-clip/preview")
    assert await preview.evaluate("node => node.muted")
    await page.mouse.move(0, 0)
    await expect(preview).to_have_count(0)
    assert "/studio/files/wide-clip" not in screening.fetched, "the clip itself is for looking at it"
    await page.screenshot(path=artifacts / "gallery-kinds.png")

    screening.tell(kept_job(41, before=-timedelta(minutes=5), sequence=900))
    await expect(tiles(page).first).to_have_attribute("data-job", "job-41")


async def test_opening_sends_little_before_pictures(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(500)
    sizes: list[int] = []

    async def weigh(route: Route) -> None:
        answer = await route.fetch()
        sizes.append(len(await answer.body()))
        await route.fulfill(response=answer)

    await page.route(re.compile(r"/studio/(static/js/gallery|jobs|tags|collections)"), weigh)
    await open_gallery(page, origin)
    await expect(tiles(page).first).to_be_visible()
    await page.unroute_all(behavior="wait")
    assert sum(sizes) < MOST_BYTES


# The address ---------------------------------------------------------------------------------------------------------


async def test_search_place_and_open_item_survive_a_refresh_and_a_shared_link(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(600)
    await open_gallery(page, origin, "?q=family%3Apictures")
    await expect(page.get_by_role("combobox")).to_have_value("family:pictures")
    await scroll_to(page, 420)
    await tile(page, 420).scroll_into_view_if_needed()
    before = await first_seen(page)
    await expect(page).to_have_url(re.compile(f"at={screening.jobs[before]['place']}"))

    await page.reload()
    await expect(tile(page, int(before.removeprefix("job-")))).to_be_in_viewport()
    await expect(page.get_by_role("combobox")).to_have_value("family:pictures")
    await tile(page, int(before.removeprefix("job-"))).click()
    await expect(page.locator("dialog.viewer")).to_be_visible()
    await expect(page).to_have_url(re.compile(rf"open={before}"))

    await page.reload()
    await expect(page.locator("dialog.viewer")).to_contain_text(f"number {before.removeprefix('job-')}")
    await page.keyboard.press("Escape")
    await expect(page).not_to_have_url(re.compile("open="))
    await expect(tile(page, int(before.removeprefix("job-")))).to_be_in_viewport()


async def test_a_change_that_is_told_before_the_first_page_came_does_not_lose_the_place(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(600)
    asked: list[str] = []

    async def slowly(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            await until_asked_twice()
        await route.continue_()

    async def until_asked_twice() -> None:
        # Where the page hears of the change so late that it never asks twice, there is nothing to lose.
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while len(asked) < 2:
                    await asyncio.sleep(0.02)

    await page.route("**/studio/jobs?*", slowly)
    await open_gallery(page, origin, f"?at={screening.jobs['job-420']['place']}")
    await expect(tile(page, 420)).to_be_in_viewport()
    assert await tile(page, 600).count() == 0


async def test_a_reload_in_the_middle_of_scrolling_comes_back_near_the_place(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(600)
    await open_gallery(page, origin)
    await page.evaluate(
        """async () => { const end = Date.now() + 1500;
        while (Date.now() < end) { scrollBy(0, 30); await new Promise(requestAnimationFrame); } location.reload(); }"""
    )
    await expect(page).to_have_url(re.compile("at="))
    await expect(tiles(page).first).to_be_visible()
    await expect(tile(page, 600)).not_to_be_in_viewport()


async def test_reloads_do_not_move_the_place(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(600)
    await open_gallery(page, origin, f"?at={screening.jobs['job-450']['place']}")
    await expect(tile(page, 450)).to_be_in_viewport()
    await expect(tile(page, 460)).to_be_attached()  # the newer ones came above it
    before = await first_seen(page)
    assert before == "job-450"
    await page.reload()
    await expect(tile(page, 460)).to_be_attached()
    assert await first_seen(page) == before


async def first_seen(page: Page) -> str:
    return await page.evaluate(
        """() => { const edge = document.querySelector('.seek').getBoundingClientRect().bottom + 20;
        const cells = [...document.querySelectorAll('.cell')];
        return cells.find(cell => cell.getBoundingClientRect().bottom > edge).dataset.cell; }"""
    )


async def test_the_back_button_closes_an_item_and_then_undoes_a_search(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(30)
    screening.jobs["job-12"]["favourite"] = True
    await open_gallery(page, origin)
    await page.get_by_role("button", name="Favourites", exact=True).click()
    await expect(tiles(page)).to_have_count(1)
    await tiles(page).first.click()
    await expect(page.locator("dialog.viewer")).to_be_visible()
    await page.go_back()
    await expect(page.locator("dialog.viewer")).to_be_hidden()
    await expect(tiles(page)).to_have_count(1)
    await page.go_back()
    await expect(tiles(page)).to_have_count(30)
    await expect(page.get_by_role("combobox")).to_have_value("")


# Find ----------------------------------------------------------------------------------------------------------------


async def test_the_search_box_offers_filters_and_their_values(
    page: Page, origin: str, screening: Kept, artifacts: Any
) -> None:
    screening.fill(20)
    screening.jobs["job-7"]["tags"] = ["harbour film"]
    await open_gallery(page, origin)
    box = page.get_by_role("combobox")
    await box.click()
    await expect(page.get_by_role("option", name=re.compile("^family:"))).to_be_visible()
    await page.screenshot(path=artifacts / "gallery-hints.png")
    await box.press_sequentially("ta")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("tag:")
    await expect(page.get_by_role("option", name=re.compile("harbour film"))).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(box).to_have_value('tag:"harbour film" ')

    await box.fill("colour:red")
    await expect(page.locator(".remarks")).to_have_text("There is no filter “colour”.")
    await box.fill("nothing like it")
    await expect(page.locator(".sentinel")).to_contain_text("Nothing was found.")
    await page.get_by_role("button", name="Look at everything").click()
    await expect(tiles(page)).to_have_count(20)


async def test_empty_and_away_say_what_to_do(page: Page, origin: str, screening: Kept, artifacts: Any) -> None:
    await open_gallery(page, origin)
    await expect(page.locator(".sentinel")).to_contain_text("What you make is kept here.")
    await page.screenshot(path=artifacts / "gallery-empty.png")
    screening.down = True
    await page.reload()
    await expect(page.locator(".sentinel")).to_contain_text("The studio cannot be reached.")
    again = page.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    screening.down = False
    screening.fill(1)
    with suppress(NotInTime):  # it looks again by itself, too, and may be the first
        await again.click(timeout=5_000)
    await expect(tiles(page)).to_have_count(1)


# Choose and keep in order --------------------------------------------------------------------------------------------


async def test_presses_with_shift_and_ctrl_a_band_and_all(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(90)
    await open_gallery(page, origin)
    count = page.locator(".choice .count")
    await tile(page, 88).click(modifiers=["Control"])
    await tile(page, 84).click(modifiers=["Shift"])
    await expect(count).to_have_text("5 chosen")
    await tile(page, 86).click(modifiers=["Control"])
    await expect(count).to_have_text("4 chosen")
    await page.keyboard.press("Escape")
    await expect(page.locator(".choice")).to_be_hidden()

    boxes = [await tile(page, number).bounding_box() for number in (90, 89)]
    assert boxes[0]
    assert boxes[1]
    await page.mouse.move(boxes[0]["x"] + 40, boxes[0]["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(boxes[1]["x"] + 40, boxes[1]["y"] + 100, steps=6)
    await page.mouse.up()
    await expect(count).to_have_text("2 chosen")
    await expect(page.locator("dialog.viewer")).to_be_hidden()
    await page.keyboard.press("Escape")
    await page.mouse.move(6, boxes[0]["y"] + 20)  # in the margin, as one does
    await page.mouse.down()
    await page.mouse.move(boxes[0]["x"] + 60, boxes[0]["y"] + 60, steps=6)
    await page.mouse.up()
    await expect(count).to_have_text("1 chosen")
    await tile(page, 90).focus()
    await page.keyboard.press("Control+a")
    await expect(count).to_have_text("90 chosen")


async def test_a_press_counts_though_the_page_is_fetched_again_meanwhile(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(9)
    await open_gallery(page, origin)
    await tile(page, 9).hover()
    await screening.until_watched()
    await page.mouse.down()
    async with page.expect_response("**/studio/jobs?*"):
        screening.have_fetched_again()
    await at_rest(page)
    await page.mouse.up()
    await expect(page.locator("dialog.viewer")).to_be_visible()


async def test_keys_alone_walk_choose_rate_love_tag_and_delete(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(40)
    await open_gallery(page, origin)
    await tile(page, 40).focus()
    await page.keyboard.press("ArrowRight")
    await expect(tile(page, 39)).to_be_focused()
    await page.keyboard.press("4")
    await expect(tile(page, 39)).to_have_attribute("aria-label", re.compile("4 of 5 stars"))
    await page.keyboard.press("h")
    await expect(tile(page, 39)).to_have_attribute("aria-label", re.compile("Favourite"))
    await expect(tile(page, 39)).to_be_focused()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(page.locator(".choice .count")).to_have_text("2 chosen")
    await page.keyboard.press("t")
    await expect(page.get_by_role("dialog", name="Tags").locator("input")).to_be_focused()
    await page.keyboard.type("keepers")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("Tagged keepers (2 items).")
    assert [screening.jobs[f"job-{number}"]["tags"] for number in (39, 38)] == [["keepers"]] * 2
    await page.keyboard.press("Escape")
    await tile(page, 38).focus()
    await page.keyboard.press("Delete")
    await expect(tile(page, 38)).to_have_count(0)
    await expect(tile(page, 37)).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys of the gallery")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowDown")
    await expect(tile(page, 37)).not_to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog.viewer")).to_be_visible()


async def test_what_is_deleted_can_be_undone_restored_and_emptied(
    page: Page, origin: str, screening: Kept, artifacts: Any
) -> None:
    screening.fill(12)
    screening.kept_back["job-12"] = "It is still in work: cancel it first."
    await open_gallery(page, origin)
    for number in (12, 11, 10):
        await tile(page, number).click(modifiers=["Control"])
    await page.locator("[data-act=delete]").click()
    await expect(tiles(page)).to_have_count(10)
    await expect(page.locator(".toast").first).to_contain_text("2 items moved to the bin.")
    await expect(page.locator(".toast").last).to_contain_text("It is still in work: cancel it first.")
    await page.get_by_role("button", name="Undo").click()
    await expect(tiles(page)).to_have_count(12)
    await expect(tiles(page).nth(1)).to_have_attribute("data-job", "job-11")

    screening.kept_back.clear()
    await page.keyboard.press("Escape")
    await tile(page, 3).focus()
    await page.keyboard.press("Delete")
    await tile(page, 5).focus()
    await page.keyboard.press("Delete")
    await page.get_by_role("button", name="Bin", exact=True).click()
    await expect(tiles(page)).to_have_count(2)
    await expect(tile(page, 3).locator(".kept")).to_contain_text("days left")
    await page.screenshot(path=artifacts / "gallery-bin.png")
    await tile(page, 3).click(modifiers=["Control"])
    await page.get_by_role("button", name="Restore").click()
    await expect(tiles(page)).to_have_count(1)
    await page.get_by_role("button", name="Empty the bin").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.locator(".sentinel")).to_contain_text("The bin is empty.")
    assert "job-5" not in screening.jobs
    assert screening.jobs["job-3"]["deleted_at"] is None


async def test_ctrl_z_undoes_a_delete(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(5)
    await open_gallery(page, origin)
    await tile(page, 2).focus()
    await page.keyboard.press("Delete")
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await page.keyboard.press("Control+z")
    await expect(tiles(page)).to_have_count(5)


async def test_collections_are_made_filled_renamed_and_removed(page: Page, origin: str, screening: Kept) -> None:
    screening.fill(9)
    await open_gallery(page, origin)
    await tile(page, 4).click(modifiers=["Control"])
    await tile(page, 6).click(modifiers=["Control"])
    await page.locator("[data-act=collect]").click()
    await page.get_by_role("textbox", name="A new collection").fill("For print")
    await page.keyboard.press("Enter")
    shelf = page.get_by_role("group", name="Collections")
    await shelf.get_by_role("button", name=re.compile("For print")).click()
    await expect(tiles(page)).to_have_count(2)
    await expect(page).to_have_url(re.compile("in=c-0"))
    await page.locator("[data-act=change-collection]").click()
    await page.get_by_role("textbox", name="Its name").fill("For the wall")
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_role("button", name=re.compile("For the wall"))).to_be_visible()
    await page.locator("[data-act=change-collection]").click()
    await page.get_by_role("button", name="Remove the collection").click()
    await expect(tiles(page)).to_have_count(9)


async def test_a_zip_is_asked_for_with_or_without_recipes_and_a_comparison_told(
    page: Page, origin: str, screening: Kept
) -> None:
    screening.fill(9)
    await open_gallery(page, origin)
    await page.evaluate(
        "document.addEventListener('studio:compare', ({ detail }) => { window.compared = detail.jobs; })"
    )
    await tile(page, 9).click(modifiers=["Control"])
    await tile(page, 8).click(modifiers=["Shift"])
    await page.locator(".choice [data-act=compare]").click()
    assert await page.evaluate("window.compared") == ["job-9", "job-8"]
    await page.locator("[data-act=zip]").click()
    dialog = page.get_by_role("dialog", name="Download as ZIP")
    await dialog.get_by_label("Without recipes").check()
    async with page.expect_download():
        await dialog.get_by_role("button", name="Download, about 2.7 MB").click()
    assert screening.posted == [("/studio/exports", {"jobs": ["job-9", "job-8"], "clean": True})]


async def test_space_is_drawn_and_nothing_is_removed_before_it_was_shown(
    page: Page, origin: str, screening: Kept, artifacts: Any
) -> None:
    await open_gallery(page, origin)
    await page.get_by_role("button", name="Space").click()
    dialog = page.get_by_role("dialog", name="Space")
    await expect(dialog.locator(".month")).to_have_count(6)
    await dialog.get_by_role("button", name="Look for files to tidy up").click()
    await expect(dialog.locator(".orphans")).to_contain_text("results/lost.mp4")
    assert screening.sweeps == [True]
    await page.screenshot(path=artifacts / "gallery-space.png")
    await dialog.get_by_role("button", name="Remove 1 file, 7.0 MB").click()
    await expect(dialog).to_contain_text("7.0 MB were removed. They are kept for 30 days")
    assert screening.sweeps == [True, False]


# Phones and the dark -------------------------------------------------------------------------------------------------


async def test_on_a_phone_a_long_press_chooses_and_nothing_sticks_out(
    browser: Browser, origin: str, screening: Kept, artifacts: Any
) -> None:
    screening.fill(60)
    screening.collections["c-0"] = {"id": "c-0", "name": "A collection with quite a long name", "person": "local"}
    context = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.clock.install()
    await open_gallery(page, origin)
    await page.screenshot(path=artifacts / "gallery-phone.png")
    rest = {"pointerType": "touch", "isPrimary": True, "bubbles": True, "clientX": 60, "clientY": 300}
    await tile(page, 59).dispatch_event("pointerdown", rest)
    await expect(page.locator(".choice .count")).to_have_text("1 chosen")
    await tile(page, 59).dispatch_event("pointerup", rest)
    await page.clock.fast_forward(100)  # the press that ends a long press is swallowed for 60 ms
    await tile(page, 57).tap()
    await expect(page.locator(".choice .count")).to_have_text("2 chosen")
    await page.screenshot(path=artifacts / "gallery-phone-chosen.png")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await context.close()


async def test_the_dark_room_shows_the_chosen(page: Page, origin: str, screening: Kept, artifacts: Any) -> None:
    screening.fill(60)
    await open_gallery(page, origin, dark=True)
    await tile(page, 58).click(modifiers=["Control"])
    await tile(page, 53).click(modifiers=["Shift"])
    await expect(page.locator(".choice .count")).to_have_text("6 chosen")
    await page.screenshot(path=artifacts / "gallery-dark.png")
