"""Stopping a job: free while it waits, told as a race where it is one, kept or hidden where it cannot be stopped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.domain.errors import StudioError
from services.domain.jobs import Decision, JobStatus, OnArrival
from services.jobs.pace import Pace
from services.simulator import Answer, Delay, Drop, Route
from services.studio import Studio
from services.web import add_routes
from tests.rig.clock import HeldClock
from tests.rig.served import served
from tests.rig.studio import QUICK, simulated, studio_at, until

WORDS = {"prompt": "A paper boat on a rainy street", "duration": 2}
UNASKED = replace(QUICK, poll=60.0, first_poll=60.0)
"""What the vendor does is not noticed by itself."""
PAGE = {"X-Studio": "page"}


async def buy(studio: Studio) -> str:
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=WORDS)
    return job["id"]


async def pending(studio: Studio) -> str:
    job_id = await buy(studio)
    await until(studio, job_id, lambda job: job["status"] == "pending")
    return job_id


async def test_a_waiting_job_is_canceled_for_nothing(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        job_id = await pending(studio)
        assert (await studio.job(job_id))["stoppable"] == "free"
        canceled = await studio.cancel(job_id)
    assert (canceled["status"], canceled["cost"]["actual"], canceled["stoppable"]) == ("canceled", 0, None)
    assert simulator.record.counts[Route.CANCEL] == 1


async def test_who_cancels_a_moment_too_late_is_told_so_and_what_it_costs(home: Path, tmp_path: Path) -> None:
    clock = HeldClock()
    async with (
        simulated(tmp_path / "vendor", clock=clock) as (simulator, url),
        studio_at(home, url, pace=UNASKED) as studio,
    ):
        job_id = await pending(studio)
        while not simulator.record.counts[Route.QUERY]:
            await asyncio.sleep(0.05)  # it is asked for once, at once
        await clock.step()
        while [task.status for task in await simulator.world.ledger.tasks()] != ["RUNNING"]:
            await asyncio.sleep(0.05)  # it begins there, and nobody asks
        with pytest.raises(StudioError, match=r"Too late by a moment.* costs \$"):
            await studio.cancel(job_id)
        job = await studio.job(job_id)
    assert (job["status"], job["stoppable"], job["cancel_requested"]) == ("running", "no", False)
    assert "had begun a moment before" in (job["remark"] or "")


async def test_a_cancel_whose_answer_was_lost_is_looked_up(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        job_id = await pending(studio)
        simulator.faults.add(Route.CANCEL, Drop(taken=True), times=9)
        assert (await studio.cancel(job_id))["status"] == "canceled"


async def test_a_cancel_that_does_not_get_through_stands_and_is_tried_again(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        job_id = await pending(studio)
        simulator.faults.add(Route.CANCEL, Answer(500), times=6)
        told = await studio.cancel(job_id)
        assert told["status"] == "canceled" or "on its way" in (told["attention"] or "")
        assert (await until(studio, job_id))["status"] == "canceled"


async def test_a_cancel_that_never_gets_through_is_told_as_a_race_once_it_has_begun(home: Path, tmp_path: Path) -> None:
    clock = HeldClock()
    async with simulated(tmp_path / "vendor", clock=clock) as (simulator, url), studio_at(home, url) as studio:
        job_id = await pending(studio)
        simulator.faults.add(Route.CANCEL, Answer(500), times=500)
        told = await studio.cancel(job_id)
        assert (told["cancel_requested"], told["status"]) == (True, "pending")
        await clock.step()
        job = await until(studio, job_id, lambda job: job["status"] == "running")
    assert (job["cancel_requested"], job["stoppable"]) == (False, "no"), "it can be kept or hidden"
    assert "had begun a moment before" in (job["remark"] or "")


@pytest.mark.parametrize("taken", [True, False])
async def test_what_is_on_its_way_is_canceled_as_soon_as_it_is_known(home: Path, tmp_path: Path, taken: bool) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        simulator.faults.drop_creates(taken=taken)
        simulator.faults.delay(Route.LIST, 3.0)  # so that it is canceled before it is cleared up
        job_id = await buy(studio)
        await until(studio, job_id, lambda job: job["status"] == "unknown")
        told = await studio.cancel(job_id)
        assert (told["stoppable"], told["cancel_requested"]) == ("race", True)
        job = await until(studio, job_id)
    assert (job["status"], job["cost"]["actual"]) == ("canceled", 0)
    assert len(simulator.creates) == int(taken)
    assert simulator.record.counts[Route.CANCEL] == int(taken)


async def test_a_cancel_while_the_order_is_being_sent_stops_it_at_the_vendor(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        simulator.faults.add(Route.CREATE, Delay(1.0))
        job_id = await buy(studio)
        await until(studio, job_id, lambda job: job["status"] == "submitting")
        assert (await studio.cancel(job_id))["cancel_requested"]
        assert (await until(studio, job_id))["status"] == "canceled"
    assert simulator.record.counts[Route.CANCEL] == 1


# What cannot be stopped ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", list(OnArrival))
async def test_what_is_hidden_is_fetched_and_lies_in_the_bin(home: Path, tmp_path: Path, wish: OnArrival) -> None:
    clock = HeldClock()
    async with simulated(tmp_path / "vendor", clock=clock) as (_simulator, url), studio_at(home, url) as studio:
        job_id = await buy(studio)
        await clock.step()
        await until(studio, job_id, lambda job: job["status"] == "running")
        with pytest.raises(StudioError, match="cannot stop it"):
            await studio.cancel(job_id)
        assert (await studio.arrive(job_id, OnArrival.HIDE))["on_arrival"] == "hide"
        assert (await studio.arrive(job_id, wish))["on_arrival"] == wish
        clock.go()
        job = await until(studio, job_id)
        shown = [one["id"] for one in (await studio.jobs())["items"]]
        binned = [one["id"] for one in (await studio.jobs(deleted=True))["items"]]
        with pytest.raises(StudioError, match="just arrived"):
            await studio.arrive(job_id, OnArrival.HIDE)
    assert (job["status"], len(job["outputs"])) == ("succeeded", 1)
    assert (job["cost"]["actual"] or 0) > 0, "it is paid for"
    assert (job["deleted_at"] is not None) is (wish is OnArrival.HIDE)
    assert (binned if wish is OnArrival.HIDE else shown) == [job_id]


async def test_of_what_was_canceled_nothing_arrives(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", clock=HeldClock()) as (_simulator, url), studio_at(home, url) as studio:
        job_id = await pending(studio)
        await studio.cancel(job_id)
        with pytest.raises(StudioError, match="nothing will arrive"):
            await studio.arrive(job_id, OnArrival.HIDE)


# Over HTTP -----------------------------------------------------------------------------------------------------------


async def test_decisions_over_http_are_the_owner_s_and_words_are_checked(home: Path, tmp_path: Path) -> None:
    async with (
        simulated(tmp_path / "vendor", run_seconds=4000) as (simulator, url),
        studio_at(home, url, studio_person_header="X-Person", pace=Pace(poll=0.2, first_poll=0.05)) as studio,
    ):
        simulator.faults.drop_creates(taken=False)
        simulator.faults.add(Route.LIST, Answer(401, "InvalidApiKey", "Invalid API-key provided."), times=50)
        app = FastAPI()
        add_routes(app, studio)
        mei, omar = PAGE | {"X-Person": "mei"}, PAGE | {"X-Person": "omar"}
        async with served(app) as address, httpx.AsyncClient(base_url=address) as client:
            person = studio.person_in({"X-Person": "mei"})
            job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=WORDS, person=person)
            path = f"/studio/jobs/{job['id']}"
            while not (await client.get(path, headers=mei)).json()["decision_wanted"]:
                await asyncio.sleep(0.05)
            foreign = await client.post(f"{path}/decide", json={"decision": "drop"}, headers=omar)
            unknown = await client.post(f"{path}/decide", json={"decision": "wanted"}, headers=mei)
            elsewhere = await client.post(f"{path}/decide", json={"decision": "drop"}, headers={"X-Person": "mei"})
            hidden = await client.post(f"{path}/arrival", json={"on_arrival": "hide"}, headers=mei)
            dropped = await client.post(f"{path}/decide", json={"decision": "drop"}, headers=mei)
            again = await client.post(f"{path}/decide", json={"decision": Decision.SEND}, headers=mei)
            late = await client.post(f"{path}/arrival", json={"on_arrival": "keep"}, headers=mei)
    assert (foreign.status_code, unknown.status_code, elsewhere.status_code) == (404, 409, 409)
    assert "`send` or `drop`" in unknown.json()["message"]
    assert hidden.json()["on_arrival"] == "hide"
    assert (dropped.json()["status"], dropped.json()["cost"]["actual"]) == (JobStatus.CANCELED, None)
    assert (again.status_code, late.status_code) == (409, 409)
    assert simulator.creates == []
