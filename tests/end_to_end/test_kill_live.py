"""kill -9 while an article is being made: what arrived is kept, and the call is never made a second time."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.database.jobs import History
from services.domain.jobs import Job
from services.domain.search_query import Find
from services.gallery.views import JobView
from services.simulator import Route, Simulator
from tests.rig.headless import launch
from tests.rig.studio import settings_for, simulated, studio_at, until

ROUNDS = 6
ARTICLE = {"prompt": "How to fold a boat", "enable_interleave": True, "max_images": 3, "stream": True}
BROKE = "The connection broke before the article was finished."


def order(home: Path, url: str, *, prompt: str) -> subprocess.Popen[bytes]:
    return launch(home, url, family="generate_image", model="wan2.6-image", given={**ARTICLE, "prompt": prompt})


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


async def jobs_in(home: Path) -> list[Job]:
    """The jobs as another process has written them down."""
    url = settings_for(home, "http://127.0.0.1/").database_url
    if not (home / "studio.db").exists():
        return []
    async with History.open(url) as history:
        return [found.job for found in (await history.page(Find())).items]


async def until_written(home: Path, good: Callable[[list[Job]], bool], *, seconds: float = 60) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not good(await jobs_in(home)):
        log = (home / "process.log").read_text(errors="replace")[-3000:]
        assert loop.time() < deadline, f"this did not come about:\n{log}"
        await asyncio.sleep(0.05)


def pictures_of(job: JobView) -> list[str]:
    return [output["id"] for output in job["outputs"] if output["kind"] == "image"]


async def test_a_kill_mid_stream_keeps_what_was_announced_and_orders_nothing_again(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=200, speed=20) as (simulator, url):
        process = await asyncio.to_thread(order, home, url, prompt="How to fold a boat")
        try:
            await until_written(home, lambda jobs: any("text" not in item for j in jobs for item in j.article or ()))
        finally:
            await asyncio.to_thread(kill, process)
        async with studio_at(home, url) as studio:
            (found,) = (await studio.jobs())["items"]
            job = await until(studio, found["id"])
        assert job["status"] == "succeeded"
        assert (job["remark"] or "").startswith(BROKE)
        assert len(pictures_of(job)) >= 1
        assert job["outputs"][-1]["kind"] == "article"
        assert_called_once_each(simulator, 1)


@pytest.mark.proof
async def test_kills_at_random_moments_never_order_an_article_twice(home: Path, tmp_path: Path) -> None:
    rng = random.Random(20_261_123)
    async with simulated(tmp_path / "vendor", run_seconds=60, speed=20) as (simulator, url):
        for number in range(ROUNDS):
            process = await asyncio.to_thread(order, home, url, prompt=f"How to fold boat {number}")
            try:
                await until_written(home, lambda jobs, wanted=number: len(jobs) > wanted)
                await asyncio.sleep(rng.uniform(0, 3))
            finally:
                await asyncio.to_thread(kill, process)
        async with studio_at(home, url) as studio:
            jobs = [await until(studio, job["id"], seconds=60) for job in (await studio.jobs())["items"]]
        assert len(jobs) == ROUNDS
        for job in jobs:
            lost = job["error"] is not None and job["error"]["code"] == "StreamLost"
            assert job["status"] == "succeeded" or lost, job["error"]
        assert_called_once_each(simulator, ROUNDS)


def assert_called_once_each(simulator: Simulator, jobs: int) -> None:
    ordered = [str(create.body["input"]) for create in simulator.creates if create.route is Route.STREAM]
    assert len(ordered) == len(set(ordered)) <= jobs
    assert simulator.record.counts[Route.STREAM] <= jobs
