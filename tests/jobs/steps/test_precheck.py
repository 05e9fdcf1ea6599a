"""The portrait check before a lip-sync: asked once for a picture, paid once, and never asked again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from services.gallery.views import JobView
from services.simulator import Answer, Drop, Route, Simulator
from services.studio import Studio
from tests.rig.studio import ROOT, simulated, studio_at, until

SAMPLES = ROOT / "assets/samples"
CHECK = 0.004


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor", run_seconds=5.0) as (simulator, url):
        yield simulator, url.replace("/singapore/", "/beijing/")


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1], dashscope_region="beijing") as running:
        yield running


async def order(studio: Studio, portrait: Path = SAMPLES / "portrait.jpg") -> str:
    given = {"image": str(portrait), "audio_file": str(SAMPLES / "voice.mp3"), "resolution": "480P"}
    return (await studio.submit(family="digital_human", model="wan2.2-s2v", given=given))["id"]


async def make(studio: Studio, portrait: Path = SAMPLES / "portrait.jpg") -> JobView:
    return await until(studio, await order(studio, portrait))


def checks_of(simulator: Simulator) -> int:
    return simulator.record.counts[Route.CHECK]


@pytest.fixture
def a_wall(tmp_path: Path) -> Path:
    """A picture with nobody in it."""
    path = tmp_path / "wall.png"
    Image.new("RGB", (640, 640), (40, 90, 200)).save(path)
    return path


async def test_a_portrait_is_asked_about_once_and_paid_once(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    first = await make(studio)
    assert (first["status"], first["error"]) == ("succeeded", None)
    assert first["outputs"][0]["kind"] == "video"
    assert first["cost"]["actual"] == pytest.approx(first["cost"]["estimated"], abs=0.05)
    second = await make(studio)
    assert second["status"] == "succeeded"
    assert second["cost"]["estimated"] == first["cost"]["estimated"]
    assert second["cost"]["actual"] == pytest.approx((first["cost"]["actual"] or 0) - CHECK)
    assert (checks_of(vendor[0]), len(vendor[0].creates)) == (1, 2)


async def test_a_refused_portrait_costs_the_check_and_says_why(
    studio: Studio, vendor: tuple[Simulator, str], a_wall: Path
) -> None:
    job = await make(studio, a_wall)
    assert job["status"] == "failed"
    assert job["error"] is not None
    assert (job["error"]["code"], job["error"]["message"]) == (
        "InvalidFile.NoHuman",
        "No person was found in the picture.",
    )
    assert job["error"]["hint"]
    assert job["cost"]["actual"] == CHECK
    again = await make(studio, a_wall)
    assert (again["status"], again["cost"]["actual"]) == ("failed", 0)
    assert (checks_of(vendor[0]), len(vendor[0].creates)) == (1, 0)


@pytest.mark.parametrize("taken", [True, False])
async def test_a_lost_answer_ends_the_job_and_only_a_new_one_asks_again(
    studio: Studio, vendor: tuple[Simulator, str], taken: bool
) -> None:
    vendor[0].faults.add(Route.CHECK, Drop(taken))
    job = await make(studio)
    assert job["status"] == "failed"
    assert job["error"] is not None
    assert job["error"]["code"] == "CheckLost"
    assert "it may have cost ¥0.004" in job["error"]["message"]
    assert job["cost"]["actual"] is None
    assert (checks_of(vendor[0]), len(vendor[0].creates)) == (1, 0)
    assert (await make(studio))["status"] == "succeeded"
    assert (checks_of(vendor[0]), len(vendor[0].creates)) == (2, 1)


async def test_a_check_that_was_not_taken_is_asked_again(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.add(Route.CHECK, Answer(429, "Throttling.RateQuota"), times=4)
    assert (await make(studio))["status"] == "succeeded"
    assert await _paid_checks(vendor[0]) == 1


async def _paid_checks(simulator: Simulator) -> int:
    return len(simulator.record.checks)


async def test_a_refused_question_costs_nothing(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.add(Route.CHECK, Answer(400, "InvalidParameter", "image format error"))
    job = await make(studio)
    assert (job["status"], job["cost"]["actual"], len(vendor[0].creates)) == ("failed", 0, 0)


async def test_two_jobs_with_one_portrait_ask_once(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.delay(Route.CHECK, 0.6)
    jobs = [await until(studio, job_id) for job_id in [await order(studio), await order(studio)]]
    assert [job["status"] for job in jobs] == ["succeeded", "succeeded"]
    assert checks_of(vendor[0]) == 1
    first, second = sorted(job["cost"]["actual"] or 0 for job in jobs)
    assert second - first == pytest.approx(CHECK)


async def test_canceling_while_it_is_asked_costs_the_check_only(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.delay(Route.CHECK, 0.8)
    job_id = await order(studio)
    while not checks_of(vendor[0]):
        await asyncio.sleep(0.02)
    assert (await studio.cancel(job_id))["status"] == "canceled"
    job = await until(studio, job_id, lambda job: bool(job["cost"]["actual"]))
    assert (job["status"], job["cost"]["actual"], len(vendor[0].creates)) == ("canceled", CHECK, 0)


async def test_a_studio_that_stops_while_it_asks_does_not_ask_again_by_itself(
    home: Path, vendor: tuple[Simulator, str]
) -> None:
    vendor[0].faults.delay(Route.CHECK, 3)
    async with studio_at(home, vendor[1], dashscope_region="beijing") as studio:
        job_id = await order(studio)
        while not checks_of(vendor[0]):
            await asyncio.sleep(0.02)
    async with studio_at(home, vendor[1], dashscope_region="beijing") as studio:
        job = await until(studio, job_id)
        assert job["error"] is not None
        assert (job["status"], job["error"]["code"]) == ("failed", "CheckLost")
        assert (checks_of(vendor[0]), len(vendor[0].creates)) == (1, 0)
        assert (await make(studio))["status"] == "succeeded"
