"""Articles: words and pictures as they are made, every way in which a stream can end, and the same as a task."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.simulator import Answer, Break, Drop, Route, VirtualClock
from services.simulator.media.article import fragments_of, heading_of, write_article
from tests.rig.simulator import AT_ONCE, Desk, data_uri, desk, picture
from tests.simulator.test_images import DRAWN, message

SSE = {"X-DashScope-SSE": "enable", "Accept": "text/event-stream"}


def article(prompt: str = "Write a guide to folding a paper boat", **parameters: Any) -> dict[str, Any]:
    """A call for an illustrated article."""
    return message({"text": prompt}, enable_interleave=True, max_images=3, **parameters)


@asynccontextmanager
async def streamed(at: Desk, body: Mapping[str, object], **headers: str) -> AsyncIterator[httpx.Response]:
    async with at.http.stream("POST", f"/api/v1{AT_ONCE}", json=body, headers={**SSE, **headers}) as reply:
        yield reply


async def frames(at: Desk, body: Mapping[str, object]) -> list[dict[str, Any]]:
    """What stands in the data lines of a whole stream."""
    async with streamed(at, body) as reply:
        assert reply.status_code == 200, await reply.aread()
        return [json.loads(line[5:]) async for line in reply.aiter_lines() if line.startswith("data:")]


def parts(told: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [part for each in told for part in each["output"]["choices"][0]["message"]["content"]]


async def test_a_stream_has_the_documented_layout(home: Path) -> None:
    async with desk(home) as at, streamed(at, article(stream=True)) as reply:
        raw = (await reply.aread()).decode()

    assert reply.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert "content-length" not in reply.headers
    blocks = raw.removesuffix("\n\n").split("\n\n")
    for number, block in enumerate(blocks, 1):
        lines = block.split("\n")
        assert lines[:3] == [f"id:{number}", "event:result", ":HTTP_STATUS/200"]
        assert lines[3].startswith('data:{"output":{"choices":[{')
        assert len(lines) == 4


async def test_parts_come_one_by_one_and_the_last_one_says_so(home: Path) -> None:
    async with desk(home) as at:
        told = await frames(at, article(stream=True))
        links = [part["image"] for part in parts(told) if part["type"] == "image"]
        pictures = [await at.http.get(link) for link in links]
        listed = (await at.http.get("/api/v1/tasks")).json()

    reasons = [each["output"]["choices"][0]["finish_reason"] for each in told]
    assert set(reasons[:-1]) == {"null"}
    assert reasons[-1] == "stop"
    assert [each["output"]["finished"] for each in told] == [False] * (len(told) - 1) + [True]
    assert len({each["request_id"] for each in told}) == 1
    assert [len(each["output"]["choices"][0]["message"]["content"]) for each in told] == [1] * len(told)
    counts = [each["usage"]["image_count"] for each in told]
    assert counts == sorted(counts)
    assert (counts[0], told[0]["usage"]["size"]) == (0, "0*0")
    assert (counts[-1], told[-1]["usage"]["size"]) == (len(links), "1280*1280")
    tokens = [each["usage"]["output_tokens"] for each in told]
    assert tokens == sorted(tokens)
    assert [one.headers["content-type"] for one in pictures] == ["image/png"] * len(links)
    text = "".join(part.get("text", "") for part in parts(told))
    assert text.startswith("# ")
    assert "paper boat" in text
    assert listed["total"] == 0
    assert [(create.at_once, create.route) for create in at.simulator.creates] == [(True, Route.CREATE)]


async def test_the_header_alone_is_enough_as_the_vendors_package_sends_it(home: Path) -> None:
    async with desk(home) as at:
        assert len(await frames(at, article())) > 3


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (article(), {}, "only support stream mode"),
        (article(stream=False), {}, "only support stream mode"),
        (article(stream=True), {}, "Received: x-dashscope-sse=disable, stream=True"),
        (article(stream=False), SSE, "Received: x-dashscope-sse=enable, stream=False"),
        (message({"text": "p"}, model="wan2.7-image"), SSE, "Received: x-dashscope-sse=enable, stream=False"),
        (message({"text": "p"}, {"image": data_uri(picture())}), SSE, "x-dashscope-sse=enable, stream=False"),
    ],
)
async def test_header_and_parameter_must_agree(
    home: Path, body: dict[str, Any], headers: dict[str, str], said: str
) -> None:
    async with desk(home) as at:
        reply = await at.http.post(f"/api/v1{AT_ONCE}", json=body, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (400, "InvalidParameter")
    assert reply.json()["message"].endswith(said)
    assert at.simulator.creates == []


async def test_stream_is_an_unknown_key_where_there_is_none(home: Path) -> None:
    async with desk(home) as at:
        body = message({"text": "p"}, model="wan2.6-t2i", n=1, stream=True)
        reply = await at.http.post(f"/api/v1{AT_ONCE}", json=body)

    assert reply.status_code == 200


async def test_an_error_before_the_first_part_is_plain_json(home: Path) -> None:
    async with desk(home) as at:
        reply = await at.http.post(f"/api/v1{AT_ONCE}", json=article("something forbidden"), headers=SSE)

    assert (reply.status_code, reply.json()["code"]) == (400, "DataInspectionFailed")


async def test_a_region_without_streams_refuses_one_and_writes_articles_as_tasks(home: Path) -> None:
    async with desk(home) as at:
        reply = await at.http.post(f"/frankfurt/api/v1{AT_ONCE}", json=article(), headers=SSE)
        answer = await at.ended(await at.task(article(), path=DRAWN, region="frankfurt"), region="frankfurt")

    assert reply.json()["message"] == "url error, please check url！"
    assert {part["type"] for part in answer["output"]["choices"][0]["message"]["content"]} == {"text", "image"}


async def test_as_a_task_the_article_is_one_choice(home: Path) -> None:
    async with desk(home) as at:
        answer = await at.ended(await at.task(article(), path=DRAWN))

    choices = answer["output"]["choices"]
    content = choices[0]["message"]["content"]
    assert len(choices) == 1
    assert [part["type"] for part in content][:4] == ["text", "image", "text", "image"]
    assert answer["usage"]["image_count"] == sum(part["type"] == "image" for part in content)
    assert answer["usage"]["total_tokens"] == answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"]


async def until_it_breaks(at: Desk, body: Mapping[str, object]) -> str:
    got = b""
    async with streamed(at, body) as reply:
        try:
            async for chunk in reply.aiter_raw():
                got += chunk
        except httpx.RemoteProtocolError:
            return got.decode()
    raise AssertionError("it did not break")


@pytest.mark.parametrize("whole", [0, 1, 2, 3])
async def test_a_stream_can_break_after_so_many_parts(home: Path, whole: int) -> None:
    async with desk(home) as at:
        at.simulator.faults.break_streams(after_parts=whole)
        got = await until_it_breaks(at, article(stream=True))

    told = [json.loads(line[5:]) for line in got.splitlines() if line.startswith("data:")]
    kinds = [part["type"] for part in parts(told)]
    runs = re.sub(r"(?:t)+", "t", "".join(kind[0] for kind in kinds))
    assert runs == "titi"[:whole]
    assert '"finish_reason":"stop"' not in got


async def test_a_stream_can_end_with_an_error_frame(home: Path) -> None:
    async with desk(home) as at:
        at.simulator.faults.add(Route.STREAM, Break(2, "InternalError.Algo", "inference error"))
        async with streamed(at, article(stream=True)) as reply:
            raw = (await reply.aread()).decode()

    assert reply.status_code == 200
    last = raw.removesuffix("\n\n").split("\n\n")[-1].split("\n")
    assert last[1:3] == ["event:error", ":HTTP_STATUS/500"]
    error = json.loads(last[3][5:])
    assert (error["code"], error["message"], set(error)) == (
        "InternalError.Algo",
        "inference error",
        {"code", "message", "request_id"},
    )


async def test_a_stream_can_be_lost_or_refused_as_a_whole(home: Path) -> None:
    async with desk(home) as at:
        at.simulator.faults.add(Route.STREAM, Answer(503, "ModelUnavailable"))
        at.simulator.faults.add(Route.STREAM, Drop(taken=True))
        refused = await at.http.post(f"/api/v1{AT_ONCE}", json=article(), headers=SSE)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await at.http.post(f"/api/v1{AT_ONCE}", json=article(), headers=SSE)
        assert len(at.simulator.creates) == 1
        assert len(await frames(at, article())) > 3

    assert refused.status_code == 503


async def test_a_work_goes_on_when_nobody_listens_any_more(home: Path) -> None:
    async with desk(home) as at:
        async with streamed(at, article(stream=True)) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data:"):
                    break
        for _ in range(300):
            if len(at.artist.pictures) >= 2:
                break
            await asyncio.sleep(0.01)

        assert len(at.artist.pictures) >= 2


async def test_words_come_quickly_and_pictures_in_silence(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=120) as at:
        arrived: list[tuple[float, str]] = []
        begun = at.clock.now()

        async def listen() -> None:
            async with streamed(at, article(stream=True)) as reply:
                async for line in reply.aiter_lines():
                    if line.startswith("data:"):
                        kind = parts([json.loads(line[5:])])[0]["type"]
                        arrived.append(((at.clock.now() - begun).total_seconds(), kind))

        listening = asyncio.create_task(listen())
        while not listening.done():
            await at.clock.advance(0.5)
            await asyncio.sleep(0.002)
        await listening

    first_picture = next(at_second for at_second, kind in arrived if kind == "image")
    last_word_before = [at_second for at_second, kind in arrived if kind == "text" and at_second < first_picture][-1]
    whole = arrived[-1][0]
    assert whole > 100, "as long as the vendor's own samples"
    assert arrived[0][0] < whole / 5, "words at once, not all of it at the end"
    assert first_picture - last_word_before > whole / 10, "a picture takes its time"


async def test_an_interleaved_article_shows_the_given_picture_and_its_size(home: Path) -> None:
    async with desk(home) as at:
        body = message(
            {"text": "tell its story"}, {"image": data_uri(picture(800, 1000))}, enable_interleave=True, max_images=1
        )
        told = await frames(at, body)

    assert told[-1]["usage"]["image_count"] == 1
    assert told[-1]["usage"]["size"] == f"{at.artist.pictures[0].width}*{at.artist.pictures[0].height}"
    assert at.artist.pictures[0].height > at.artist.pictures[0].width
    assert len(at.artist.pictures[0].given) == 1


# The words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt", ["Write a short illustrated story about a paper boat", "请写一篇关于西湖的图文游记", "x", "🦊", "?!"]
)
def test_the_fragments_of_a_text_are_the_text(prompt: str) -> None:
    for text in write_article(prompt, pictures=4, seed=3):
        assert "".join(fragments_of(text)) == text


def test_an_article_has_a_text_for_each_picture_in_the_prompts_language() -> None:
    english = write_article("Write a short illustrated story about a paper boat", pictures=3, seed=1)
    chinese = write_article("请写一篇关于西湖的图文游记", pictures=3, seed=1)

    assert len(english) == len(chinese) == 4
    assert english[0].startswith("# Story about a paper boat\n\n")
    assert "西湖" in chinese[0]
    assert not re.search(r"[A-Za-z]{3}", "".join(chinese))
    assert all(heading_of(text) for text in (*english[:3], *chinese[:3]))


async def test_the_prompt_may_say_how_many_pictures_but_never_more_than_asked(home: Path) -> None:
    async with desk(home) as at:
        two = await frames(at, article("A recipe for soup in two steps"))
        five = await frames(at, article("A story in five pictures"))

    assert (two[-1]["usage"]["image_count"], five[-1]["usage"]["image_count"]) == (2, 3)
