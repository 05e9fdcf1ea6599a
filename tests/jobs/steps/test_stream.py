"""Live jobs: what arrives is shown and kept, a broken stream is not asked for again, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from PIL import Image
from sqlalchemy.ext.asyncio import create_async_engine

from services.domain.errors import StudioError
from services.domain.jobs import SubmissionState
from services.domain.people import EVERYONE
from services.gallery.views import JobView
from services.jobs.events import Change
from services.simulator import Answer, Cut, Drop, Route, Simulator
from services.studio import Studio
from services.web import add_routes
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

ARTICLE = {"prompt": "How to fold a paper boat", "enable_interleave": True, "max_images": 2, "stream": True}
BROKE = "The connection broke before the article was finished. This is what arrived; what was made is billed."


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor", run_seconds=60.0, speed=40.0) as running:
        yield running


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1]) as running:
        yield running


async def order(studio: Studio, **given: object) -> str:
    job = await studio.submit(family="generate_image", model="wan2.6-image", given={**ARTICLE, **given})
    return job["id"]


def pictures_of(job: JobView) -> list[str]:
    return [output["id"] for output in job["outputs"] if output["kind"] == "image"]


async def test_an_article_grows_while_it_is_made_and_ends_on_our_disk(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    job_id = await order(studio)
    growing = await until(studio, job_id, lambda job: bool(job["article"]))
    assert growing["status"] == "running"
    assert not growing["cancelable"]
    job = await until(studio, job_id)
    assert (job["status"], job["remark"], job["attention"]) == ("succeeded", None, None)
    assert job["task_id"] is None
    assert job["article"] is not None
    assert [item["output"] for item in job["article"] if "output" in item] == pictures_of(job)
    assert len(pictures_of(job)) == 2
    assert job["outputs"][-1]["kind"] == "article"
    assert job["cost"]["actual"] == pytest.approx(0.06)
    assert vendor[0].record.counts[Route.STREAM] == 1
    assert vendor[0].record.counts[Route.CREATE] == 0
    assert (await latest_state(studio, job_id)) == SubmissionState.TAKEN


async def latest_state(studio: Studio, job_id: str) -> SubmissionState:
    submission = await studio.services.history.submissions.latest(job_id)
    assert submission is not None
    assert submission.live
    return submission.state


async def test_whoever_watches_is_told_of_every_change(home: Path, tmp_path: Path) -> None:
    # Slow enough that a picture lies on the disk before the next one is told, on a busy machine too.
    async with simulated(tmp_path / "vendor", run_seconds=60.0, speed=12.0) as (_, url), studio_at(home, url) as studio:
        await _told_of_every_change(studio)


async def _told_of_every_change(studio: Studio) -> None:
    told: list[JobView] = []

    async def watch() -> None:
        async for event in studio.events.watch():
            if isinstance(event, Change):
                told.append(json.loads(event.job))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    job_id = await order(studio, max_images=4)
    await until(studio, job_id)
    await until(studio, job_id, lambda _job: told[-1]["status"] == "succeeded")
    watching.cancel()
    lengths = [len(json.dumps(job["article"] or [])) for job in told]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) >= 4
    assert [job for job in told if job["status"] == "running" and pictures_of(job)], "pictures come before the end"
    assert not [job for job in told if "http" in json.dumps(job["article"] or [])], "a link is nobody's business"


@pytest.mark.parametrize("code", ["", "InternalError"])
async def test_a_broken_stream_keeps_and_shows_what_arrived(
    studio: Studio, vendor: tuple[Simulator, str], code: str
) -> None:
    vendor[0].faults.break_streams(after_parts=2, code=code)
    job = await until(studio, await order(studio))
    assert job["status"] == "succeeded"
    assert job["remark"] is not None
    assert job["remark"].endswith("This is what arrived; what was made is billed.")
    assert (job["remark"] == BROKE) == (not code)
    assert job["article"]
    assert job["outputs"][-1]["kind"] == "article"
    assert vendor[0].record.counts[Route.STREAM] == 1
    await asyncio.sleep(0.5)
    assert vendor[0].record.counts[Route.STREAM] == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_an_answer_that_never_began_is_told_honestly_and_not_sent_again(
    studio: Studio, vendor: tuple[Simulator, str], taken: bool
) -> None:
    vendor[0].faults.add(Route.STREAM, Drop(taken))
    job = await until(studio, await order(studio))
    assert job["status"] == "failed"
    assert job["error"] is not None
    assert job["error"]["code"] == "StreamLost"
    assert "Whether it was billed is not known; it is not sent again." in job["error"]["message"]
    assert job["cost"]["actual"] is None
    assert vendor[0].record.counts[Route.STREAM] == 1
    assert vendor[0].record.counts[Route.LIST] == 0, "a live call is in no list"
    assert (await latest_state(studio, job["id"])) == SubmissionState.LOST


async def test_what_was_not_taken_is_sent_again_and_paid_once(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.add(Route.STREAM, Answer(429, "Throttling.RateQuota"), times=4)
    job = await until(studio, await order(studio))
    assert (job["status"], job["cost"]["actual"]) == ("succeeded", 0.06)


async def test_a_refusal_costs_nothing(studio: Studio) -> None:
    job = await until(studio, await order(studio, prompt="something forbidden"))
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"], job["cost"]["actual"]) == ("failed", "DataInspectionFailed", 0)


async def test_a_live_job_that_was_sent_cannot_be_stopped(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.delay(Route.STREAM, 0.8)
    job_id = await order(studio)
    sent = await until(studio, job_id, lambda job: job["status"] == "submitting")
    assert not sent["cancelable"]
    await asyncio.sleep(0.3)
    with pytest.raises(StudioError, match="cannot stop it"):
        await studio.cancel(job_id)
    await until(studio, job_id, lambda job: job["status"] == "running")
    with pytest.raises(StudioError, match="cannot stop it"):
        await studio.cancel(job_id)
    assert (await until(studio, job_id))["status"] == "succeeded"


async def test_a_picture_that_could_not_be_fetched_at_once_is_fetched_afterwards(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    vendor[0].faults.add(Route.DOWNLOAD, Cut(300), times=8)
    job = await until(studio, await order(studio))
    assert (job["status"], len(pictures_of(job)), job["remark"]) == ("succeeded", 2, None)


async def test_a_studio_that_stops_mid_stream_ends_the_job_with_what_arrived(
    home: Path, vendor: tuple[Simulator, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor[0].faults.add(Route.DOWNLOAD, Answer(503), times=3)  # the first picture is announced and not fetched
    async with studio_at(home, vendor[1]) as studio:
        job_id = await order(studio)
        await until(studio, job_id, lambda job: bool(job["article"]))
        await _until_a_link_is_written(studio, job_id)
    async with studio_at(home, vendor[1]) as studio:
        job = await until(studio, job_id)
        assert (job["status"], job["remark"]) == ("succeeded", BROKE)
        assert len(pictures_of(job)) >= 1, "what was announced is still fetched"
        assert job["article"] is not None
        assert [item["output"] for item in job["article"] if "output" in item] == pictures_of(job)
        assert job["cost"]["actual"] == pytest.approx(0.03 * len(pictures_of(job)))
    assert vendor[0].record.counts[Route.STREAM] == 1
    assert "Expires=" not in caplog.text


async def _until_a_link_is_written(studio: Studio, job_id: str) -> None:
    for _ in range(400):
        if any("link" in item for item in (await studio.services.history.job(job_id, owner=EVERYONE)).article or ()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no picture was announced")


async def test_a_studio_that_stopped_before_anything_arrived_does_not_send_it_again(
    home: Path, vendor: tuple[Simulator, str]
) -> None:
    vendor[0].faults.delay(Route.STREAM, 3)
    async with studio_at(home, vendor[1]) as studio:
        job_id = await order(studio)
        await until(studio, job_id, lambda job: job["status"] == "submitting")
        await asyncio.sleep(0.3)
    async with studio_at(home, vendor[1]) as studio:
        job = await until(studio, job_id)
        assert job["error"] is not None
        assert (job["status"], job["error"]["code"]) == ("failed", "StreamLost")
    assert vendor[0].record.counts[Route.STREAM] == 1


async def test_an_article_is_kept_together_as_a_zip(studio: Studio) -> None:
    job = await until(studio, await order(studio))
    app = FastAPI()
    add_routes(app, studio)
    async with served(app) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as browser:
        reply = await browser.get(f"/studio/jobs/{job['id']}/article.zip")
        missing = await browser.get("/studio/jobs/nobody/article.zip")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/zip")
    assert ".zip" in reply.headers["content-disposition"]
    assert missing.status_code == 404
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        *pictures, text = archive.namelist()
        written = archive.read(text).decode()
        assert all(name in written for name in pictures)
        for name in pictures:
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                picture.load()


async def test_rows_are_written_a_few_times_a_second_at_most(studio: Studio) -> None:
    started = asyncio.get_running_loop().time()
    before = await studio.services.history.sequence()
    await until(studio, await order(studio))
    seconds = asyncio.get_running_loop().time() - started
    changes = await studio.services.history.sequence() - before
    assert changes <= 5 * seconds + 12, "besides the five a second: the job's states and its pictures"


async def test_no_link_is_left_in_the_database_of_a_finished_article(studio: Studio) -> None:
    await until(studio, await order(studio))
    engine = create_async_engine(studio.settings.database_url)
    async with engine.connect() as connection:
        stored = (await connection.execute(sa.text("SELECT article FROM jobs"))).scalar_one()
    await engine.dispose()
    assert "http" not in str(stored)
