"""One question for many: the list says when asking is worth while, and is never believed by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.catalogue import CATALOGUE
from services.dashscope import DashScope
from services.domain.people import EVERYONE
from services.simulator import Answer, Route, Simulator, serve
from services.studio import Studio
from tests.rig.studio import QUICK, quick_artist, simulated, studio_at, until

PACE = replace(QUICK, poll=2.0, first_poll=0.1)
"""Each by itself asks every eight seconds once the list is asked for all."""


async def buy(studio: Studio, count: int) -> list[str]:
    jobs = []
    for number in range(count):
        given = {"prompt": f"clip {number}", "duration": 2}
        jobs.append(await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given))
    return [job["id"] for job in jobs]


async def lags(studio: Studio, ids: list[str]) -> list[float]:
    found = [await studio.services.history.job(job_id, owner=EVERYONE) for job_id in ids]
    return [((job.finished_at or 0) - (job.ended_at or 0)) / 1000 for job in found]


async def test_the_end_of_one_of_many_is_noticed_with_few_questions(home: Path, tmp_path: Path) -> None:
    pace = replace(PACE, poll=4.0)
    async with (
        simulated(tmp_path / "vendor", speed=20, run_seconds=100) as (simulator, url),
        studio_at(home, url, pace=pace) as studio,
    ):
        ids = await buy(studio, 5)
        for job_id in ids:
            assert (await until(studio, job_id, seconds=60))["status"] == "succeeded"
        late = await lags(studio, ids)
    assert simulator.record.counts[Route.LIST] >= 2
    assert simulator.record.counts[Route.QUERY] <= 5 * 8, "each asks when it begins, when it ends, and rarely between"
    assert sorted(late)[2] < 2 * pace.poll, "half of the pause that each would make by itself, on a busy machine too"


async def test_a_list_that_cannot_be_read_loses_nothing(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", speed=50, run_seconds=50) as (simulator, url):
        simulator.faults.add(Route.LIST, Answer(500), times=1_000)
        async with studio_at(home, url) as studio:
            for job_id in await buy(studio, 5):
                assert (await until(studio, job_id, seconds=60))["status"] == "succeeded"


async def test_a_round_that_fails_is_not_the_last_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = DashScope.tasks_at_work
    rounds: list[str] = []

    async def fails_once(vendor: DashScope) -> frozenset[str]:
        rounds.append("asked")
        if len(rounds) == 1:
            raise RuntimeError("a bug")
        return await asked(vendor)

    monkeypatch.setattr(DashScope, "tasks_at_work", fails_once)
    async with (
        simulated(tmp_path / "vendor", speed=20, run_seconds=80) as (_simulator, url),
        studio_at(home, url, pace=PACE) as studio,
    ):
        for job_id in await buy(studio, 5):
            assert (await until(studio, job_id, seconds=60))["status"] == "succeeded"
    assert len(rounds) > 1
    assert "polling round failed" in caplog.text


async def test_a_list_that_lags_behind_is_left_alone(home: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    simulator = Simulator(CATALOGUE, home=vendor, speed=20, run_seconds=100, artist=quick_artist())
    simulator.app = Behind(simulator.app)  # type: ignore[assignment]  # the same ASGI call
    async with (
        serve(simulator) as origin,
        studio_at(home, f"{origin}/singapore/api/v1", pace=replace(PACE, poll=0.5)) as studio,
    ):
        for job_id in await buy(studio, 5):
            assert (await until(studio, job_id, seconds=60))["status"] == "succeeded"
    assert 0 < simulator.record.counts[Route.LIST] <= 10, "after three untrue answers it is not asked any more"


class Behind:
    """The list of what is at work has nothing in it yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["query_string"] = scope["query_string"].replace(b"status=RUNNING", b"status=SUSPENDED")
        await self._app(scope, receive, send)
