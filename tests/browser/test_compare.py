"""Items side by side in a real Chromium: clips that run as one, differences, a blind vote, a sheet, keys, a phone.

The jobs are told by a rig; the clips count their pictures in squares, so that a test can read which one is shown.
"""

from __future__ import annotations

import asyncio
import json
import re
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from playwright.async_api import Browser, Page, expect

from components.script_data import script_data
from services.web import add_routes
from tests.rig.compared import Compared, compare_page
from tests.rig.screening import ASSETS, picture
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

MOST_DRIFT_MS = 80
Shown = list[tuple[float, float]]

WATCH = """async (seconds) => {
  const videos = [...document.querySelectorAll("dialog.compare video")];
  const shown = videos.map(() => []);
  const until = performance.now() + seconds * 1000;
  videos.forEach((video, index) => {
    const seen = (_, frame) => {
      if (!video.paused && !video.seeking) shown[index].push([frame.expectedDisplayTime, frame.mediaTime]);
      if (performance.now() < until) video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return shown;
}"""
NUMBERS = """() => [...document.querySelectorAll("dialog.compare video")].map((video) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 160, 90);
  return Array.from({ length: 10 }, (_, bit) => (pen.getImageData(bit * 16 + 8, 75, 1, 1).data[0] > 140 ? 2 ** bit : 0))
    .reduce((sum, one) => sum + one, 0);
})"""


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    """Jobs that are told by the test."""
    return Compared(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def origin(compared: Compared) -> AsyncIterator[str]:
    """Where they are shown."""
    async with served(compared.app) as origin:
        yield origin


async def opened(page: Page, origin: str, ids: Sequence[str], *, playing: bool = True) -> None:
    await page.goto(f"{origin}/#gallery?compare={','.join(ids)}")
    await expect(page.locator("dialog.compare .pane")).to_have_count(len(ids))
    if playing:
        await expect(page.locator(".transport")).to_have_attribute("data-state", "playing")


async def still(page: Page) -> None:
    """Stop, and wait until every clip stands where it was sent."""
    if await page.locator(".transport").get_attribute("data-state") != "still":
        await page.get_by_role("button", name="Pause").click()
    await settled(page)


async def pictured(page: Page, path: Path) -> None:
    """A screenshot, once every picture is there."""
    await page.evaluate("Promise.all([...document.images].map((one) => one.decode()))")
    await page.screenshot(path=path)


async def settled(page: Page) -> None:
    await page.wait_for_function(
        "[...document.querySelectorAll('dialog.compare video')].every((one) => one.paused && !one.seeking)"
    )


def drifts(shown: Sequence[Shown]) -> list[float]:
    """By how many ms the clips are apart, 20 times a second: each stands between two of the pictures it has shown."""
    start, end = max(one[0][0] for one in shown), min(one[-1][0] for one in shown)
    moments = [start + 50 * number for number in range(int((end - start) / 50))]
    return sorted(
        1000 * (max(places) - min(places)) for places in ([place(one, at) for one in shown] for at in moments)
    )


def place(shown: Shown, at: float) -> float:
    index = min(bisect_right([moment for moment, _ in shown], at) - 1, len(shown) - 2)
    (before, here), (after, there) = shown[index], shown[index + 1]
    return here + (there - here) * (at - before) / (after - before) if after > before else here


# Clips that run as one -----------------------------------------------------------------------------------------------


@pytest.mark.proof
@pytest.mark.parametrize("count", [4, 9])
async def test_clips_stay_within_80_ms_of_each_other(
    page: Page, origin: str, compared: Compared, artifacts: Path, count: int
) -> None:
    rates = [30, 24, 30, 16]
    ids = [compared.clip(number, 16.0, fps=rates[number % 4], parameters={"n": number}) for number in range(count)]
    await opened(page, origin, ids)
    apart = drifts(await page.evaluate(WATCH, 15))
    await page.screenshot(path=artifacts / f"compare-{count}.png")

    assert len(apart) > 250
    figures = {"median": apart[len(apart) // 2], "p95": apart[int(len(apart) * 0.95)], "most": apart[-1]}
    (artifacts / f"compare-drift-{count}.json").write_text(json.dumps(figures), encoding="utf-8")
    assert figures["p95"] < MOST_DRIFT_MS, figures
    assert figures["most"] < 2 * MOST_DRIFT_MS, figures  # the machine of the tests is shared


async def test_one_scrubber_and_frame_steps_move_all_to_the_same_picture(
    page: Page, origin: str, compared: Compared
) -> None:
    await opened(page, origin, [compared.clip(1, 8.0), compared.clip(2, 8.0, fps=24), compared.clip(3, 8.0)])
    await still(page)
    await page.get_by_role("slider", name="Time, all clips").evaluate(
        "node => { node.value = 5.01; for (const name of ['input', 'change']) node.dispatchEvent(new Event(name)); }"
    )
    await settled(page)
    await expect(page.locator(".time")).to_contain_text("0:05.0 / 0:08.0")
    assert await page.evaluate(NUMBERS) == [150, 120, 150]

    for key, number in ((".", 151), (".", 152), (",", 151), (",", 150), (",", 149)):
        await page.keyboard.press(key)
        await settled(page)
        numbers = await page.evaluate(NUMBERS)
        assert (numbers[0], numbers[2]) == (number, number)
        assert abs(numbers[1] / 24 - number / 30) < 1 / 24
    await expect(page.locator(".frameno")).to_have_text("frame 149")


async def test_a_shorter_clip_keeps_its_last_picture_and_all_begin_anew_together(
    page: Page, origin: str, compared: Compared
) -> None:
    await opened(page, origin, [compared.clip(1, 1.0), compared.clip(2, 3.0)])
    await expect(page.locator(".pane").first.locator(".word")).to_have_text("Ended at 0:01")
    assert (await page.evaluate(NUMBERS))[0] == 29
    await page.wait_for_function("document.querySelector('dialog.compare video').currentTime < 0.9", timeout=8000)
    await expect(page.locator(".transport")).to_have_attribute("data-state", "playing")

    await page.get_by_label("Loop").select_option("shortest")
    await expect(page.locator(".time")).to_contain_text("/ 0:01.0")
    await page.get_by_label("Loop").select_option("")
    await expect(page.locator(".transport")).to_have_attribute("data-state", "still")
    await settled(page)
    assert await page.evaluate(NUMBERS) == [29, 89]


async def test_a_slow_clip_and_a_lost_one_hold_nobody_up_for_ever(page: Page, origin: str, compared: Compared) -> None:
    ids = [compared.clip(number, 8.0) for number in range(4)]
    compared.held["clip1"] = asyncio.Event()
    compared.gone.add("clip2")
    await opened(page, origin, ids, playing=False)
    panes = page.locator(".pane")
    await expect(panes.nth(2).locator(".word")).to_contain_text("This clip cannot be shown.")
    await expect(page.locator(".transport")).to_have_attribute("data-state", "playing")
    await expect(panes.nth(1).locator(".word")).to_have_text("Waiting for this clip…")

    compared.held["clip1"].set()
    compared.gone.clear()
    await panes.nth(2).get_by_role("button", name="Try again").click()
    await expect(panes.nth(1).locator(".word")).to_have_text("")
    await page.wait_for_function(
        "[...document.querySelectorAll('dialog.compare video')].every((one) => !one.paused && one.currentTime > 0)"
    )
    apart = drifts(await page.evaluate(WATCH, 2))
    assert apart[len(apart) // 2] < MOST_DRIFT_MS


async def test_speed_and_the_sound_of_one(page: Page, origin: str, compared: Compared) -> None:
    await opened(page, origin, [compared.clip(1, 6.0), compared.clip(2, 6.0)])
    await page.get_by_label("Speed").select_option("2")
    await page.wait_for_function("[...document.querySelectorAll('video')].every((one) => one.playbackRate > 1.7)")
    hear = page.get_by_role("button", name="Hear this one")
    await hear.nth(1).click()
    muted = "[...document.querySelectorAll('dialog.compare video')].map((one) => one.muted)"
    assert await page.evaluate(muted) == [True, False]
    await expect(hear.nth(1)).to_have_attribute("aria-pressed", "true")
    await hear.nth(0).click()
    assert await page.evaluate(muted) == [False, True]
    await page.keyboard.press("m")
    assert await page.evaluate(muted) == [True, True]


# Looking -------------------------------------------------------------------------------------------------------------


async def test_pictures_are_enlarged_together_and_clips_with_them(page: Page, origin: str, compared: Compared) -> None:
    ids = [compared.tell(1, outputs=[picture("one", width=2560, height=2560)]), compared.clip(2, 4.0)]
    await opened(page, origin, ids)
    box = await page.locator(".pane .look").first.bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    await page.mouse.wheel(0, -600)
    moved = "[...document.querySelectorAll('.moves')].map((one) => getComputedStyle(one).transform)"
    transforms = await page.evaluate(moved)
    assert transforms[0].startswith("matrix(")
    assert len(set(transforms)) == 1
    scale, shift = float(transforms[0][7:].split(",")[0]), float(transforms[0][7:].split(",")[4])
    assert scale > 2
    assert shift > 0  # what lay under the pointer, left of the middle, stays there
    await expect(page.locator(".pane img.moves")).to_have_attribute("src", "/studio/files/one")  # the original
    await page.keyboard.press("0")
    await expect(page.locator(".panes")).to_have_attribute("data-near", "no")


async def test_two_pictures_lie_over_each_other_with_a_line_to_move(
    page: Page, origin: str, compared: Compared, artifacts: Path
) -> None:
    ids = [compared.tell(number, outputs=[picture(f"wide{number}", width=1280, height=720)]) for number in (1, 2)]
    await opened(page, origin, ids, playing=False)
    await page.get_by_role("button", name="Over each other").click()
    boxes = [await page.locator(".pane .look").nth(index).bounding_box() for index in (0, 1)]
    assert boxes[0] == boxes[1]
    await expect(page.get_by_role("slider", name="How much of the first is shown")).to_be_focused()
    for _ in range(10):
        await page.keyboard.press("ArrowRight")
    clip = await page.locator(".pane .look").first.evaluate("node => getComputedStyle(node).clipPath")
    assert clip == "inset(0px 40% 0px 0px)"
    await pictured(page, artifacts / "compare-over.png")
    await page.keyboard.press("o")
    await expect(page.locator(".split")).to_be_hidden()


async def test_mixed_kinds_and_what_failed_stand_beside_each_other(
    page: Page, origin: str, compared: Compared, artifacts: Path
) -> None:
    error = {"code": "x", "message": "The words were refused.", "hint": None, "request_id": None}
    ids = [
        compared.clip(1, 4.0),
        compared.tell(2, outputs=[picture(f"p{number}") for number in range(3)]),
        compared.tell(3, article=[{"text": "# Bread\n\nThe street is dark."}], outputs=[]),
        compared.tell(4, status="failed", error=error, outputs=[]),
        compared.tell(5, outputs=[picture("voice") | {"kind": "audio", "seconds": 4.0}]),
    ]
    await opened(page, origin, ids)
    kinds = await page.locator(".pane").evaluate_all("nodes => nodes.map((node) => node.dataset.kind)")
    assert kinds == ["clip", "picture", "article", "nothing", "sound"]
    await expect(page.get_by_label("Sound 5")).to_have_attribute("src", "/studio/files/voice")
    await page.get_by_role("button", name="Next picture").click()
    await expect(page.locator(".pane img.moves")).to_have_attribute("src", "/studio/files/p1/poster")
    await expect(page.locator(".pane").nth(3)).to_contain_text("The words were refused.")
    await pictured(page, artifacts / "compare-mixed.png")


# Differences ---------------------------------------------------------------------------------------------------------


async def test_only_what_differs_is_told_and_everything_on_demand(page: Page, origin: str, compared: Compared) -> None:
    prompt = "A long quiet street in the {} rain, seen from a window on the second floor"
    hostile = "<img src=x onerror=window.hacked=1>"
    ids = [
        compared.tell(1, prompt=prompt.format("morning"), parameters={"size": "1280*720", "n": 1, "style": hostile},
                      outputs=[picture("a")], finished_at=None),
        compared.tell(2, prompt=prompt.format("evening"), parameters={"size": "1280*720", "n": 2, "style": hostile},
                      outputs=[picture("b")], finished_at=None),
    ]  # fmt: skip
    await opened(page, origin, ids, playing=False)
    heads = page.locator(".differences tbody th")
    await expect(heads).to_have_text(["Prompt", "How many", "Made"])
    assert await page.locator(".differences mark").all_text_contents() == ["morning", "evening"]
    await expect(page.locator(".pane .name").first).to_have_text("How many 1")
    await page.get_by_label("Everything").check()
    await expect(heads.filter(has_text="Size")).to_have_count(1)
    await expect(page.locator(".differences")).to_contain_text(hostile)
    assert await page.evaluate("window.hacked") is None
    await page.keyboard.press("d")
    await expect(page.locator(".differences")).to_have_count(0)


async def test_words_are_marked_in_chinese_and_in_more_than_two(page: Page, origin: str, compared: Compared) -> None:
    await page.goto(origin)
    told = await page.evaluate(
        """async () => {
          const { marked } = await import("/studio/static/js/compare/difference.js");
          const own = (list) => list.filter((one) => one.own).map((one) => one.text);
          const texts = ["一只白猫在雨中", "一只黑猫在雨中"];
          const three = ["red boat on a lake", "blue boat on a lake", "red boat on a big lake"];
          const unlike = marked(["red boat on a lake", "blue boat on a lake", "snow falls"]).map(own);
          const same = marked(three).every((list, at) => list.map((one) => one.text).join("") === three[at]);
          return [marked(texts).map(own), marked(three).map(own), unlike, same];
        }"""
    )
    assert told == [[["白"], ["黑"]], [["red"], ["blue"], ["big"]], [["red"], ["blue"], []], True]


# The blind vote ------------------------------------------------------------------------------------------------------


async def test_a_blind_vote_hides_names_shuffles_by_its_seed_and_keeps_its_result(
    page: Page, origin: str, compared: Compared, artifacts: Path
) -> None:
    ids = [compared.tell(n, parameters={"n": n}, outputs=[picture(f"p{n}")]) for n in (1, 2, 3)]
    await opened(page, origin, ids, playing=False)
    order = """async ([count, seed, round]) =>
      (await import("/studio/static/js/compare/vote.js")).order(count, { seed, round })"""
    orders = [await page.evaluate(order, [3, 42, number]) for number in (1, 2, 3, 1)]
    assert orders[0] == orders[3]
    assert all(sorted(one) == [0, 1, 2] for one in orders)

    await page.keyboard.press("b")
    await page.get_by_label("Seed of the order").fill("42")
    await page.get_by_role("button", name="Start").click()
    shown = "[...document.querySelectorAll('.pane img')].map((one) => one.getAttribute('src').split('/')[3])"
    for number, order_now in enumerate(orders[:3], 1):
        await expect(page.locator(".vote-line")).to_contain_text(f"Round {number} of 3 · seed 42")
        assert await page.evaluate(shown) == [f"p{item + 1}" for item in order_now]
        words = await page.locator("dialog.compare").inner_text()
        assert "How many" not in words
        assert await page.locator(".pane").first.get_attribute("aria-label") == "Item 1"
        if number == 1:
            await pictured(page, artifacts / "compare-blind.png")
        chosen = order_now.index(1 if number < 3 else 2)  # the second item twice, then the third
        await page.keyboard.press(str(chosen + 1))

    await expect(page.locator(".result h3")).to_have_text("Item 2 is the best")
    assert await page.locator(".result .count").all_text_contents() == ["2 votes", "1 vote", "0 votes"]
    await expect(page.locator(".result li").first).to_contain_text("How many 2")
    assert await page.evaluate(shown) == ["p1", "p2", "p3"]
    await pictured(page, artifacts / "compare-result.png")
    await page.get_by_role("button", name="Tag it").click()
    await expect(page.locator(".note-line")).to_contain_text("Tagged")
    await page.get_by_role("button", name="Keep as ratings").click()
    await expect(page.locator(".note-line")).to_have_text("The ratings are kept.")
    shelf = [body for path, body in compared.posted if path == "/studio/shelf"]
    assert {"jobs": ["job-2"], "add_tags": ["winner"]} in shelf
    assert {job: body["rating"] for body in shelf if "rating" in body for job in body["jobs"]} == {
        "job-1": 1, "job-2": 5, "job-3": 3,
    }  # fmt: skip


async def test_a_vote_can_be_ended_early_and_escape_first_leaves_the_vote(
    page: Page, origin: str, compared: Compared
) -> None:
    await opened(page, origin, [compared.clip(1, 3.0), compared.clip(2, 3.0)])
    await page.get_by_role("button", name="Blind vote").click()
    await page.get_by_label("Rounds").select_option("0")
    await page.get_by_role("button", name="Start").click()
    await page.keyboard.press("0")
    await expect(page.locator(".vote-line")).to_contain_text("Round 2")
    await expect(page.locator(".transport")).to_have_attribute("data-state", "playing")  # goes on after the shuffle
    await page.keyboard.press("Escape")
    await expect(page.locator(".result h3")).to_have_text("Nobody was chosen")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.compare")).to_have_count(0)


# The way in and out, the sheet, other rooms --------------------------------------------------------------------------


async def test_it_opens_by_event_stands_in_the_address_and_gives_the_focus_back(
    page: Page, origin: str, compared: Compared
) -> None:
    ids = [compared.tell(number, outputs=[picture(f"p{number}")]) for number in (1, 2)]
    await page.goto(f"{origin}/#gallery?q=rain&at=12")
    loaded = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/js/compare/room.js')).length"
    assert await page.evaluate(loaded) == 0
    await page.evaluate(
        """(ids) => {
          window.heard = [];
          document.addEventListener("studio:comparing", ({ detail }) => window.heard.push(detail.jobs));
          document.addEventListener("studio:toast", ({ detail }) => window.heard.push(detail.text));
          const opener = document.getElementById("opener");
          opener.onclick = () => document.dispatchEvent(new CustomEvent("studio:compare", { detail: { jobs: ids } }));
        }""",
        ids,
    )
    await page.locator("#opener").click()
    await expect(page.locator(".pane")).to_have_count(2)
    assert await page.evaluate("location.hash") == "#gallery?q=rain&at=12&compare=job-1,job-2"
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.compare")).to_have_count(0)
    assert await page.evaluate("location.hash") == "#gallery?q=rain&at=12"
    await expect(page.locator("#opener")).to_be_focused()
    await page.evaluate(
        "document.dispatchEvent(new CustomEvent('studio:compare', { detail: { jobs: ['job-1', 'job-1'] } }))"
    )
    assert await page.evaluate("window.heard") == [ids, None, "Choose 2 to 9 items to compare."]
    await page.evaluate("location.hash = '#gallery?compare=job-2,job-1'")
    await expect(page.locator(".pane")).to_have_count(2)
    await page.go_back()
    await expect(page.locator("dialog.compare")).to_have_count(0)
    assert await page.evaluate("location.hash") == "#gallery?q=rain&at=12"


async def test_an_item_that_is_gone_is_named_and_the_others_are_shown(
    page: Page, origin: str, compared: Compared
) -> None:
    ids = [compared.tell(number, outputs=[picture(f"p{number}")]) for number in (1, 2)]
    await page.goto(f"{origin}/#gallery?compare={','.join([*ids, 'job-9'])}")
    await expect(page.locator(".pane")).to_have_count(2)
    await expect(page.locator(".note-line")).to_have_text("One item is not here any more.")
    await page.goto("about:blank")
    await page.goto(f"{origin}/#gallery?compare=job-1,job-9")
    await expect(page.locator(".panes")).to_contain_text("There are not two items left to compare.")


async def test_a_sheet_is_saved_as_a_file(page: Page, origin: str, compared: Compared) -> None:
    await opened(page, origin, [compared.tell(n, outputs=[picture(f"p{n}")]) for n in (1, 2)], playing=False)
    await page.get_by_role("button", name="Contact sheet").click()
    await page.get_by_label("Title of the sheet").fill("For Mia")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Save the sheet").click()
    assert (await download.value).suggested_filename == "comparison.html"
    assert compared.posted == [("/studio/sheets", {"jobs": ["job-1", "job-2"], "title": "For Mia"})]
    await expect(page.locator(".note-line")).to_have_text("Saved as comparison.html.")


async def test_everything_has_a_name_and_the_keys_are_told(page: Page, origin: str, compared: Compared) -> None:
    await opened(page, origin, [compared.clip(1, 3.0), compared.clip(2, 3.0)])
    await still(page)
    nameless = await page.locator("dialog.compare").evaluate(
        """(dialog) => [...dialog.querySelectorAll("button, input, select, video, img")]
          .filter((one) => one.offsetParent && !one.closest("label") && !(one.getAttribute("aria-label")
            || one.textContent.trim() || one.alt)).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    await page.keyboard.press("?")
    await expect(page.get_by_role("region", name="Keys")).to_contain_text("One frame back or on")
    scrub = page.get_by_role("slider", name="Time, all clips")
    await scrub.focus()
    frame = int((await page.locator(".frameno").inner_text()).split()[1])
    await page.keyboard.press("ArrowRight")
    await expect(scrub).to_have_attribute("aria-valuetext", re.compile(f"of 3.0 seconds, frame {frame + 1}$"))


async def test_a_phone_has_two_under_each_other_and_one_scrubber(
    browser: Browser, origin: str, compared: Compared, artifacts: Path
) -> None:
    ids = [compared.clip(number, 4.0, parameters={"n": number}) for number in range(4)]
    context = await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = await context.new_page()
    await opened(page, origin, ids[:2])
    boxes: list[Any] = [await page.locator(".pane .look").nth(index).bounding_box() for index in (0, 1)]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
    scrub = await page.locator(".scrub").bounding_box()
    assert scrub
    assert scrub["width"] > 240
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.screenshot(path=artifacts / "compare-phone.png")
    await page.goto("about:blank")
    await opened(page, origin, ids)
    await page.get_by_role("button", name="Differences").click()
    await page.screenshot(path=artifacts / "compare-phone-4.png")
    await context.close()


async def test_real_clips_stand_side_by_side_and_go_into_a_sheet(
    browser: Browser, home: Path, tmp_path: Path, artifacts: Path
) -> None:
    app = FastAPI()
    async with simulated(tmp_path / "vendor") as (_simulator, url), studio_at(home, url) as studio:
        add_routes(app, studio)
        app.mount("/studio/static", StaticFiles(directory=ASSETS))
        words = script_data(studio)
        app.add_api_route("/", lambda: compare_page(words))
        family = next(one for one in studio.catalogue.families if one.id == "text_to_video")
        model = next(one for one in studio.catalogue.models if one.family == family.id)
        asked = [{"prompt": f"A harbour in the {time}, with gulls over the water"} for time in ("morning", "evening")]
        jobs = [await studio.submit(family=family.id, model=model.id, given=given) for given in asked]
        for job in jobs:
            await until(studio, job["id"])
        async with served(app) as origin:
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            await opened(page, origin, [job["id"] for job in jobs])
            assert sorted(await page.locator(".differences mark").all_text_contents()) == ["evening", "morning"]
            await page.screenshot(path=artifacts / "compare-real.png")
            await page.get_by_role("button", name="Contact sheet").click()
            async with page.expect_download() as download:
                await page.get_by_role("button", name="Save the sheet").click()
            saved = await (await download.value).path()
            sheet = await context.new_page()
            asked_for: list[str] = []
            sheet.on("request", lambda request: asked_for.append(request.url))
            await sheet.set_content(saved.read_text(encoding="utf-8"))
            await expect(sheet.locator("figure img")).to_have_count(10)  # a poster and four stills of each clip
            assert await sheet.evaluate("[...document.images].every((one) => one.naturalWidth > 0)")
            assert all(address.startswith("data:image/jpeg") for address in asked_for)
            await sheet.screenshot(path=artifacts / "compare-sheet.png", full_page=True)
            await context.close()
