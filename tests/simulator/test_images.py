"""Pictures: every body shape, the three ways of asking, result shapes, one that fails alone, and that they are real."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.catalogue import CATALOGUE
from services.simulator import LOSS_WORDS, TRIGGER_WORDS, FilmArtist, Picture, QuickArtist, Route, VirtualClock
from services.simulator.engine.judge import find_model, judge
from services.simulator.engine.refusal import Refusal
from services.simulator.media.painter import paint_picture
from services.simulator.media.portrait import judge_portrait
from tests import ROOT
from tests.rig.simulator import ASYNC, AT_ONCE, Desk, data_uri, desk, picture, upload

DRAWN = "/services/aigc/image-generation/generation"
OLDER = "/services/aigc/text2image/image-synthesis"
CHECK = "/services/aigc/image2video/face-detect"
GOLDEN = sorted((ROOT / "tests/golden").glob("*.json"))


def message(*parts: Mapping[str, object], model: str = "wan2.6-image", **parameters: object) -> dict[str, Any]:
    """A body in the messages protocol."""
    said = {"role": "user", "content": list(parts)}
    return {"model": model, "input": {"messages": [said]}, "parameters": parameters}


def edit(*pictures: bytes, **parameters: Any) -> dict[str, Any]:
    """A call that changes pictures."""
    given = [{"image": data_uri(each)} for each in pictures or (picture(),)]
    return message({"text": "make it evening"}, *given, **parameters)


def older(model: str = "wan2.2-t2i-flash", prompt: str = "a paper boat", **parameters: object) -> dict[str, Any]:
    """A call in the older protocol."""
    return {"model": model, "input": {"prompt": prompt}, "parameters": parameters}


def refusal(body: Mapping[str, Any], *, path: str = DRAWN, region: str = "singapore") -> Refusal:
    with pytest.raises(Refusal) as caught:
        judge(*find_model(CATALOGUE, region=region, path=path, body=body), body)
    return caught.value


async def at_once(at: Desk, body: Mapping[str, object], **headers: str) -> httpx.Response:
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return await at.http.post(f"/api/v1{AT_ONCE}", json=body, headers=extra)


# What is taken, and what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_golden_body_is_taken_and_each_file_finds_its_field(file: Path) -> None:
    golden = json.loads(file.read_text("utf-8"))
    body, model = golden["body"], CATALOGUE.model(golden["body"]["model"])
    assert model is not None
    region = golden.get("region", "singapore")

    order = judge(*find_model(CATALOGUE, region=region, path=model.endpoint.path, body=body), body)

    given = golden.get("files", {})
    expected = {name: tuple(urls) if isinstance(urls, list) else (urls,) for name, urls in given.items()}
    assert order.media == expected


TEXT, PICTURE = {"text": "a boat"}, {"image": "https://e/a.png"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (edit(n=5), "Range of n should be [1, 4]"),
        (edit(n=0), "Range of n should be [1, 4]"),
        (edit(seed=-1), "-1 is lesser than the minimum of 0 - 'seed'"),
        (edit(seed=True), "'seed' must be Integer"),
        (edit(size="4K"), "The size is not match 4K"),
        (edit(size="100*100"), "The size is not match 100*100"),
        (edit(size="2000*400"), "The size is not match 2000*400"),
        (message(TEXT), "lack of image or text"),
        (message(PICTURE), "lack of image or text"),
        (message(TEXT, TEXT, PICTURE), "content length only support 1 text"),
        (message(TEXT, *[PICTURE] * 5), "content length should be between 1 and 4"),
        (
            message(TEXT, {"image": "data:image/png;base64," + "A" * 10_485_760}),
            "Exceeded limit on max bytes per data-uri item : 10485760",
        ),
        (message(TEXT, {"image": 7}), "Input should be a valid string: input.messages.0.content.image"),
        (message(TEXT, enable_interleave=True, n=2), "num_images_per_prompt must be 1"),
        (message(TEXT, enable_interleave=True, max_images=6), "Range of max_images should be [1, 5]"),
        (message(TEXT, enable_interleave=True, size="2K"), "The size is not match 2K"),
        (message(TEXT, PICTURE, PICTURE, enable_interleave=True), "content length should be between 0 and 1"),
        ({"model": "wan2.6-t2i", "input": {"prompt": "p"}}, "No messages found in input"),
        ({"model": "wan2.6-t2i", "input": {"messages": []}}, "BadRequest.EmptyInput"),
        ({"model": "wan2.6-t2i", "input": {"messages": ["p"]}}, "Input should be a valid dictionary: input.messages.0"),
        ({"model": "wan2.6-t2i", "input": {"messages": "p"}}, "Input should be a valid list: input.messages"),
        (
            {"model": "wan2.6-t2i", "input": {"messages": [{"role": "user", "content": [TEXT]}] * 2}},
            "messages length only support 1",
        ),
        (
            {"model": "wan2.6-t2i", "input": {"messages": [{"role": "system", "content": [TEXT]}]}},
            "Role must be user or assistant and Content length must be greater than 0",
        ),
    ],
)
def test_a_wrong_picture_call_is_refused_in_the_vendors_words(body: dict[str, Any], said: str) -> None:
    found = refusal(body)

    assert found.http_status == 400
    assert said in (found.message, found.code) or found.message == "No messages found in input"


def test_an_older_model_is_not_had_where_the_newer_ones_are() -> None:
    assert refusal(older(), path=AT_ONCE).message == "url error, please check url！"
    assert refusal(older(), path=DRAWN).message == "url error, please check url！"


def test_what_is_absent_takes_the_vendors_default() -> None:
    def values(body: dict[str, Any]) -> Mapping[str, object]:
        return judge(*find_model(CATALOGUE, region="singapore", path=DRAWN, body=body), body).values

    assert values(edit())["n"] == 4
    assert values(edit())["size"] == "1K"
    article = values(message(TEXT, enable_interleave=True))
    assert (article["n"], article["max_images"]) == (1, 5)


def test_what_a_clip_model_requires_is_required_on_the_wire() -> None:
    animate = {
        "model": "wan2.2-animate-move",
        "input": {"image_url": "https://e/a.png", "video_url": "https://e/a.mp4"},
    }
    media = [{"type": "first_frame", "url": "https://e/a.png"}, {"type": "wheel", "url": "https://e/b.png"}]
    image2video, synthesis = (
        "/services/aigc/image2video/video-synthesis",
        "/services/aigc/video-generation/video-synthesis",
    )

    assert refusal(animate, path=image2video).message == "Field required: parameters.mode"
    older_shape = {"model": "wan2.7-i2v", "input": {"prompt": "p", "img_url": "https://e/a.png"}}
    assert refusal(older_shape, path=synthesis).message == "Field required: input.media"
    wrong_type = {"model": "wan2.7-i2v", "input": {"media": media}}
    assert refusal(wrong_type, path=synthesis).message.startswith("Input should be 'driving_audio' or 'first_clip'")


# The three ways of asking --------------------------------------------------------------------------------------------


async def test_a_call_without_the_async_header_is_answered_at_once(home: Path) -> None:
    async with desk(home) as at:
        reply = await at_once(at, edit(picture(800, 600), n=2, size="1K"))
        listed = (await at.http.get("/api/v1/tasks")).json()
        answer = reply.json()
        fetched = [await at.http.get(each["message"]["content"][0]["image"]) for each in answer["output"]["choices"]]

    assert reply.status_code == 200
    assert set(answer) == {"output", "usage", "request_id"}
    assert set(answer["output"]) == {"choices", "finished"}
    assert answer["output"]["finished"] is True
    assert [each["finish_reason"] for each in answer["output"]["choices"]] == ["stop", "stop"]
    assert all(len(each["message"]["content"]) == 1 for each in answer["output"]["choices"])
    width, height = (int(side) for side in answer["usage"]["size"].split("*"))
    assert (width % 16, height % 16) == (0, 0)
    assert answer["usage"] == {"image_count": 2, "size": f"{width}*{height}"} | dict.fromkeys(
        ("input_tokens", "output_tokens", "total_tokens"), 0
    )
    assert {one.headers["content-type"] for one in fetched} == {"image/png"}
    assert [Image.open(io.BytesIO(one.content)).size for one in fetched] == [(width, height)] * 2
    assert listed["total"] == 0
    assert [(create.at_once, create.model) for create in at.simulator.creates] == [(True, "wan2.6-image")]


async def test_as_a_task_the_same_pictures_come_in_the_same_shape(home: Path) -> None:
    async with desk(home) as at:
        task = await at.task(message(TEXT, model="wan2.6-t2i", n=2, size="1280*1280"), path=DRAWN)
        answer = await at.ended(task)

    output = answer["output"]
    assert output["task_status"] == "SUCCEEDED"
    assert len(output["choices"]) == 2
    assert output["finished"] is True
    assert not {"orig_prompt", "actual_prompt", "video_url", "results"} & set(output)
    assert (answer["usage"]["image_count"], answer["usage"]["size"]) == (2, "1280*1280")
    assert [each.seed for each in at.artist.pictures][1] == at.artist.pictures[0].seed + 1


async def test_each_address_takes_its_own_kind_of_call(home: Path) -> None:
    async with desk(home) as at:
        asynchronous = await at_once(at, edit(), X_DashScope_Async="enable")
        synchronous = await at.http.post(f"/api/v1{DRAWN}", json=edit())
        check = await at.http.post(f"/beijing/api/v1{CHECK}", json={"model": "wan2.2-s2v-detect"}, headers=ASYNC)

    for reply, what in ((asynchronous, "asynchronous"), (synchronous, "synchronous"), (check, "asynchronous")):
        assert (reply.status_code, reply.json()["code"]) == (403, "AccessDenied")
        assert reply.json()["message"] == f"current user api does not support {what} calls"


async def test_what_is_wrong_is_told_in_the_answer_itself(home: Path) -> None:
    async with desk(home) as at:
        words = await at_once(at, message({"text": TRIGGER_WORDS[0]}, model="wan2.6-t2i"))
        small = await at_once(at, edit(picture(200, 300)))
        gone = await at_once(at, message(TEXT, {"image": "oss://nobody/a.png"}))

    told = [(reply.status_code, reply.json()["code"]) for reply in (words, small, gone)]
    assert told == [
        (400, "DataInspectionFailed"),
        (400, "InvalidFile.Resolution"),
        (400, "InvalidParameter.DataInspection"),
    ]
    assert set(small.json()) == {"code", "message", "request_id"}


async def test_calls_at_once_count_for_the_limits(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, limits=True, run_seconds=50) as at:
        waiting = [asyncio.create_task(at_once(at, message(TEXT, model="wan2.6-t2i"))) for _ in range(5)]
        while len(at.simulator.creates) < 5:
            await asyncio.sleep(0.01)
        over = await at_once(at, message(TEXT, model="wan2.6-t2i"))
        await at.clock.advance(10)
        sixth = await at.task(message(TEXT, model="wan2.6-t2i"), path=DRAWN)
        await at.clock.advance(15)
        assert await at.status(sixth) == "PENDING", "five are running"
        await at.clock.advance(30)
        replies = await asyncio.gather(*waiting)
        await at.until(sixth, "RUNNING")

    assert (over.status_code, over.json()["code"]) == (429, "Throttling.RateQuota")
    assert {reply.status_code for reply in replies} == {200}


async def test_a_lost_answer_is_a_work_that_nobody_can_find(home: Path) -> None:
    async with desk(home) as at:
        at.simulator.faults.drop_creates(taken=True)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await at_once(at, message(TEXT, model="wan2.6-t2i", n=1))

        assert len(at.simulator.creates) == 1
        assert (await at.http.get("/api/v1/tasks")).json()["total"] == 0


# Result shapes -------------------------------------------------------------------------------------------------------


async def test_the_older_shape_has_a_result_for_each_picture(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=60) as at:
        task = await at.task(older(n=2), path=OLDER)
        await at.clock.advance(15)
        await at.until(task, "RUNNING")
        running = await at.query(task)
        await at.clock.advance(60)
        await at.until(task, "SUCCEEDED")
        answer = await at.query(task)

    assert running["output"]["task_metrics"] == {"TOTAL": 2, "SUCCEEDED": 0, "FAILED": 0}
    results = answer["output"]["results"]
    assert [set(each) for each in results] == [{"orig_prompt", "actual_prompt", "url"}] * 2
    assert results[0]["url"] != results[1]["url"]
    assert answer["output"]["task_metrics"] == {"TOTAL": 2, "SUCCEEDED": 2, "FAILED": 0}
    assert answer["usage"] == {"image_count": 2}


@pytest.mark.parametrize("habit", [False, True])
async def test_one_picture_of_several_can_fail_alone(home: Path, habit: bool) -> None:
    prompt = "a boat" if habit else f"a boat with a {LOSS_WORDS[0]}"
    async with desk(home, lose_pictures=habit) as at:
        several = await at.ended(await at.task(older(prompt=prompt, n=3), path=OLDER))
        alone = await at.ended(await at.task(older(prompt=prompt, n=1), path=OLDER))
        choices = (await at_once(at, message({"text": prompt}, model="wan2.6-t2i", n=2))).json()
        refused = await at.ended(await at.task(older(prompt=TRIGGER_WORDS[0], n=2), path=OLDER))

    assert refused["output"]["task_metrics"] == {"TOTAL": 2, "SUCCEEDED": 0, "FAILED": 2}
    assert [set(each) for each in several["output"]["results"]][2] == {"code", "message"}
    assert several["output"]["task_status"] == "SUCCEEDED"
    assert several["output"]["task_metrics"] == {"TOTAL": 3, "SUCCEEDED": 2, "FAILED": 1}
    assert several["usage"]["image_count"] == 2
    assert alone["output"]["task_status"] == "FAILED"
    assert alone["output"]["code"] == "DataInspectionFailed"
    assert alone["output"]["task_metrics"] == {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 1}
    assert "usage" not in alone
    assert (len(choices["output"]["choices"]), choices["usage"]["image_count"]) == (1, 1)


async def test_pictures_are_forgotten_with_their_task_or_their_call(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1000, run_seconds=1) as at:
        task = await at.task(older(n=2), path=OLDER)
        call = asyncio.create_task(at_once(at, edit(n=1)))
        while not call.done():
            await at.clock.advance(1)
            await asyncio.sleep(0.01)
        await at.until(task, "SUCCEEDED")
        assert len(list((home / "results").iterdir())) == 3
        await at.clock.advance(49 * 3600)
        await at.simulator.world.clean()

        assert list((home / "results").iterdir()) == []
        assert list((home / "inputs").iterdir()) == []


async def test_a_restart_forgets_whoever_waited_for_an_answer(home: Path) -> None:
    clock = VirtualClock()
    async with desk(home, clock=clock, speed=1, run_seconds=60) as at:
        waiting = asyncio.create_task(at_once(at, message(TEXT, model="wan2.6-t2i")))
        while not at.simulator.creates:
            await asyncio.sleep(0.01)
    with pytest.raises(httpx.HTTPError):
        await waiting

    async with desk(home, clock=clock, speed=1, run_seconds=60) as at:
        assert (await at.http.get("/api/v1/tasks")).json()["total"] == 0
        assert not any(status.live for status, count in at.simulator.world.counts().items() if count)


# The check before a digital human ------------------------------------------------------------------------------------


def portrait(*, skin: tuple[int, int, int] = (224, 172, 140), side: int = 480) -> Image.Image:
    """A face of sorts: an oval on a blue ground."""
    rows, columns = np.ogrid[0:side, 0:side]
    inside = ((columns - side / 2) / (side * 0.26)) ** 2 + ((rows - side / 2) / (side * 0.36)) ** 2 < 1
    drawn = np.empty((side, side, 3), np.uint8)
    drawn[:] = (60, 90, 150)
    drawn[inside] = skin
    return Image.fromarray(drawn)


@pytest.mark.parametrize(
    ("drawn", "passes"),
    [
        (portrait(), True),
        (portrait(skin=(110, 70, 48)), True),
        (portrait().convert("L"), True),
        (Image.new("RGB", (500, 500), "tan"), False),
        (portrait(skin=(40, 180, 70)), False),
    ],
    ids=["light", "dark", "black and white", "nothing", "no skin"],
)
def test_a_portrait_needs_contrast_and_skin_or_no_colour(tmp_path: Path, drawn: Image.Image, passes: bool) -> None:
    drawn.save(tmp_path / "portrait.png")

    assert judge_portrait(tmp_path / "portrait.png")["check_pass"] is passes


async def test_the_check_tells_whether_a_portrait_will_do(home: Path) -> None:
    def png(drawn: Image.Image) -> bytes:
        file = io.BytesIO()
        drawn.save(file, "PNG")
        return file.getvalue()

    async with desk(home, region="beijing") as at:

        async def ask(content: bytes, *, model: str = "wan2.2-s2v-detect") -> httpx.Response:
            kept = await upload(at, content, model=model)
            body = {"model": "wan2.2-s2v-detect", "input": {"image_url": f"oss://{kept.extensions['key']}"}}
            headers = {"X-DashScope-OssResourceResolve": "enable"}
            return await at.http.post(f"/api/v1{CHECK}", json=body, headers=headers)

        good, flat = await ask(png(portrait())), await ask(png(Image.new("RGB", (500, 500), "tan")))
        small, elsewhere = await ask(picture(399, 500)), await ask(png(portrait()), model="wan2.2-s2v")
        missing = await at.http.post(f"/api/v1{CHECK}", json={"model": "wan2.2-s2v-detect", "input": {"a": 1}})
        wrong = await at.http.post(f"/api/v1{CHECK}", json={"model": "wan9", "input": {"a": 1}})

    assert good.json()["output"] == {"check_pass": True, "humanoid": True}
    assert good.json()["usage"] == {"image_count": 1}
    assert flat.status_code == 200
    assert set(flat.json()["output"]) == {"check_pass", "code", "message"}
    assert flat.json()["output"]["code"] == "InvalidFile.NoHuman"
    assert small.json()["output"]["code"] == "InvalidFile.Resolution"
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "InvalidParameter.DataInspection")
    assert missing.json()["message"] == "Field required: input.image_url"
    assert wrong.json()["message"] == "Model not exist."
    assert len(at.simulator.checks) == 3
    assert at.simulator.creates == []
    assert at.simulator.record.counts[Route.CHECK] == 6
    assert list((home / "inputs").iterdir()) == []


# The pictures themselves ---------------------------------------------------------------------------------------------


def pixels(file: Path) -> NDArray[np.int64]:
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


@pytest.mark.parametrize("size", [(1280, 1280), (1344, 576), (769, 1001), (2048, 2048)])
def test_a_picture_is_exactly_as_large_as_ordered(tmp_path: Path, size: tuple[int, int]) -> None:
    paint_picture(Picture(prompt="hills at dawn", width=size[0], height=size[1]), tmp_path / "a.png")

    with Image.open(tmp_path / "a.png") as opened:
        assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", size)
    assert (tmp_path / "a.png").stat().st_size < 10 * 1024 * 1024


def test_equal_pictures_are_equal_and_other_words_or_seeds_are_not(tmp_path: Path) -> None:
    def paint(name: str, prompt: str, seed: int = 1) -> Path:
        paint_picture(Picture(prompt=prompt, width=512, height=512, seed=seed), tmp_path / name)
        return tmp_path / name

    one, same = paint("a.png", "a red fox"), paint("b.png", "a red fox")
    other, seeded = paint("c.png", "the sea at night"), paint("d.png", "a red fox", seed=2)

    assert one.read_bytes() == same.read_bytes()
    for different in (other, seeded):
        assert np.abs(pixels(one) - pixels(different)).mean() > 4


def test_a_changed_picture_still_shows_what_was_given(tmp_path: Path) -> None:
    red, blue = tmp_path / "red.png", tmp_path / "blue.png"
    Image.new("RGB", (600, 600), (200, 40, 40)).save(red)
    Image.new("RGB", (600, 600), (40, 60, 200)).save(blue)
    paint_picture(Picture(prompt="", width=640, height=480, given=(red, blue)), tmp_path / "both.png")

    drawn = pixels(tmp_path / "both.png")
    left, right = (
        drawn[200:280, 100:200].reshape(-1, 3).mean(axis=0),
        drawn[200:280, 440:540].reshape(-1, 3).mean(axis=0),
    )
    assert left[0] > left[2] + 60
    assert right[2] > right[0] + 60
    assert np.abs(left - (200, 40, 40)).max() > 3, "in another light"


async def test_the_worker_paints_and_the_quick_artist_copies(tmp_path: Path) -> None:
    artist, quick = FilmArtist(), QuickArtist()
    await artist.paint(Picture(prompt="waves", width=320, height=240), tmp_path / "a.png")
    await asyncio.gather(
        *(quick.paint(Picture(prompt=str(n), width=320, height=240), tmp_path / f"{n}.png") for n in range(5))
    )
    await artist.close()
    await quick.close()

    with Image.open(tmp_path / "a.png") as opened:
        assert opened.size == (320, 240)
    assert len({(tmp_path / f"{n}.png").read_bytes() for n in range(5)}) == 1
    assert not list(tmp_path.glob("*.part*"))
