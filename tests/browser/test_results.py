"""What is shown of a job, in a real Chromium: pictures, articles that grow, partial failures, files given, keys.

Most jobs are told by a rig, so that every moment of them can be held still; one test shows real ones.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from playwright.async_api import Browser, Page, expect

from components.script_data import script_data
from services.web import add_routes
from tests.browser.steps import HOSTILE, at_rest
from tests.rig.screening import ASSETS, Screening, article_file, given, job, picture, region, screen
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

BREAD = "# Bread at four\n\nThe street is **dark**, and one window is lit.\n\n"
DOUGH = "## The dough\n\nIt has slept"


def four(name: str = "p") -> list[dict[str, Any]]:
    return [picture(f"{name}{number}") for number in range(4)]


def growing(*parts: dict[str, str], sequence: int = 1, **more: Any) -> dict[str, Any]:
    """A job whose article is being written."""
    cost = {"estimated": 0.4, "actual": None, "currency": "USD", "at_most": True}
    told = job(1, status="running", finished_at=None, article=list(parts), cost=cost, prompt="How bread is baked")
    return told | {"sequence": sequence, **more}


def card(page: Page, number: int) -> Any:
    return page.locator(f'.card[data-job="job-{number}"]')


async def test_a_stage_that_is_fetched_again_keeps_presses_and_the_focus(
    page: Page, origin: str, screening: Screening
) -> None:
    await page.goto(f"{origin}/?show=stage")
    example = page.get_by_role("button", name="A quiet harbour")
    await example.hover()
    await page.evaluate("addEventListener('click', ({ target }) => { window.pressed = target.textContent })")
    await screening.until_watched()
    await page.mouse.down()
    async with page.expect_response("**/studio/jobs?*succeeded*"):
        screening.have_fetched_again()
    await at_rest(page)
    await page.mouse.up()
    assert await page.evaluate("window.pressed") == "A quiet harbour"

    screening.tell(job(1, outputs=four()))
    screening.tell(job(2, status="running", finished_at=None, cancelable=True, sequence=9))
    await card(page, 1).focus()
    async with page.expect_response("**/studio/jobs?*succeeded*"):
        screening.have_fetched_again()
    screening.tell(job(3, status="running", finished_at=None, cancelable=True, sequence=10))
    await expect(card(page, 3)).to_be_visible()
    await expect(card(page, 1)).to_be_focused()


# Pictures ------------------------------------------------------------------------------------------------------------


async def test_pictures_are_shown_one_large_and_the_others_one_press_away(
    page: Page, origin: str, screening: Screening
) -> None:
    screening.tell(job(1, outputs=four()))
    await page.goto(f"{origin}/?show=stage")

    large = page.locator(".screen .large img")
    await expect(large).to_have_attribute("src", "/studio/files/p0/poster")
    await page.get_by_role("button", name="Picture 3 of 4", exact=True).click()
    await expect(large).to_have_attribute("src", "/studio/files/p2/poster")
    await expect(page.get_by_role("link", name="Download this one")).to_have_attribute(
        "href", "/studio/files/p2?download=1"
    )
    await expect(page.get_by_role("link", name="Download all")).to_have_attribute(
        "href", "/studio/jobs/job-1/files.zip"
    )
    await page.keyboard.press("ArrowRight")
    await expect(large).to_have_attribute("src", "/studio/files/p3/poster")
    await expect(card(page, 1).locator(".many")).to_have_text("4")


async def test_no_original_is_fetched_before_it_is_looked_at(page: Page, origin: str, screening: Screening) -> None:
    screening.tell(job(1, outputs=four()))
    await page.goto(f"{origin}/?show=stage")
    await expect(page.locator(".screen .strip img").last).to_be_visible()
    await page.goto(f"{origin}/?show=gallery")
    await expect(page.locator(".tile img")).to_be_visible()

    fetched = set(screening.fetched)
    assert fetched
    assert all(path.endswith(("/thumbnail", "/poster")) for path in fetched), fetched


async def test_the_details_page_through_pictures_and_then_through_jobs(
    page: Page, origin: str, screening: Screening, artifacts: Any
) -> None:
    screening.tell(job(1, outputs=[picture("old")]))
    screening.tell(job(2, outputs=[picture("a"), picture("b")]))
    await page.goto(f"{origin}/?show=gallery")
    tile = page.locator('.tile[data-job="job-2"]')
    await expect(tile.locator(".label")).to_have_text("2")
    await tile.click()

    large = page.locator("dialog.viewer .large img")
    for name in ("a", "b", "old"):
        await expect(large).to_have_attribute("src", f"/studio/files/{name}/poster")
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowLeft")
    await expect(large).to_have_attribute("src", "/studio/files/b/poster")
    await page.screenshot(path=artifacts / "details-pictures.png")


async def test_a_picture_that_failed_alone_is_said_kindly_and_the_others_are_kept(
    page: Page, origin: str, screening: Screening
) -> None:
    remark = "1 of 4 pictures could not be made: its content was refused. It is not billed."
    screening.tell(job(1, outputs=four()[:3], remark=remark))
    await page.goto(f"{origin}/?show=stage")
    await expect(card(page, 1).locator('.said[data-tone="advice"]')).to_have_text(remark)
    await expect(card(page, 1)).to_have_attribute("data-state", "succeeded")
    await expect(page.locator(".screen .strip button")).to_have_count(3)
    await card(page, 1).locator("[data-act=details]").click()
    await expect(page.locator("dialog.viewer .about")).to_contain_text(remark)


# Articles ------------------------------------------------------------------------------------------------------------


async def test_an_article_grows_in_place_and_nothing_that_stands_is_drawn_anew(
    page: Page, origin: str, screening: Screening, artifacts: Any
) -> None:
    screening.tell(growing({"text": BREAD}))
    await page.goto(f"{origin}/?show=stage")
    article = page.locator(".screen .article")
    await expect(article.locator("strong")).to_have_text("dark")
    await expect(article).to_have_attribute("data-growing", "yes")
    await expect(page.locator(".screen .caption")).to_contain_text("Being written")
    await expect(card(page, 1).locator(".cost")).to_have_text("up to $0.40")
    await article.locator("h3").evaluate("node => { node.kept = true; }")

    parts = [{"text": BREAD}, {"output": "wide-oven"}, {"text": DOUGH}]
    screening.tell(growing(*parts, sequence=2))
    await expect(article.locator(".awaited")).to_be_visible()
    last = article.locator("p").last
    await last.evaluate("node => { node.kept = true; }")
    oven = picture("wide-oven", width=1280, height=720)
    parts[2] = {"text": f"{DOUGH} and risen."}
    screening.tell(growing(*parts, sequence=3, outputs=[oven]))
    await expect(last).to_have_text("It has slept and risen.")
    await expect(article.locator("figure img")).to_have_attribute("src", "/studio/files/wide-oven/poster")
    assert await article.locator("h3").evaluate("node => node.kept") is True
    assert await last.evaluate("node => node.kept") is True
    await page.screenshot(path=artifacts / "article-growing.png")

    bill = {"estimated": 0.4, "actual": 0.06, "currency": "USD", "at_most": True}
    screening.files["kept"] = (b"# As it was kept", "text/markdown")
    done = growing(*parts, sequence=4, outputs=[oven, article_file("kept")], cost=bill)
    screening.tell(done | {"status": "succeeded", "finished_at": "2026-11-22T10:02:00.000Z"})
    await expect(article).to_have_attribute("data-growing", "no")
    await expect(card(page, 1).locator(".cost")).to_have_text("$0.06")
    download = page.get_by_role("link", name="Download")
    await expect(download).to_have_attribute("href", "/studio/jobs/job-1/article.zip")
    await page.get_by_role("button", name="Copy as Markdown").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "# As it was kept"
    await page.locator(".screen").get_by_role("button", name="Details").click()
    await expect(page.locator("dialog.viewer dl").nth(1)).to_contain_text("Expectedup to $0.40Billed$0.06")
    await page.get_by_role("button", name="Picture 1, larger").last.click()
    await expect(page.locator("dialog.viewer .large img")).to_be_visible()
    await page.get_by_role("button", name="Back to the article").click()
    await expect(page.locator("dialog.viewer .article h3")).to_have_text("Bread at four")


async def test_a_broken_article_keeps_what_arrived_and_says_so(page: Page, origin: str, screening: Screening) -> None:
    remark = "The connection broke before the article was finished. This is what arrived; what was made is billed."
    screening.tell(job(1, article=[{"text": BREAD + "And then"}], outputs=[article_file("kept")], remark=remark))
    await page.goto(f"{origin}/?show=stage")
    article = page.locator(".screen .article")
    await expect(article).to_contain_text("And then")
    await expect(article.locator(".said")).to_have_text(remark)
    assert await article.evaluate("node => node.lastElementChild.matches('.said')")


async def test_words_of_a_model_never_become_markup(page: Page, origin: str, screening: Screening) -> None:
    text = f"# {HOSTILE}\n\n- **{HOSTILE}**\n\n[press me](javascript:window.hacked=4) ![see](https://example.org/x.png)"
    screening.tell(job(1, article=[{"text": text}], outputs=[article_file("kept")]))
    await page.goto(f"{origin}/?show=stage")
    article = page.locator(".screen .article")
    await expect(article.locator("h3")).to_have_text(HOSTILE)
    await expect(article.locator("p")).to_have_text("press me see")
    assert await article.locator("a, img, script").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_markdown_is_read_as_people_write_it(page: Page, origin: str, screening: Screening) -> None:
    text = (
        "# One\ntwo *three* `four`\n\n1. a\n2. **b**\n\n* c\n  goes on\n\n---\n\n> said\n> twice\n\n2 * 3 * 4 is 24\n\n"
        "###### deep\n\n" + "*" * 3000 + "x"
    )
    screening.tell(job(1, article=[{"text": text}], outputs=[article_file("kept")]))
    await page.goto(f"{origin}/?show=stage")
    article = page.locator(".screen .article")
    await expect(article.locator("h3")).to_have_text("One")
    await expect(article.locator("em")).to_have_text("three")
    await expect(article.locator("code")).to_have_text("four")
    assert await article.locator("ol li").all_text_contents() == ["a", "b"]
    assert await article.locator("ul li").all_text_contents() == ["c\n  goes on"]
    await expect(article.locator("hr")).to_have_count(1)
    assert await article.locator("blockquote").text_content() == "said\ntwice"
    await expect(article.locator("p").nth(1)).to_have_text("2 * 3 * 4 is 24")
    await expect(article.locator("h5")).to_have_text("deep")


# Words, files, money -------------------------------------------------------------------------------------------------


async def test_the_rewritten_prompt_stands_beside_the_own_and_can_be_used(
    page: Page, origin: str, screening: Screening
) -> None:
    screening.tell(job(1, outputs=four(), rewritten_prompt="A tranquil harbour at dawn"))
    await page.goto(f"{origin}/?show=stage")
    await page.get_by_text("How the model read your words").click()
    both = page.locator(".screen .both section")
    await expect(both.nth(0)).to_contain_text("A harbour in the morning")
    await expect(both.nth(1)).to_contain_text("A tranquil harbour at dawn")
    places = [await both.nth(index).bounding_box() for index in (0, 1)]
    assert places[0]
    assert places[1]
    assert abs(places[0]["y"] - places[1]["y"]) < 2
    await both.nth(1).get_by_role("button", name="Use this next time").click()
    await page.wait_for_function("told.length")
    assert await page.evaluate("told") == [["recall", {"job": "job-1", "words": True, "again": False, "turn": 1}]]


async def test_given_files_are_shown_in_their_order_and_asked_back_from_the_studio(
    page: Page, origin: str, screening: Screening
) -> None:
    inputs = [
        given("references", "image", "friend.jpg", position=1),
        given("references", "video", "dance.mp4", position=0),
        given("audio_file", "audio", "voice.mp3", thumbnail=False),
    ]
    screening.tell(job(1, family="clips", model="actor", status="failed", inputs=inputs, outputs=[]))
    await page.goto(f"{origin}/?show=stage&family=clips")
    await card(page, 1).locator("[data-act=details]").click()
    about = page.locator("dialog.viewer .about")
    await expect(about.locator(".called")).to_have_text(["character1", "character2"])
    await expect(about.locator(".file").first).to_contain_text("dance.mp4")
    await expect(about.locator("audio")).to_have_attribute("src", "/studio/files/voice.mp3")
    await about.get_by_role("button", name="Play dance.mp4").click()
    await expect(about.locator("video")).to_have_attribute("src", "/studio/files/dance.mp4")

    await about.get_by_role("button", name="Edit and try again").click()
    await page.wait_for_function("told.length")
    assert await page.evaluate("told") == [["recall", {"job": "job-1", "words": False, "again": False, "turn": 1}]]
    await expect(page.locator(".notice")).to_have_text("Bringing back your 3 files…")


async def test_a_refused_portrait_is_shown_with_its_reason_and_its_small_price(
    page: Page, origin: str, screening: Screening, artifacts: Any
) -> None:
    error = {
        "code": "InvalidFile.NoHuman",
        "message": "No person was found.",
        "hint": "Use another.",
        "request_id": "r",
    }
    cost = {"estimated": 2.504, "actual": 0.004, "currency": "CNY", "at_most": False}
    inputs = [given("image", "image", "tall-me.jpg")]
    screening.tell(job(1, status="failed", error=error, cost=cost, inputs=inputs, outputs=[]))
    await page.goto(f"{origin}/?show=stage")
    await expect(card(page, 1).locator(".cost")).to_have_text("¥0.004")
    await expect(card(page, 1)).to_contain_text("No person was found.")
    await card(page, 1).locator("[data-act=details]").click()
    await expect(page.locator("dialog.viewer .given-large img")).to_have_attribute("src", "/studio/files/tall-me.jpg")
    await expect(page.locator("dialog.viewer .about")).to_contain_text("No person was found.")
    await page.screenshot(path=artifacts / "portrait-refused.png")


# Real jobs -----------------------------------------------------------------------------------------------------------


async def test_real_pictures_and_a_real_article_are_shown_as_they_come(
    browser: Browser, home: Path, tmp_path: Path, artifacts: Any
) -> None:
    app = FastAPI()
    async with simulated(tmp_path / "vendor", speed=30.0) as (_simulator, url), studio_at(home, url) as studio:
        add_routes(app, studio)
        app.mount("/studio/static", StaticFiles(directory=ASSETS))
        words = script_data(studio)
        app.add_api_route("/", lambda: screen(words, show="stage", family="generate_image"))
        async with served(app) as origin:
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            await page.goto(origin)
            await expect(page.locator("studio-stage")).to_have_attribute("data-state", "empty")
            asked = {"enable_interleave": True, "stream": True, "max_images": 2, "prompt": "How bread is baked"}
            article = await studio.submit(family="generate_image", model="wan2.6-image", given=asked)
            await expect(page.locator('.article[data-growing="yes"] p').first).to_be_visible(timeout=30_000)
            await expect(page.locator('.article[data-growing="no"] figure img')).to_have_count(2, timeout=30_000)
            await until(studio, article["id"])

            lossy = {"prompt": "Three smudge studies of a harbour", "n": 3}
            pictures = await studio.submit(family="generate_image", model="wan2.2-t2i-flash", given=lossy)
            await until(studio, pictures["id"])
            shown = page.locator(f'.card[data-job="{pictures["id"]}"]')
            await expect(shown.locator(".said")).to_contain_text("1 of 3 pictures could not be made")
            await expect(page.locator(".screen .strip img")).to_have_count(2)
            await page.screenshot(path=artifacts / "results-real.png")
            for name, files in ((f"{article['id']}/article.zip", 3), (f"{pictures['id']}/files.zip", 2)):
                answer = await context.request.get(f"{origin}/studio/jobs/{name}")
                assert len(ZipFile(BytesIO(await answer.body())).namelist()) == files
            await context.close()


# Phones --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", ["stage", "gallery", "keys"])
async def test_nothing_sticks_out_on_a_phone(browser: Browser, origin: str, screening: Screening, show: str) -> None:
    screening.tell(job(1, outputs=[picture(f"p{number}") for number in range(12)], rewritten_prompt="x" * 400))
    screening.tell(job(2, article=[{"text": BREAD + "y" * 300}], outputs=[article_file("kept")]))
    screening.keys = {"demo": False, "regions": [region("singapore", found=True, hint="1f2c", default=True)]}
    context = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.goto(f"{origin}/?show={show}")
    await expect(page.locator(".card, .tile[data-job], .region").first).to_be_visible()
    if show == "stage":
        await card(page, 1).locator("[data-act=play]").click()
        await expect(page.locator(".screen .strip")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await context.close()
