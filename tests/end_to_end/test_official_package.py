"""The vendor's Python package, unmodified, with the simulator as a process of its own: one run of each kind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import dashscope
import httpx
import pytest
from dashscope import VideoSynthesis
from dashscope.aigc.image_generation import ImageGeneration

from tests.rig.given import make_samples

KEY = "sk-official"
WORDS: Any = [{"role": "user", "content": [{"text": "a harbour at dawn in two steps"}]}]


@pytest.fixture
def origin(free_port: int, tmp_path: Path) -> Iterator[str]:
    """`python -m services.simulator` on a free port, with the package told to use it."""
    before = dashscope.base_http_api_url
    command = [sys.executable, "-m", "services.simulator", "--port", str(free_port), "--speed", "40"]
    command += ["--run-seconds", "20", "--no-limits", "--home", str(tmp_path / "vendor")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{free_port}"
            _wait_for(url, process)
            dashscope.base_http_api_url = f"{url}/api/v1"
            yield url
        finally:
            dashscope.base_http_api_url = before
            process.terminate()
            process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/api/v1/tasks/", timeout=2, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the simulator did not start")


def test_clips_and_pictures_are_ordered_heard_listed_fetched_and_canceled(origin: str, tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "samples")

    clip: Any = VideoSynthesis.call(
        "wan2.2-i2v-flash", "the boats leave", api_key=KEY, img_url=f"file://{samples.picture}", resolution="480P"
    )
    at_once: Any = ImageGeneration.call("wan2.6-t2i", KEY, WORDS, n=1)
    created: Any = ImageGeneration.async_call("wan2.6-t2i", KEY, WORDS, n=1)
    fetched: Any = ImageGeneration.fetch(created, KEY)
    finished: Any = ImageGeneration.wait(created, KEY)
    streamed: list[Any] = list(
        _parts(ImageGeneration.call("wan2.6-image", KEY, WORDS, stream=True, enable_interleave=True, max_images=2))
    )
    listed: Any = ImageGeneration.list(api_key=KEY, model_name="wan2.6-t2i")
    too_late: Any = ImageGeneration.cancel(created, KEY)

    assert (clip.status_code, clip.output.task_status) == (HTTPStatus.OK, "SUCCEEDED"), clip
    assert httpx.get(clip.output.video_url, trust_env=False).content[4:8] == b"ftyp"
    picture = at_once.output.choices[0].message.content[0]["image"]
    assert httpx.get(picture, trust_env=False).content.startswith(b"\x89PNG")
    assert fetched.output.task_status in {"PENDING", "RUNNING", "SUCCEEDED"}
    assert finished.output.task_status == "SUCCEEDED"
    assert {each.status_code for each in streamed} == {HTTPStatus.OK}
    assert streamed[-1].output.choices[0].finish_reason == "stop"
    assert [row["task_id"] for row in listed.output["data"]] == [created.output.task_id]
    assert too_late.status_code == HTTPStatus.BAD_REQUEST, "what is finished cannot be canceled"
    assert origin in picture


def _parts(streamed: Any) -> Iterator[Any]:
    yield from streamed
