"""The vendor's own Python package, unmodified, works against the simulator as against the service."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import av
import dashscope
import httpx
import pytest
from dashscope import VideoSynthesis

from services.catalogue import CATALOGUE
from services.catalogue.schema import ImageField, Model, Offer
from services.simulator import QuickArtist, Route, Simulator, serve
from tests.simulator_rig import picture, tone

KEY = "sk-official"
OFFERS = [(model, offer) for model in CATALOGUE.models for offer in model.offers if offer.region == "singapore"]


@pytest.fixture
async def simulator(home: Path) -> AsyncIterator[Simulator]:
    """A fast simulator whose base URL the package uses."""
    made = Simulator(CATALOGUE, home=home, speed=1000, run_seconds=100, artist=QuickArtist(), limits=False)
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        yield made


@pytest.fixture(autouse=True)
def _own_base_url() -> Iterator[None]:
    before = dashscope.base_http_api_url
    yield
    dashscope.base_http_api_url = before


def arguments(model: Model, offer: Offer, folder: Path) -> dict[str, Any]:
    """What a user of the package would write for a model, local files included."""
    names = {field.name for field in model.fields_in(offer.region)}
    given: dict[str, Any] = {"model": offer.id, "prompt": "a paper boat 纸船", "negative_prompt": "blur", "seed": 7}
    pictures = [field.wire.key for field in model.fields_in(offer.region) if isinstance(field, ImageField)]
    if pictures:
        given |= {"resolution": _lowest(model)} | dict.fromkeys(pictures, f"file://{folder / 'cat.png'}")
    else:
        given |= {"size": _lowest(model)}
    if "audio_file" in names:
        given["audio_url"] = str(folder / "song.wav")
    if "audio" in names:
        given["audio"] = True
    if "shot_type" in names:
        given["shot_type"] = "multi"
    return given | {"prompt_extend": True, "watermark": False}


def _lowest(model: Model) -> str:
    field = next(field for field in model.fields if field.name in {"size", "resolution"})
    return next(size.value for size in field.sizes) if hasattr(field, "sizes") else field.choices[0].value  # type: ignore[union-attr]  # one of the two


def call(model: Model, offer: Offer, folder: Path) -> tuple[str, Any]:
    return offer.id, VideoSynthesis.call(api_key=KEY, **arguments(model, offer, folder))


async def test_every_model_runs_from_call_to_clip(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(picture(640, 360))
    (tmp_path / "song.wav").write_bytes(tone(4))
    loop = asyncio.get_running_loop()

    with ThreadPoolExecutor(len(OFFERS)) as threads:
        done = await asyncio.gather(*(loop.run_in_executor(threads, call, *each, tmp_path) for each in OFFERS))

    assert len(done) == len(OFFERS)
    for name, answer in done:
        assert answer.status_code == HTTPStatus.OK, (name, answer)
        assert answer.output.task_status == "SUCCEEDED", (name, answer)
        assert answer.output.video_url.startswith("http://127.0.0.1:")
        assert answer.usage.video_count == 1
    record = simulator.record
    assert len(record.creates) == len(OFFERS)
    pictures = sum(isinstance(field, ImageField) for model, _ in OFFERS for field in model.fields)
    tracks = sum(field.name == "audio_file" for model, _ in OFFERS for field in model.fields)
    assert record.counts[Route.UPLOAD] == pictures + tracks
    assert record.with_authorization[Route.UPLOAD] == 0


async def test_its_clip_has_the_sound_and_length_that_were_asked(simulator: Simulator) -> None:
    answer = await asyncio.to_thread(
        VideoSynthesis.call, "wan2.6-t2v", "waves", api_key=KEY, size="720*1280", duration=3
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        film = (await http.get(answer.output.video_url)).content

    with av.open(io.BytesIO(film)) as opened:
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (720, 1280)
        assert opened.streams.video[0].frames == 90
        assert len(opened.streams.audio) == 1


async def test_create_fetch_wait_list_and_cancel(home: Path) -> None:
    made = Simulator(CATALOGUE, home=home, speed=1, run_seconds=600, artist=QuickArtist())
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        created = await asyncio.to_thread(
            VideoSynthesis.async_call, "wan2.2-t2v-plus", "waves", api_key=KEY, size="832*480"
        )
        fetched = await asyncio.to_thread(VideoSynthesis.fetch, created, api_key=KEY)
        listed = await asyncio.to_thread(
            VideoSynthesis.list,  # pyright: ignore[reportAttributeAccessIssue] - inherited behind a decorator
            api_key=KEY,
            model_name="wan2.2-t2v-plus",
        )
        canceled = await asyncio.to_thread(VideoSynthesis.cancel, created, api_key=KEY)
        waited = await asyncio.to_thread(VideoSynthesis.wait, created, api_key=KEY)
        again = await asyncio.to_thread(VideoSynthesis.cancel, created, api_key=KEY)
        unknown = await asyncio.to_thread(VideoSynthesis.fetch, "1111", api_key=KEY)

    assert (created.status_code, created.output.task_status) == (HTTPStatus.OK, "PENDING")
    assert fetched.output.task_status == "PENDING"
    assert [row["task_id"] for row in listed.output["data"]] == [created.output.task_id]
    assert canceled.status_code == HTTPStatus.OK
    assert waited.output.task_status == "CANCELED"
    assert (again.status_code, again.code) == (HTTPStatus.BAD_REQUEST, "UnsupportedOperation")
    assert (unknown.status_code, unknown.output.task_status) == (HTTPStatus.OK, "UNKNOWN")


async def test_it_hears_what_is_wrong(simulator: Simulator) -> None:
    wrong = await asyncio.to_thread(VideoSynthesis.async_call, "wan2.2-t2v-plus", "waves", api_key=KEY, size="1280*720")
    too_short = await asyncio.to_thread(VideoSynthesis.async_call, "wan2.6-t2v", "waves", api_key=KEY, duration=1)
    missing = await asyncio.to_thread(
        VideoSynthesis.call, "wan2.6-i2v", "waves", api_key=KEY, img_url="/no/such/file.png"
    )

    assert (wrong.status_code, wrong.code) == (HTTPStatus.BAD_REQUEST, "InvalidParameter")
    assert wrong.message.startswith("size must be in 1080*1920,1920*1080")
    assert too_short.message == "Duration should be between 2 and 15"
    assert (missing.status_code, missing.output.task_status, missing.output.code) == (
        HTTPStatus.OK,
        "FAILED",
        "InvalidURL",
    )


_ASYNCHRONOUS = """
import asyncio, sys, dashscope
from dashscope.aigc.video_synthesis import AioVideoSynthesis
dashscope.base_http_api_url = sys.argv[1]
answer = asyncio.run(AioVideoSynthesis.call("wan2.1-t2v-turbo", "waves", api_key="sk-official", size="832*480"))
print(answer.output.task_status)
"""


async def test_its_asynchronous_class_polls_too(simulator: Simulator) -> None:
    # In a process of its own: the class never closes its session.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _ASYNCHRONOUS,
        dashscope.base_http_api_url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()

    assert said.decode().split() == ["SUCCEEDED"]


async def test_an_invented_model_needs_nothing_but_its_record(home: Path) -> None:
    model, offer = OFFERS[0]
    invented = replace(model, id="wan9.9-t2v", offers=(replace(offer, id="wan9.9-t2v"),))
    made = Simulator(CATALOGUE.with_models(invented), home=home, speed=1000, artist=QuickArtist(), limits=False)
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        answer = await asyncio.to_thread(
            VideoSynthesis.call, "wan9.9-t2v", "waves", api_key=KEY, size="1280*720", duration=2
        )

    assert answer.output.task_status == "SUCCEEDED"
