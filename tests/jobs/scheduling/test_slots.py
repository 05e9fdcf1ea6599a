"""Slots in the database: one limit for all processes, on SQLite and on PostgreSQL alike; and a studio that obeys it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.catalogue import CATALOGUE
from services.catalogue.schema import RateLimit
from services.database.jobs import History
from services.domain.jobs import Decision, Job, JobStatus
from services.domain.people import EVERYONE, Person
from services.jobs.scheduling import Dispatcher, QueuePosition
from services.jobs.scheduling.slots import Bucket, Slots
from services.simulator import Route
from services.studio import Studio
from services.web import add_routes
from tests.rig.postgres import emptied
from tests.rig.studio import simulated, studio_at, until
from tests.rig.works import a_job

NOW = 1_790_000_100_000
RATE = RateLimit(submits_per_second=5, running=3)
BUCKET = Bucket("singapore-1234", "a-model")


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def processes(url: str) -> AsyncIterator[list[History]]:
    """Three that share a database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(History.open(url)) for _ in range(3)]


async def ask(history: History, count: int, **changes: object) -> list[Job]:
    waiting = {"status": JobStatus.QUEUED, "finished_at": None, "actual_micros": None, **changes}
    return [await history.add(a_job(number, **waiting)) for number in range(count)]


async def test_processes_that_give_at_the_same_time_give_each_lane_once(processes: list[History]) -> None:
    await ask(processes[0], 12)
    gifts = await asyncio.gather(
        *(Slots(history.engine).give(BUCKET, rate=RATE, now=NOW + n) for n in range(4) for history in processes)
    )
    given = [job.id for gift in gifts for job in gift]
    assert len(given) == len(set(given)) == 3


async def test_a_lane_is_free_again_when_the_vendor_is_done(processes: list[History]) -> None:
    history, other, _ = processes
    await ask(history, 5)
    first, second, _third = await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW)
    assert await Slots(other.engine).give(BUCKET, rate=RATE, now=NOW) == ()
    await history.change(first.id, status=JobStatus.SAVING, task_id="t1")
    await history.change(second.id, status=JobStatus.CANCELED)
    assert len(await Slots(other.engine).give(BUCKET, rate=RATE, now=NOW)) == 2


async def test_accounts_and_models_have_lanes_of_their_own(processes: list[History]) -> None:
    history = processes[0]
    await ask(history, 4)
    await ask(history, 4, vendor_model="another")
    await ask(history, 4, account="beijing-1234")
    lines = await Slots(history.engine).lines(now=NOW)
    assert len(lines) == 3
    given = [len(await Slots(history.engine).give(line.bucket, rate=RATE, now=NOW)) for line in lines]
    assert given == [3, 3, 3]


async def test_people_take_turns_in_the_database_too(processes: list[History]) -> None:
    history = processes[0]
    await ask(history, 6, person="ann", batch="b")
    await ask(history, 6, person="bob", batch="b", created_at=NOW, updated_at=NOW)
    served: list[str] = []
    for round_number in range(4):
        for job in await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW + round_number):
            served.append(job.person)
            await history.change(job.id, status=JobStatus.SUCCEEDED)
    assert (served.count("ann"), served.count("bob")) == (6, 6)
    assert abs(served[:6].count("ann") - 3) <= 1


async def test_turns_to_send_are_spaced_for_all_processes_together(processes: list[History]) -> None:
    rate = RateLimit(submits_per_second=2, running=9)
    await ask(processes[0], 9)
    given = await Slots(processes[0].engine).give(BUCKET, rate=rate, now=NOW)
    turns = await asyncio.gather(
        *(Slots(processes[n % 3].engine).turn_to_send(job, now=NOW) for n, job in enumerate(given))
    )
    found = sorted(turn for turn in turns if turn is not None)
    assert len(found) == 9
    assert min(later - sooner for sooner, later in itertools.pairwise(found)) >= 500


async def test_a_refusal_takes_the_lanes_of_what_was_not_sent_and_says_how_many_there_are(
    processes: list[History],
) -> None:
    history, other, _ = processes
    await ask(history, 5)
    sent, refused, unsent = await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW)
    await history.change(sent.id, status=JobStatus.RUNNING, task_id="t1")
    await history.change(refused.id, status=JobStatus.SUBMITTING)
    back = await Slots(history.engine).refuse(refused, now=NOW, first_pause_ms=5000, jitter=0, attention="Too fast.")
    assert set(back) == {refused.id, unsent.id}
    again = await history.job(refused.id, owner=EVERYONE)
    assert (again.status, again.dispatched_at, again.attention) == (JobStatus.QUEUED, None, "Too fast.")
    assert await Slots(other.engine).turn_to_send(unsent, now=NOW) is None
    assert await Slots(other.engine).may_send(unsent, now=NOW) is None
    assert await Slots(other.engine).may_send(sent, now=NOW) is False, "the vendor wants a pause"
    assert await Slots(other.engine).give(BUCKET, rate=RATE, now=NOW + 5000) == (), "one slot is known, and it is busy"
    await history.change(sent.id, status=JobStatus.SAVING)
    assert await Slots(other.engine).give(BUCKET, rate=RATE, now=NOW + 4999) == ()
    assert len(await Slots(other.engine).give(BUCKET, rate=RATE, now=NOW + 5000)) == 1


async def test_what_was_learned_outlives_a_restart_and_one_more_is_tried_later(url: str) -> None:
    async with History.open(url) as history:
        await ask(history, 5)
        sent, refused, _unsent = await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW)
        await history.change(sent.id, status=JobStatus.RUNNING, task_id="t1")
        await history.change(refused.id, status=JobStatus.SUBMITTING)
        await Slots(history.engine).refuse(refused, now=NOW, first_pause_ms=5000, jitter=0, attention="Too fast.")
    async with History.open(url) as history:
        assert [known.slots for known in await Slots(history.engine).known()] == [1]
        hour = 3_600_000
        assert await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW + hour - 1) == ()
        (more,) = await Slots(history.engine).give(BUCKET, rate=RATE, now=NOW + hour)
        await history.change(more.id, status=JobStatus.PENDING, task_id="t2")
        await Slots(history.engine).taken(more)
        assert [(known.slots, known.refusals) for known in await Slots(history.engine).known()] == [(2, 0)]


async def test_a_job_in_doubt_holds_no_lane_and_explains_a_refusal(processes: list[History]) -> None:
    history = processes[0]
    await ask(history, 3)
    two = RateLimit(submits_per_second=5, running=2)
    lost, running = await Slots(history.engine).give(BUCKET, rate=two, now=NOW)
    await history.change(running.id, status=JobStatus.RUNNING)
    await history.change(lost.id, status=JobStatus.UNKNOWN)
    (following,) = await Slots(history.engine).give(BUCKET, rate=two, now=NOW + 1)
    await history.change(following.id, status=JobStatus.SUBMITTING)
    await Slots(history.engine).refuse(following, now=NOW + 2, first_pause_ms=1, jitter=0, attention="Too fast.")
    (limits,) = await Slots(history.engine).known()
    assert limits.slots == 2, "the vendor has two: the one that runs and perhaps the lost one"


async def test_a_job_that_rests_or_waits_for_a_decision_is_given_no_slot(processes: list[History]) -> None:
    history = processes[0]
    rests, asked, free = [job.id for job in await ask(history, 3)]
    await history.change(rests, rests_until=NOW + 60_000)
    await history.change(asked, decision=Decision.REFUSED)
    five = RateLimit(submits_per_second=5, running=5)
    assert [job.id for job in await Slots(history.engine).give(BUCKET, rate=five, now=NOW)] == [free]
    assert await Slots(history.engine).next_rested(now=NOW) == NOW + 60_000
    (given,) = await Slots(history.engine).give(BUCKET, rate=five, now=NOW + 60_000)
    assert (given.id, given.rests_until) == (rests, None)
    await history.change(asked, decision=Decision.SEND)
    assert [job.id for job in await Slots(history.engine).give(BUCKET, rate=five, now=NOW)] == [asked]


async def test_who_waits_is_told_their_place_and_who_has_a_lane_is_started(processes: list[History]) -> None:
    history = processes[0]
    asked = await ask(history, 8, vendor_model="unknown to the catalogue")
    started: list[str] = []
    told: list[str] = []

    async def start(job: Job) -> None:
        started.append(job.id)

    async def announce(job_id: str) -> None:
        told.append(job_id)

    dispatcher = Dispatcher(
        Slots(history.engine), catalogue=CATALOGUE, start=start, announce=announce, clock=lambda: NOW
    )
    await dispatcher.look()
    assert started == [asked[0].id], "of what is not in the catalogue one is made at once"
    assert dispatcher.place(asked[0].id) is None
    assert dispatcher.place(asked[1].id) == QueuePosition(place=1, of=7, slots=1, busy=1)
    assert dispatcher.place(asked[7].id) == QueuePosition(place=7, of=7, slots=1, busy=1)
    async with dispatcher.working():
        while len(set(told)) < 8:
            await asyncio.sleep(0.01)
        assert dispatcher.alive
        await history.change(asked[0].id, status=JobStatus.SUCCEEDED)
        dispatcher.nudge()
        while len(started) < 2:
            await asyncio.sleep(0.01)
    assert started == [asked[0].id, asked[1].id]


async def test_who_could_not_be_started_is_started_later(processes: list[History]) -> None:
    history = processes[0]
    (asked,) = await ask(history, 1)
    tries: list[str] = []

    async def start(job: Job) -> None:
        tries.append(job.id)
        if len(tries) == 1:
            raise OSError("the engine's database is locked")

    async def announce(_job_id: str) -> None:
        """Nobody watches."""

    dispatcher = Dispatcher(
        Slots(history.engine), catalogue=CATALOGUE, start=start, announce=announce, clock=lambda: NOW
    )
    with pytest.raises(OSError, match="locked"):
        await dispatcher.look()
    await dispatcher.look()
    assert tries == [asked.id, asked.id]


# A studio ------------------------------------------------------------------------------------------------------------


async def test_a_batch_never_trips_the_vendors_limits(home: Path, tmp_path: Path) -> None:
    async with (
        simulated(tmp_path / "vendor", refuse_over_running=True) as (simulator, url),
        studio_at(home, url) as studio,
    ):
        jobs = [
            await studio.submit(family="text_to_video", model="wan2.1-t2v-turbo", given={"prompt": f"clip {n}"})
            for n in range(6)
        ]
        ended = [await until(studio, job["id"], seconds=60) for job in jobs]
        assert [job["status"] for job in ended] == ["succeeded"] * 6
        assert simulator.record.counts[Route.CREATE] == len(simulator.creates) == 6, "none was refused"


async def test_a_vendor_that_takes_fewer_is_obeyed_after_its_first_refusal(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", speed=10) as (simulator, url), studio_at(home, url) as studio:
        first = await studio.submit(family="text_to_video", model="wan2.6-t2v", given={"prompt": "one", "duration": 2})
        await until(studio, first["id"], lambda job: job["task_id"] is not None)
        simulator.faults.refuse_creates()
        jobs = [
            await studio.submit(family="text_to_video", model="wan2.6-t2v", given={"prompt": f"{n}", "duration": 2})
            for n in range(3)
        ]
        ended = [await until(studio, job["id"], seconds=60) for job in (first, *jobs)]
        assert [job["status"] for job in ended] == ["succeeded"] * 4
        (known,) = await Slots(studio.services.history.engine).known()
        # As many as were there by then: another order may have arrived before the one that was refused.
        assert known.learned_limit in (1, 2)
        assert len(simulator.creates) == 4


async def test_a_lane_that_was_given_just_before_a_crash_is_used_after_it(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (simulator, url):
        async with studio_at(home, url) as studio:
            simulator.faults.refuse_connections()
            job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given={"prompt": "a", "duration": 2})
            await until(studio, job["id"], lambda seen: seen["attention"] is not None)
        async with History.open(studio.settings.database_url) as history:
            # Given, and killed before the engine knew.
            await history.change(job["id"], status=JobStatus.QUEUED, dispatched_at=NOW, attention=None)
        simulator.faults.refuse_connections(False)
        async with studio_at(home, url) as studio:
            assert (await until(studio, job["id"]))["status"] == "succeeded"
        assert len(simulator.creates) == 1


async def test_a_job_that_waits_shows_its_place(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "slow", run_seconds=4000) as (_simulator, url), studio_at(home, url) as studio:
        ids = [
            (await studio.submit(family="text_to_video", model="wan2.1-t2v-turbo", given={"prompt": f"{n}"}))["id"]
            for n in range(4)
        ]
        waiting = await until(studio, ids[3], lambda job: job["place_in_line"] is not None)
        assert waiting["place_in_line"] is not None
        await until(studio, ids[3], lambda job: job["place_in_line"] == {"place": 2, "of": 2, "lanes": 2, "busy": 2})
        assert (await studio.job(ids[0]))["place_in_line"] is None
        await studio.cancel(ids[2])
        await until(studio, ids[3], lambda job: job["place_in_line"] == {"place": 1, "of": 1, "lanes": 2, "busy": 2})


SLOW = {"run_seconds": 4000}
TWO_SLOTS: dict[str, Any] = {"family": "text_to_video", "model": "wan2.1-t2v-turbo", "given": {"prompt": "a"}}
OMAR, MEI = Person("omar"), Person("mei", admin=True)


async def order_of(studio: Studio, job_ids: list[str]) -> list[str]:
    """Those of these jobs that wait, in their places."""
    views = [await studio.job(job_id, person=MEI) for job_id in job_ids]
    waiting = [(view["place_in_line"]["place"], view["id"]) for view in views if view["place_in_line"] is not None]
    return [job_id for _place, job_id in sorted(waiting)]


async def comes_to(studio: Studio, job_ids: list[str], good: Callable[[list[str]], bool]) -> None:
    async with asyncio.timeout(20):
        while not good(await order_of(studio, job_ids)):
            await asyncio.sleep(0.02)


async def test_the_only_work_of_somebody_goes_before_a_batch_of_somebody_else(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "slow", **SLOW) as (_simulator, url), studio_at(home, url) as studio:
        batch = [job["id"] for job in await studio.submit_many(**TWO_SLOTS, copies=6, person=OMAR)]
        await comes_to(studio, batch, lambda order: len(order) == 4)
        single = (await studio.submit(**TWO_SLOTS, person=Person("li")))["id"]
        await comes_to(studio, [*batch, single], lambda order: order[:1] == [single] and len(order) == 5)


async def test_a_person_says_which_of_their_own_comes_first_and_an_admin_which_of_all(
    home: Path, tmp_path: Path
) -> None:
    people: dict[str, Any] = {"studio_person_header": "X-Who", "studio_admins": ("mei",)}
    async with simulated(tmp_path / "slow", **SLOW) as (_simulator, url), studio_at(home, url, **people) as studio:
        app = FastAPI()
        add_routes(app, studio)
        ask = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://studio")

        async def hurry(job_id: str, priority: object, who: Person) -> httpx.Response:
            headers = {"X-Who": who.name, "X-Studio": "1"}
            return await ask.post(f"/studio/jobs/{job_id}/priority", json={"priority": priority}, headers=headers)

        omars = [job["id"] for job in await studio.submit_many(**TWO_SLOTS, copies=5, person=OMAR)]
        lis = [job["id"] for job in await studio.submit_many(**TWO_SLOTS, copies=3, person=Person("li"))]
        every = [*omars, *lis]
        await comes_to(studio, every, lambda order: len(order) == 6)
        before = await order_of(studio, every)
        last = [job_id for job_id in before if job_id in omars][-1]
        answer = await hurry(last, 1, OMAR)
        assert (answer.status_code, answer.json()["priority"]) == (200, 1)
        await comes_to(studio, every, lambda order: next(job_id for job_id in order if job_id in omars) == last)
        turns = [job_id in omars for job_id in await order_of(studio, every)]
        assert turns == [job_id in omars for job_id in before], "nobody else waits longer for it"
        assert (await hurry(omars[-1], 1, Person("li"))).status_code == 404, "not one's own"
        assert (await hurry(lis[-1], 1, MEI)).json()["priority"] == 2
        await comes_to(studio, every, lambda order: order[0] == lis[-1])
        assert (await hurry(lis[-1], 0, MEI)).json()["priority"] == 0
        await comes_to(studio, every, lambda order: order[0] != lis[-1])
        at_work = next(job_id for job_id in every if job_id not in before)
        assert (await hurry(at_work, 1, MEI)).status_code == 409, "it has its turn already"
        for wrong in (2, -1, True, "1", None):
            assert (await hurry(last, wrong, OMAR)).status_code == 409
        await ask.aclose()
