"""The alarm before the provider drops a result: when it comes, whom it is told, and what is tried first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.database.jobs import History
from services.domain.jobs import Job, JobStatus, new_id
from services.domain.people import LOCAL, Person
from services.jobs.expiry import DeadlineQueue, expiry, lost_at, next_pause
from services.jobs.expiry_alarm import ExpiryAlarm
from tests.jobs.steps.test_save import a_job

HOUR = 3600 * 1000
NOW = 1_800_000_000_000


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as opened:
        yield opened


def a_guard(history: History, woken: list[str] | None = None) -> ExpiryAlarm:
    return ExpiryAlarm(history=history, wake=(woken if woken is not None else []).append, clock=lambda: NOW)


def left(hours: float, **members: object) -> Job:
    """A job whose result is dropped in so many hours."""
    bought = NOW + round((hours - 24) * HOUR)
    job = replace(a_job(task_id=new_id(1)), id=new_id(bought), created_at=bought, expires_at=bought + 24 * HOUR)
    return replace(job, **members)


# The alarm -----------------------------------------------------------------------------------------------------------


async def test_without_anything_at_the_provider_there_is_no_alarm(history: History) -> None:
    assert await a_guard(history).at_risk(LOCAL, demo=False) is None


async def test_the_alarm_counts_what_has_two_hours_left_and_tells_the_first(history: History) -> None:
    for hours in (2.01, 1.99, 0.5, 20):
        await history.add(left(hours))
    found = await a_guard(history).at_risk(LOCAL, demo=False)
    assert found == {"count": 2, "soonest": "2027-01-15T08:30:00.000Z"}


@pytest.mark.parametrize(
    "job",
    [
        left(1, status=JobStatus.SUCCEEDED),
        left(1, status=JobStatus.FAILED),
        left(1, status=JobStatus.QUEUED, expires_at=None, task_id=None),
        left(1, status=JobStatus.RUNNING, expires_at=None, task_id=None),
        left(1, demo=True),
    ],
    ids=["saved", "failed", "not sent", "live and still at work", "of the demo"],
)
async def test_what_cannot_be_lost_raises_no_alarm(history: History, job: Job) -> None:
    await history.add(job)
    assert await a_guard(history).at_risk(LOCAL, demo=False) is None


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.RUNNING])
async def test_a_task_nobody_could_ask_about_counts_from_the_day_it_was_bought(
    history: History, status: JobStatus
) -> None:
    await history.add(left(1, status=status, expires_at=None))
    found = await a_guard(history).at_risk(LOCAL, demo=False)
    assert found is not None
    assert found["count"] == 1


async def test_each_person_is_told_of_their_own_and_an_admin_of_all(history: History) -> None:
    await history.add(left(1, person="ada"))
    await history.add(left(1, person="ben"))
    counts = []
    for person in (Person("ada"), Person("cleo"), Person("root", admin=True)):
        found = await a_guard(history).at_risk(person, demo=False)
        counts.append(found["count"] if found else 0)
    assert counts == [1, 0, 2]


async def test_try_now_wakes_what_is_not_saved_the_nearest_loss_first(history: History) -> None:
    woken: list[str] = []
    later, soon, others = left(9), left(3), left(1, person="ben")
    for job in (later, soon, others):
        await history.add(job)
    await history.add(left(1, status=JobStatus.SUCCEEDED, person="local"))
    assert await a_guard(history, woken).retry(Person("local"), demo=False) == 2
    assert woken == [soon.id, later.id]


# When it is lost -----------------------------------------------------------------------------------------------------


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@pytest.mark.parametrize(
    ("ended_at", "end"),
    [
        (at(NOW - HOUR), NOW - HOUR),
        (None, NOW),
        (at(NOW - 9 * HOUR), NOW),  # told in another zone than we think: before it was even bought
        (at(NOW + 8 * HOUR), NOW),
    ],
)
def test_a_result_is_kept_for_24_hours_after_the_end_of_its_task(ended_at: datetime | None, end: int) -> None:
    assert expiry(ended_at=ended_at, bought_at=NOW - 2 * HOUR, seen_at=NOW) == end + 24 * HOUR


def test_without_a_known_end_a_result_may_be_lost_a_day_after_it_was_bought() -> None:
    assert lost_at(replace(a_job(task_id="t"), submitted_at=NOW)) == NOW + 24 * HOUR
    assert lost_at(replace(a_job(task_id="t"), submitted_at=NOW, expires_at=NOW + 1)) == NOW + 1


# How soon it is tried again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pause", "seconds_left", "next_one"),
    [(1, 80_000, 1), (32, 80_000, 32), (500, 80_000, 60), (60, 3600, 36), (60, 600, 6), (60, 30, 1), (60, -5, 1)],
)
def test_the_nearer_the_loss_the_sooner_the_next_try(pause: float, seconds_left: float, next_one: float) -> None:
    assert next_pause(pause, longest=60, shortest=1, left=seconds_left) == next_one


async def test_who_has_the_least_time_left_is_next() -> None:
    turns, order, begin = DeadlineQueue(1), list[int](), asyncio.Event()

    async def one(before: int) -> None:
        async with turns.turn(before):
            order.append(before)
            await begin.wait()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for before in (5, 9, 2, 7, 2, 1):
            group.create_task(one(before))
            await asyncio.sleep(0)
        begin.set()
    assert order == [5, 1, 2, 2, 7, 9]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans()), max_size=30), st.integers(1, 4))
def test_no_turn_is_lost_and_none_is_given_twice(wanted: list[tuple[int, int, bool]], places: int) -> None:
    async def play() -> None:
        turns, held, most = DeadlineQueue(places), 0, 0

        async def one(before: int, steps: int) -> None:
            nonlocal held, most
            async with turns.turn(before):
                held += 1
                most = max(most, held)
                try:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                finally:
                    held -= 1

        tasks = [asyncio.create_task(one(before, steps)) for before, steps, _ in wanted]
        await asyncio.sleep(0)
        for task, (_, _, gives_up) in zip(tasks, wanted, strict=True):
            if gives_up:
                task.cancel()
                await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks, return_exceptions=True)
            for _ in range(places):  # and every place is free again
                await one(0, 0)
        assert most <= places
        assert held == 0

    asyncio.run(play())
