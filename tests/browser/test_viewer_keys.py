"""Looking at one item, in a real Chromium: its keys, its player frame by frame, its facts, its family, the bin.

The jobs are told by a rig; the clips are real files, served with ranges as the studio serves them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio
from fastapi import Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from playwright.async_api import Browser, Page, Route, expect

from tests.rig.clips import Clip, film
from tests.rig.screening import Screening, Told, drawn, given, job, picture
from tests.rig.served import served

FPS = 12
CLIP = Clip(seconds=3.0, width=320, height=180, fps=Fraction(FPS), options=(("preset", "ultrafast"), ("bf", "2")))
SILENT = Clip(seconds=1.0, width=180, height=320, fps=Fraction(25), sound=False)


def clip(name: str, *, width: int = 320, height: int = 180, seconds: float = 3.0) -> Told:
    """A clip that was made."""
    return picture(name, width=width, height=height) | {"kind": "video", "seconds": seconds, "bytes": 80_000}


def kept(number: int, **more: Any) -> Told:
    """A job with all that the gallery knows of it."""
    order: Told = {
        "favourite": False,
        "rating": 0,
        "tags": [],
        "collections": [],
        "deleted_at": None,
        "person": "local",
    }
    trail: Told = {"imported": False, "expires_at": None, "safe": "disk", "source_job": None, "place": str(number)}
    return job(number, **(order | trail | more))


class Room:
    """A studio that keeps what is marked and thrown away, around a screening."""

    def __init__(self, screening: Screening) -> None:
        self.screening = screening
        self.relatives: dict[str, Told] = {}
        self.asked: list[tuple[str, Told]] = []
        """What was posted: path and body."""

    def routes(self) -> list[APIRoute]:
        """The routes, to stand before those of the screening."""
        nobody = {"ancestors": [], "descendants": [], "links": []}
        collections = [{"id": "c1", "name": "Harbours"}, {"id": "c2", "name": "For Ana"}]
        return [
            APIRoute("/studio/shelf", self._mark, methods=["POST"]),
            APIRoute("/studio/bin", self._discard, methods=["POST"]),
            APIRoute("/studio/bin/restore", self._restore, methods=["POST"]),
            APIRoute("/studio/jobs/{job_id}/relatives", lambda job_id: self.relatives.get(job_id, nobody)),
            APIRoute("/studio/tags", lambda: [{"name": "sea", "count": 3}]),
            APIRoute("/studio/collections", lambda: collections),
            APIRoute("/studio/files/{name}", self._film),
        ]

    async def _mark(self, request: Request) -> Response:
        body = await self._read(request)
        told = []
        for job_id in body["jobs"]:
            one = self.screening.jobs[job_id]
            tags = [name for name in one["tags"] if name not in body.get("remove_tags", [])]
            inside = [name for name in one["collections"] if name not in body.get("remove_from", [])]
            plain = {name: body[name] for name in ("favourite", "rating") if name in body}
            changed = {"tags": tags + body.get("add_tags", []), "collections": inside + body.get("add_to", [])}
            told.append(self._tell(one, **plain, **changed))
        return JSONResponse({"jobs": told})

    async def _discard(self, request: Request) -> Response:
        body = await self._read(request)
        for job_id in body["jobs"]:
            self._tell(self.screening.jobs[job_id], deleted_at="2026-11-23T10:00:00.000Z")
        return JSONResponse({"moved": len(body["jobs"]), "kept": []})

    async def _restore(self, request: Request) -> Response:
        for job_id in (await self._read(request))["jobs"]:
            self._tell(self.screening.jobs[job_id], deleted_at=None)
        return JSONResponse({"restored": 1})

    async def _read(self, request: Request) -> Told:
        assert request.headers["x-studio"] == "1"
        body: Told = await request.json()
        self.asked.append((request.url.path, body))
        return body

    def _tell(self, one: Told, **more: Any) -> Told:
        changed = one | more | {"sequence": one["sequence"] + 1000}
        self.screening.tell(changed)
        return changed

    def _film(self, request: Request, name: str) -> Response:
        if name not in self.screening.files:
            return Response(drawn(name, 1280), media_type="image/jpeg")
        data, mime = self.screening.files[name]
        asked = request.headers.get("range", "bytes=0-").removeprefix("bytes=")
        start, _, end = asked.partition("-")
        first, last = int(start), min(int(end) if end else len(data) - 1, len(data) - 1)
        told = {"Content-Range": f"bytes {first}-{last}/{len(data)}", "Accept-Ranges": "bytes"}
        return Response(data[first : last + 1], status_code=206, media_type=mime, headers=told)


@pytest.fixture
def room(screening: Screening) -> Room:
    screening.files["film"] = (film(CLIP), "video/mp4")
    screening.files["silent"] = (film(SILENT), "video/mp4")
    return Room(screening)


@pytest_asyncio.fixture(loop_scope="session")
async def origin(screening: Screening, room: Room) -> AsyncIterator[str]:
    app = screening.app
    app.router.routes[:0] = room.routes()
    async with served(app) as origin:
        yield origin


async def look(page: Page, origin: str, *jobs: Told, at: int = 0, more: str = "undefined") -> Any:
    """Open the viewer on one of these jobs, as the gallery does, and note what it tells the page."""
    await page.goto(f"{origin}/?show=keys")
    await page.evaluate(
        f"""([jobs, at]) => {{
          window.heard = [];
          for (const name of ["viewing", "use", "again", "compare", "undo", "toast"]) {{
            document.addEventListener(`studio:${{name}}`, ({{ detail }}) => {{
              window.heard.push([name, JSON.parse(JSON.stringify(detail))]);
              if (name === "undo") window.undo = detail.undo;
            }});
          }}
          const detail = {{ job: jobs[at], list: jobs, more: {more} }};
          document.dispatchEvent(new CustomEvent("studio:details", {{ detail }}));
        }}""",
        [list(jobs), at],
    )
    dialog = page.locator("dialog.viewer")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator(".about h2")).to_be_visible()
    return dialog


async def heard(page: Page, name: str) -> list[Told]:
    """What the page was told under a name."""
    return [detail for told, detail in await page.evaluate("window.heard") if told == name]


async def counted(dialog: Any) -> Any:
    """The player, once it knows its frames."""
    player = dialog.locator(".player")
    await expect(player.locator(".place")).to_contain_text("frame")
    return player


# From one to the next -------------------------------------------------------------------------------------------------


async def test_arrows_turn_through_pictures_then_items_and_beyond_the_loaded_page(
    page: Page, origin: str, screening: Screening
) -> None:
    told = [kept(number, outputs=[picture(f"p{number}")]) for number in (9, 8, 7)]
    told[1]["outputs"].append(picture("p8b"))
    beyond = kept(6, outputs=[picture("p6")])
    for one in (*told, beyond):
        screening.tell(one)
    more = """async (direction) => {
      if (direction < 0 || window.given) return [];
      window.given = true;
      return [await (await fetch("/studio/jobs/job-6")).json()];
    }"""
    dialog = await look(page, origin, *told, at=1, more=more)
    large = dialog.locator(".large img")
    await expect(dialog.locator(".corner .place")).to_have_text("2 of 3+")
    for name in ("p8", "p8b", "p7", "p6", "p6"):
        await expect(large).to_have_attribute("src", f"/studio/files/{name}/poster")
        await page.keyboard.press("ArrowRight")
    await expect(dialog.get_by_role("button", name="Older")).to_be_hidden()
    for name in ("p7", "p8b", "p8", "p9"):
        await page.keyboard.press("ArrowLeft")
        await expect(large).to_have_attribute("src", f"/studio/files/{name}/poster")
    looked_at = [one["job"]["id"] for one in await heard(page, "viewing")]
    assert looked_at == ["job-8", "job-7", "job-6", "job-7", "job-8", "job-9"]
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.wait_for_function("window.heard.filter(([name]) => name === 'viewing').at(-1)[1].job === null")


async def test_the_focus_stays_inside_and_every_button_has_a_name(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    one = kept(1, outputs=[clip("film")], tags=["sea"], rating=2)
    screening.tell(one)
    dialog = await look(page, origin, one)
    await counted(dialog)
    inside = "document.activeElement === document.body || Boolean(document.activeElement.closest('dialog.viewer'))"
    for _ in range(45):
        await page.keyboard.press("Tab")
        assert await page.evaluate(inside)
    nameless = await dialog.locator("button, input, select, a").evaluate_all(
        "all => all.filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim())).length"
    )
    assert nameless == 0


async def test_the_keys_are_shown_on_a_question_mark_and_escape_closes_them_first(
    page: Page, origin: str, screening: Screening
) -> None:
    one = kept(1, outputs=[clip("film")])
    screening.tell(one)
    dialog = await look(page, origin, one)
    await page.keyboard.press("?")
    await expect(dialog.locator(".keys")).to_contain_text("One frame on")
    await page.keyboard.press("Escape")
    await expect(dialog.locator(".keys")).to_have_count(0)
    await expect(dialog).to_be_visible()
    await page.keyboard.press("i")
    await expect(dialog.locator(".about")).to_be_hidden()
    await page.keyboard.press("i")
    await expect(dialog.locator(".about")).to_be_visible()


# The player -----------------------------------------------------------------------------------------------------------

SHOWS = """(colour) => {
  const video = document.querySelector(".player video");
  const pen = document.createElement("canvas").getContext("2d");
  pen.drawImage(video, 0, 0, 8, 8);
  const [red, , blue, solid] = pen.getImageData(6, 6, 1, 1).data;
  return !video.seeking && solid && (colour === "blue" ? red < 80 && blue > 150 : red > 200 && blue > 200);
}"""


async def test_news_that_come_late_leave_a_clip_where_it_stands(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    one = kept(1, outputs=[clip("film")])
    screening.tell(one)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/studio/jobs/job-1", hold)
    dialog = await look(page, origin, one)
    place = (await counted(dialog)).locator(".place")
    await page.keyboard.press("End")
    await expect(place).to_have_text("frame 36 / 36")
    screening.jobs["job-1"] = one | {"rating": 3}
    assert held, "the viewer asks for what it shows"
    async with page.expect_response("**/studio/jobs/job-1"):
        for route in held:
            await route.continue_()
    await expect(dialog.get_by_role("button", name="3 stars")).to_have_attribute("aria-pressed", "true")
    assert await place.text_content() == "frame 36 / 36"


async def test_a_step_is_one_frame_and_the_moment_lies_within_it(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    turns_white = Clip(seconds=3.0, width=320, height=180, fps=Fraction(FPS), starts=1.0, options=CLIP.options)
    screening.files["film"] = (film(turns_white), "video/mp4")
    one = kept(1, outputs=[clip("film")])
    screening.tell(one)
    dialog = await look(page, origin, one)
    player = await counted(dialog)
    place = player.locator(".place")

    await page.keyboard.press("Home")
    await expect(place).to_have_text("frame 1 / 36")
    for _ in range(11):
        await page.keyboard.press(".")
    await expect(place).to_have_text("frame 12 / 36")
    await page.wait_for_function(SHOWS, arg="blue")  # the twelfth is the last blue one
    await page.keyboard.press(".")
    await expect(place).to_have_text("frame 13 / 36")
    await page.wait_for_function(SHOWS, arg="white")  # the thirteenth is the first white one
    await page.keyboard.press(",")
    await expect(place).to_have_text("frame 12 / 36")
    await page.wait_for_function(SHOWS, arg="blue")

    await page.keyboard.press("End")
    await expect(place).to_have_text("frame 36 / 36")
    await player.locator(".scrub").fill("11")
    await expect(place).to_have_text("frame 12 / 36")
    await expect(player.locator(".scrub")).to_have_attribute("aria-valuetext", "0.9 seconds, frame 12 of 36")
    await page.keyboard.press("u")
    assert await heard(page, "use") == [{"asset": "film", "job": "job-1", "kind": "video", "moment": "0.938"}]
    assert int(0.938 * FPS) == 11


CONTAINERS = {
    "end": Clip(seconds=1.0, fps=Fraction(30000, 1001)),
    "start": Clip(seconds=1.0, fps=Fraction(25), options=(("preset", "ultrafast"), ("bf", "3"))),
    "quicktime": Clip(seconds=1.0, fps=Fraction(24), to="mov", sound=False),
    "pieces": Clip(seconds=1.0, flags="frag_keyframe+empty_moov"),
    "matroska": Clip(seconds=1.0, to="matroska"),
}


def index_first(data: bytes, path: Path) -> bytes:
    """The same clip with its index before its pictures."""
    with av.open(BytesIO(data), "r") as source, av.open(path, "w", options={"movflags": "faststart"}) as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return path.read_bytes()


async def test_the_frames_are_read_from_the_files_own_index(
    page: Page, origin: str, screening: Screening, tmp_path: Path
) -> None:
    for name, one in CONTAINERS.items():
        screening.files[name] = (film(one), "video/mp4")
    start = index_first(screening.files["start"][0], tmp_path / "start.mp4")
    screening.files |= {"start": (start, "video/mp4"), "cut": (start[:700], "video/mp4")}
    screening.files["words"] = (b"no film at all", "video/mp4")
    await page.goto(f"{origin}/?show=keys")
    read = await page.evaluate(
        """async (names) => {
          const { readFrames } = await import("/studio/static/js/viewer/frames.js");
          const found = {};
          for (const name of names) found[name] = await readFrames(`/studio/files/${name}`).catch(String);
          return found;
        }""",
        [*CONTAINERS, "cut", "words"],
    )
    for name, fps, frames in (("end", 30000 / 1001, 30), ("start", 25.0, 25), ("quicktime", 24.0, 24)):
        found = read[name]
        assert found["starts"] == pytest.approx([number / fps for number in range(frames)], abs=1e-3), name
        assert found["end"] == pytest.approx(frames / fps, abs=2e-3)
        assert found["sound"] is CONTAINERS[name].sound
    assert [read[name] for name in ("pieces", "matroska", "cut", "words")] == [None] * 4


async def test_playing_loop_sound_and_speed_by_key_and_kept_to_the_next_clip(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    told = [kept(2, outputs=[clip("film")]), kept(1, outputs=[clip("silent", width=180, height=320, seconds=1.0)])]
    for one in told:
        screening.tell(one)
    dialog = await look(page, origin, *told)
    player = await counted(dialog)
    video = player.locator("video")
    await expect(player).to_have_attribute("data-playing", "")
    await page.keyboard.press(" ")
    await expect(player).not_to_have_attribute("data-playing", "")
    await page.keyboard.press("k")
    await expect(player).to_have_attribute("data-playing", "")
    await player.get_by_role("button", name="Again and again").click()
    await page.keyboard.press(" ")  # a press with the mouse leaves the keys with the clip
    await expect(player).not_to_have_attribute("data-playing", "")
    await page.keyboard.press("m")
    await page.keyboard.press(">")
    assert await video.evaluate("v => [v.loop, v.muted, v.playbackRate]") == [True, True, 1.5]

    await page.keyboard.press("ArrowRight")
    await expect(player.locator(".place")).to_contain_text("/ 25")
    assert await video.evaluate("v => [v.loop, v.muted, v.playbackRate]") == [True, True, 1.5]
    await expect(player.get_by_role("button", name="This clip has no sound")).to_be_disabled()
    assert await page.locator("dialog.viewer video").count() == 1


async def test_with_reduced_motion_nothing_plays_by_itself(
    browser: Browser, origin: str, screening: Screening, room: Room
) -> None:
    one = kept(1, outputs=[clip("film")])
    screening.tell(one)
    context = await browser.new_context(reduced_motion="reduce")
    page = await context.new_page()
    dialog = await look(page, origin, one)
    player = await counted(dialog)
    assert await player.locator("video").evaluate("v => v.paused && v.currentTime === 0")
    await expect(player.locator(".start-large")).to_be_visible()
    await context.close()


async def test_a_picture_is_looked_at_closely_in_its_full_size_and_moved(
    page: Page, origin: str, screening: Screening
) -> None:
    one = kept(1, outputs=[picture("huge", width=4096, height=2304), picture("next")])
    screening.tell(one)
    dialog = await look(page, origin, one)
    large = dialog.locator(".large")
    shown = large.locator("img")
    await expect(shown).to_have_js_property("complete", value=True)
    await page.keyboard.press("0")
    await expect(large).to_have_attribute("data-zoomed", "")
    await expect(shown).to_have_attribute("src", "/studio/files/huge")
    box = await shown.bounding_box()
    assert box
    assert box["width"] == pytest.approx(4096, abs=3)

    await page.mouse.move(400, 400)
    await page.mouse.down()
    await page.mouse.move(300, 340, steps=4)
    await page.mouse.up()
    moved = await shown.bounding_box()
    assert moved
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == (pytest.approx(-100, abs=2), pytest.approx(-60, abs=2))
    await page.keyboard.press("z")
    await expect(large).not_to_have_attribute("data-zoomed", "")
    await page.mouse.wheel(0, -300)
    await expect(large).to_have_attribute("data-zoomed", "")
    await page.keyboard.press("ArrowRight")
    await expect(shown).to_have_attribute("src", "/studio/files/next/poster")
    await expect(large).not_to_have_attribute("data-zoomed", "")


async def test_full_screen_goes_on_from_one_item_to_the_next(page: Page, origin: str, screening: Screening) -> None:
    told = [kept(2, outputs=[picture("a")]), kept(1, outputs=[picture("b")])]
    for one in told:
        screening.tell(one)
    dialog = await look(page, origin, *told)
    await page.keyboard.press("f")
    await page.wait_for_function("() => document.fullscreenElement?.matches('.stage')")
    await page.keyboard.press("ArrowRight")
    await expect(dialog.locator(".large img")).to_have_attribute("src", "/studio/files/b/poster")
    assert await page.evaluate("Boolean(document.fullscreenElement)")
    await page.keyboard.press("f")
    await page.wait_for_function("() => !document.fullscreenElement")
    await expect(dialog).to_be_visible()


# What is said of it ---------------------------------------------------------------------------------------------------


async def test_stars_heart_tags_and_collections_are_written_and_shown(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    one = kept(1, outputs=[picture("a")], collections=["c1"])
    screening.tell(one)
    dialog = await look(page, origin, one)
    lit = dialog.locator(".star[data-lit]")
    await page.keyboard.press("4")
    await expect(lit).to_have_count(4)
    await page.keyboard.press("2")
    await expect(lit).to_have_count(2)
    await page.keyboard.press("2")
    await expect(lit).to_have_count(0)
    await page.keyboard.press("5")
    await expect(lit).to_have_count(5)
    await page.keyboard.press("Shift+Digit0")
    await expect(lit).to_have_count(0)
    await page.keyboard.press("h")
    await expect(dialog.locator(".heart")).to_have_attribute("aria-pressed", "true")

    line = dialog.get_by_label("Add a tag")
    await line.click()
    await page.keyboard.type("fix 3")  # keys of the viewer, all of them: here they are letters
    await page.keyboard.press("Enter")
    await expect(dialog.locator("[data-fact=tags] .label")).to_have_text(["fix 3"])
    await expect(line).to_be_focused()
    await expect(lit).to_have_count(0)
    await dialog.get_by_role("button", name="Take off the tag fix 3").click()
    await expect(dialog.locator("[data-fact=tags] .label")).to_have_count(0)

    await expect(dialog.locator("[data-fact=collections] .label")).to_have_text(["Harbours"])
    await dialog.get_by_label("Add to a collection").select_option("For Ana")
    await expect(dialog.locator("[data-fact=collections] .label")).to_have_text(["Harbours", "For Ana"])
    marks = [{name: value for name, value in body.items() if name != "jobs"} for _, body in room.asked]
    assert marks == [
        *({"rating": number} for number in (4, 2, 0, 5, 0)),
        {"favourite": True},
        {"add_tags": ["fix 3"]},
        {"remove_tags": ["fix 3"]},
        {"add_to": ["c2"]},
    ]


async def test_delete_goes_on_to_the_next_and_can_be_undone(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    told = [kept(number, outputs=[picture(f"p{number}")]) for number in (3, 2, 1)]
    for one in told:
        screening.tell(one)
    dialog = await look(page, origin, *told, at=1)
    large = dialog.locator(".large img")
    await page.keyboard.press("Delete")
    await expect(large).to_have_attribute("src", "/studio/files/p1/poster")
    await expect(dialog.locator(".corner .place")).to_have_text("2 of 2")
    assert [told["text"] for told in await heard(page, "undo")] == ["Moved to the bin."]
    await page.evaluate("window.undo()")
    await expect(large).to_have_attribute("src", "/studio/files/p2/poster")
    await expect(dialog.locator(".corner .place")).to_have_text("2 of 3")
    assert room.asked == [("/studio/bin", {"jobs": ["job-2"]}), ("/studio/bin/restore", {"jobs": ["job-2"]})]


async def test_what_lies_in_the_bin_is_restored_from_where_it_is_seen(
    page: Page, origin: str, screening: Screening, room: Room
) -> None:
    one = kept(1, outputs=[picture("a")], deleted_at="2026-11-20T10:00:00.000Z")
    screening.tell(one)
    dialog = await look(page, origin, one)
    await expect(dialog.locator(".about")).to_contain_text("This lies in the bin.")
    await expect(dialog.get_by_role("button", name="Delete")).to_have_count(0)
    await page.keyboard.press("Delete")
    await dialog.get_by_role("button", name="Restore").click()
    await expect(dialog.locator(".about")).not_to_contain_text("This lies in the bin.")
    assert room.asked == [("/studio/bin/restore", {"jobs": ["job-1"]})]


async def test_items_are_marked_and_compared(page: Page, origin: str, screening: Screening) -> None:
    told = [kept(number, outputs=[picture(f"p{number}")]) for number in (3, 2, 1)]
    for one in told:
        screening.tell(one)
    dialog = await look(page, origin, *told)
    tray = dialog.locator(".tray")
    await page.keyboard.press("x")
    await expect(tray.get_by_role("button", name="Mark one more")).to_be_disabled()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("x")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("x")
    await page.keyboard.press("x")
    await tray.get_by_role("button", name="Compare 2").click()
    assert await heard(page, "compare") == [{"jobs": ["job-3", "job-2"]}]
    await expect(dialog).to_be_hidden()


# The facts ------------------------------------------------------------------------------------------------------------


async def test_every_fact_is_told_in_words(page: Page, origin: str, screening: Screening, artifacts: Any) -> None:
    one = kept(
        1,
        outputs=[picture("a", width=1280, height=720)],
        parameters={
            "size": "1280*720",
            "n": 1,
            "prompt_extend": True,
            "negative_prompt": "blurry, " * 12,
            "seed": None,
        },
        rewritten_prompt="A tranquil harbour",
        running_at="2026-11-22T10:01:12.000Z",
        safe="provider",
        expires_at="2020-01-01T00:00:00.000Z",
        cost={"estimated": 0.12, "actual": 0.08, "currency": "USD", "at_most": True},
    )
    screening.tell(one)
    dialog = await look(page, origin, one)
    about = dialog.locator(".about")
    rows = [text for row in await about.locator("dl").all() for text in await row.locator("dt, dd").all_text_contents()]
    told = dict(zip(rows[::2], rows[1::2], strict=True))
    assert {name: told[name] for name in ("Model", "Region", "Size", "How many", "prompt extend", "Expected")} == {
        "Model": "Painter 1",
        "Region": "Singapore",
        "Size": "1280 × 720",
        "How many": "1",
        "prompt extend": "On",
        "Expected": "up to $0.12",
    }
    assert (told["Billed"], told["Waited"], told["In work"], told["In all"]) == ("$0.08", "0:12", "0:30", "0:42")
    assert not {"seed", "Seed"} & set(told)
    await expect(about.locator(".safe")).to_contain_text("Only with the provider, and may be gone")
    await expect(about.get_by_role("link", name="Export clean")).to_have_attribute(
        "href", "/studio/files/a?clean=1&download=1"
    )
    await about.get_by_role("button", name="Copy the rewritten prompt").click()
    await expect(dialog.locator(".voice")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "A tranquil harbour"
    await about.get_by_role("button", name="Again with new seed").click()
    assert [told["job"]["id"] for told in await heard(page, "again")] == ["job-1"]


async def test_the_family_is_drawn_and_one_can_go_there_and_back(
    page: Page, origin: str, screening: Screening, room: Room, artifacts: Any
) -> None:
    hostile = "<img src=x onerror=window.hacked=1>"
    here, other = kept(1, outputs=[clip("film")]), kept(9, outputs=[picture("other")])
    origin_job = kept(2, outputs=[picture("a")], prompt=hostile)
    made = [kept(number, outputs=[picture(f"m{number}")]) for number in range(3, 11)]
    for one in (here, other, origin_job, *made):
        screening.tell(one)
    links = [{"from": "job-2", "to": "job-1", "asset": "a", "moment": None}]
    links += [{"from": "job-1", "to": one["id"], "asset": "film", "moment": "last"} for one in made[:-1]]
    links += [{"from": "job-3", "to": "job-10", "asset": None, "moment": None}]
    links += [{"from": "job-10", "to": "job-1", "asset": "x", "moment": "1.5"}]  # a ring, which cannot be, is no trap
    room.relatives["job-1"] = {"ancestors": [origin_job], "descendants": made, "links": links}

    dialog = await look(page, origin, other, here, at=1)
    family = dialog.locator(".family")
    await expect(family.get_by_role("group", name="Came from").locator(".member")).to_have_count(3)
    await expect(family.get_by_role("group", name="Came of it").first.locator(".member")).to_have_count(5)
    await expect(family.locator(".kinship", has_text="last frame").first).to_be_visible()
    await family.get_by_role("button", name="1 more").first.click()
    await family.get_by_role("button", name=hostile).click()
    await expect(dialog.locator(".large img")).to_have_attribute("src", "/studio/files/a/poster")
    await expect(dialog.locator(".family")).to_have_count(0)
    await dialog.get_by_role("button", name="Back to where you were").click()
    await expect(dialog.locator(".player video")).to_be_visible()
    assert await page.evaluate("window.hacked") is None


async def test_a_failed_job_says_why_and_r_brings_it_back_to_its_form(
    page: Page, origin: str, screening: Screening
) -> None:
    error = {"code": "NoHuman", "message": "No person was found.", "hint": "Use another.", "request_id": "r"}
    one = kept(1, status="failed", error=error, outputs=[], safe=None, inputs=[given("image", "image", "tall-me.jpg")])
    screening.tell(one)
    dialog = await look(page, origin, one)
    await expect(dialog.locator(".about")).to_contain_text("No person was found.")
    await expect(dialog.get_by_role("button", name="Edit and try again")).to_be_visible()
    await page.evaluate(
        "document.addEventListener('studio:recall', ({ detail }) => { window.recalled = detail.job.id; })"
    )
    await page.keyboard.press("r")
    await expect(dialog).to_be_hidden()
    assert await page.evaluate("recalled") == "job-1"


async def test_on_a_phone_one_wipes_to_the_next_and_draws_the_facts_over_it(
    browser: Browser, origin: str, screening: Screening, room: Room, artifacts: Any
) -> None:
    told = [kept(2, outputs=[picture("a")], tags=["x" * 50]), kept(1, outputs=[clip("film")])]
    for one in told:
        screening.tell(one)
    context = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await context.new_page()
    dialog = await look(page, origin, *told)
    await expect(dialog.locator(".large img")).to_be_visible()
    await page.evaluate(
        """() => {
          const stage = document.querySelector(".stage .large");
          const at = (x) => [new Touch({ identifier: 1, target: stage, clientX: x, clientY: 300 })];
          stage.dispatchEvent(new TouchEvent("touchstart", { touches: at(300), bubbles: true }));
          stage.dispatchEvent(new TouchEvent("touchend", { changedTouches: at(120), bubbles: true }));
        }"""
    )
    await expect(dialog.locator(".player video")).to_be_visible()
    await dialog.locator("[data-fact=support]").scroll_into_view_if_needed()
    await expect(dialog.locator("[data-fact=support]")).to_be_in_viewport()
    assert await dialog.locator(".frame").evaluate("frame => frame.scrollWidth") <= 390
    await page.screenshot(path=artifacts / "viewer-phone.png")
    await context.close()
