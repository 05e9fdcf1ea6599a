"""The vendor's own Python package, unmodified, works against the simulator as against the service."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import av
import dashscope
import httpx
import pytest
from dashscope import ImageSynthesis, VideoSynthesis
from dashscope.aigc.image_generation import ImageGeneration
from dashscope.utils.oss_utils import upload_file

from services.catalogue import CATALOGUE
from services.catalogue.schema import Model, ResultShape
from services.simulator import Route, Simulator, serve
from tests import ROOT
from tests.rig.clips import Clip, film
from tests.rig.simulator import StubArtist, picture, tone
from tests.rig.studio import quick_artist

KEY = "sk-official"


@pytest.fixture
async def simulator(home: Path) -> AsyncIterator[Simulator]:
    """A fast simulator whose base URL the package uses."""
    made = Simulator(CATALOGUE, home=home, speed=1000, run_seconds=100, artist=quick_artist(), limits=False)
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        yield made


@pytest.fixture(autouse=True)
def _own_base_url() -> Iterator[None]:
    before = dashscope.base_http_api_url
    yield
    dashscope.base_http_api_url = before


@dataclass(frozen=True)
class Case:
    """One golden body, to be sent by the package with local files."""

    name: str
    region: str
    body: dict[str, Any]
    model: Model

    @property
    def task(self) -> str:
        """What the package calls the part of the address that stands for the kind of work."""
        return self.model.endpoint.path.split("/")[3]


def _cases() -> list[Case]:
    cases: list[Case] = []
    for file in sorted((ROOT / "tests/golden").glob("*.json")):
        golden = json.loads(file.read_text("utf-8"))
        model = CATALOGUE.model(golden["body"]["model"])
        assert model is not None
        cases.append(Case(file.stem, golden.get("region", "singapore"), golden["body"], model))
    return cases


CASES = _cases()
REGIONS = sorted({case.region for case in CASES})
_KEYWORDS = {"prompt", "negative_prompt", "template", "media", "reference_urls"}
_KEYWORDS |= {"img_url", "audio_url", "first_frame_url", "last_frame_url"}
"""The members of `input` for which the package's video class has an argument of its own."""


def with_files(value: Any, folder: Path) -> Any:
    """A golden value with copies of the folder's parent's files in the place of its addresses.

    Each has a name of its own, so that an upload replaces none, and each case a folder of its own: while the
    package reads a copy, nobody else may write it.
    """
    match value:
        case str() if value.startswith("https://"):
            kind = "wav" if value.endswith((".mp3", ".wav")) else "mp4" if value.endswith((".mp4", ".mov")) else "png"
            file = folder / f"{value.rpartition('/')[2].rpartition('.')[0]}.{kind}"
            shutil.copyfile(folder.parent / f"given.{kind}", file)
            return f"file://{file}"
        case dict():
            return {key: with_files(each, folder) for key, each in value.items()}
        case list():
            return [with_files(each, folder) for each in value]
        case _:
            return value


def uploaded(value: Any, model: str) -> Any:
    """A value whose local files the package's own tool uploaded: by itself it does so for its own arguments only."""
    match value:
        case str() if value.startswith("file://"):
            return upload_file(model, value, KEY)
        case list():
            return [uploaded(each, model) for each in value]
        case _:
            return value


def call(case: Case, folder: Path) -> Any:
    """What a user of the package would write for a body."""
    model = case.body["model"]
    own = folder / case.name
    own.mkdir()
    given, parameters = with_files(case.body["input"], own), case.body["parameters"]
    match case.model.result:
        case ResultShape.CHOICES:
            asked = {key: value for key, value in parameters.items() if key != case.model.live}  # a task has no stream
            created: Any = ImageGeneration.async_call(model, KEY, given["messages"], **asked)
            return ImageGeneration.wait(created, KEY)
        case ResultShape.RESULTS:
            return ImageSynthesis.call(model, api_key=KEY, task=case.task, **given, **parameters)
        case ResultShape.VIDEO_URL | ResultShape.RESULTS_VIDEO_URL:
            known = {key: value for key, value in given.items() if key in _KEYWORDS}
            extra = {key: uploaded(value, model) for key, value in given.items() if key not in _KEYWORDS}
            more: dict[str, Any] = {"headers": {"X-DashScope-OssResourceResolve": "enable"}} if extra else {}
            return VideoSynthesis.call(
                model, api_key=KEY, task=case.task, extra_input=extra, **known, **parameters, **more
            )


@pytest.mark.parametrize("region", REGIONS)
async def test_every_model_runs_in_every_mode_from_call_to_result(home: Path, tmp_path: Path, region: str) -> None:
    (tmp_path / "given.png").write_bytes(picture(600, 800))
    (tmp_path / "given.wav").write_bytes(tone(4))
    (tmp_path / "given.mp4").write_bytes(film(Clip(seconds=2.5, width=480, height=480)))
    cases = [case for case in CASES if case.region == region]
    made = Simulator(
        CATALOGUE, home=home, speed=1000, run_seconds=100, artist=StubArtist(), limits=False, region=region
    )
    loop = asyncio.get_running_loop()
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        with ThreadPoolExecutor(12) as threads:
            calls = (loop.run_in_executor(threads, call, case, tmp_path) for case in cases)
            # Exceptions are told below: here they would wait for threads that wait for this very loop.
            done = await asyncio.gather(*calls, return_exceptions=True)

    for case, answer in zip(cases, done, strict=True):
        assert not isinstance(answer, BaseException), (case.name, answer)
        assert answer.status_code == HTTPStatus.OK, (case.name, answer)
        assert answer.output.task_status == "SUCCEEDED", (case.name, answer)
        assert _link(case.model.result, answer).startswith("http://127.0.0.1:"), case.name
    assert len(made.creates) == len(cases)
    assert made.record.with_authorization[Route.UPLOAD] == 0


def message(*content: dict[str, str]) -> Any:  # Any: the package says Message where it takes a dict
    """The one message of a call."""
    return [{"role": "user", "content": list(content)}]


def _link(shape: ResultShape, answer: Any) -> str:
    match shape:
        case ResultShape.CHOICES:
            parts = [part for choice in answer.output.choices for part in choice.message.content]
            return next(part["image"] for part in parts if "image" in part)
        case ResultShape.RESULTS:
            return answer.output.results[0].url
        case ResultShape.VIDEO_URL:
            return answer.output.video_url
        case ResultShape.RESULTS_VIDEO_URL:
            return answer.output["results"]["video_url"]


def test_a_golden_body_stands_for_every_model_under_each_of_its_ids() -> None:
    wire_ids = {offer.id for model in CATALOGUE.models for offer in model.offers}

    assert {case.body["model"] for case in CASES} == wire_ids


async def test_pictures_come_in_the_answer_itself(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(picture(640, 480))
    messages = message({"text": "make it evening"}, {"image": f"file://{tmp_path / 'cat.png'}"})
    answer: Any = await asyncio.to_thread(ImageGeneration.call, "wan2.6-image", KEY, messages, n=2, size="1K")
    listed: Any = await asyncio.to_thread(ImageGeneration.list, api_key=KEY)

    assert answer.status_code == HTTPStatus.OK, answer
    assert [choice.finish_reason for choice in answer.output.choices] == ["stop", "stop"]
    assert answer.usage.image_count == 2
    assert listed.output["total"] == 0
    assert simulator.record.counts[Route.UPLOAD] == 1


async def test_an_article_is_streamed_with_the_header_alone(simulator: Simulator) -> None:
    def stream() -> list[Any]:
        asked: Any = ImageGeneration.call(
            "wan2.6-image",
            KEY,
            message({"text": "a recipe for soup in two steps"}),
            stream=True,
            enable_interleave=True,
            max_images=3,
        )
        return list(asked)

    told = await asyncio.to_thread(stream)

    assert {each.status_code for each in told} == {HTTPStatus.OK}
    parts = [part for each in told for part in each.output.choices[0].message.content]
    assert [part["type"] for part in parts].count("image") == 2
    assert told[-1].output.choices[0].finish_reason == "stop"
    assert told[-1].usage.image_count == 2
    assert "stream" not in simulator.creates[0].body["parameters"]  # type: ignore[operator]  # a dict: JSON


async def test_an_error_in_a_stream_reaches_the_package(simulator: Simulator) -> None:
    simulator.faults.break_streams(after_parts=1, code="InternalError.Algo")

    def stream() -> list[Any]:
        messages = message({"text": "a recipe for soup"})
        asked: Any = ImageGeneration.call("wan2.6-image", KEY, messages, stream=True, enable_interleave=True)
        return list(asked)

    told = await asyncio.to_thread(stream)

    assert told[-1].code == "InternalError.Algo"


async def test_pictures_as_a_task_can_be_fetched_listed_and_canceled(home: Path) -> None:
    made = Simulator(CATALOGUE, home=home, speed=1, run_seconds=600, artist=StubArtist())
    messages = message({"text": "a boat"})
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        created: Any = await asyncio.to_thread(ImageGeneration.async_call, "wan2.6-t2i", KEY, messages, n=1)
        fetched: Any = await asyncio.to_thread(ImageGeneration.fetch, created, KEY)
        listed: Any = await asyncio.to_thread(ImageGeneration.list, api_key=KEY, model_name="wan2.6-t2i")
        canceled: Any = await asyncio.to_thread(ImageGeneration.cancel, created, KEY)
        waited: Any = await asyncio.to_thread(ImageGeneration.wait, created, KEY)

    assert fetched.output.task_status == "PENDING"
    assert [row["task_id"] for row in listed.output["data"]] == [created.output.task_id]
    assert canceled.status_code == HTTPStatus.OK
    assert waited.output.task_status == "CANCELED"


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
    made = Simulator(CATALOGUE, home=home, speed=1, run_seconds=600, artist=quick_artist())
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
    model = CATALOGUE.models[0]
    offer = model.offers[0]
    invented = replace(model, id="wan9.9-t2v", offers=(replace(offer, id="wan9.9-t2v"),))
    made = Simulator(CATALOGUE.with_models(invented), home=home, speed=1000, artist=quick_artist(), limits=False)
    async with serve(made) as origin:
        dashscope.base_http_api_url = f"{origin}/api/v1"
        answer = await asyncio.to_thread(
            VideoSynthesis.call, "wan9.9-t2v", "waves", api_key=KEY, size="1280*720", duration=2
        )

    assert answer.output.task_status == "SUCCEEDED"
