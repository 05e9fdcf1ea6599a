"""When a task is asked for again, and that nothing is asked twice."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from services.domain.people import EVERYONE
from services.jobs.pace import Pace
from services.jobs.steps.poll import next_pause
from services.jobs.timing.poll_schedule import PollSchedule, schedule_for
from services.simulator import Route
from tests.rig.studio import simulated, studio_at, until


def five_minutes(every: float = 15.0) -> PollSchedule:
    return schedule_for(middle=math.log(300), width=0.3, every=every)


def pause(
    elapsed: float, *, at_work: bool = True, sure: bool = True, waiting: int = 1, pace: Pace | None = None
) -> float:
    return next_pause(pace or Pace(), plan=five_minutes(), elapsed=elapsed, at_work=at_work, sure=sure, waiting=waiting)


def test_what_can_hardly_be_ready_is_rarely_asked_for_and_what_is_due_often() -> None:
    assert pause(0) == 60
    assert pause(240) < 15
    assert pause(300) < pause(240)


def test_what_was_never_measured_is_asked_for_soon_and_ever_more_rarely() -> None:
    assert [pause(seconds, sure=False) for seconds in (0, 8, 20)] == [1, 4, 10]


def test_a_task_in_line_is_asked_for_at_the_usual_pace() -> None:
    assert pause(0, at_work=False) == 15
    assert pause(-30, at_work=False, sure=False) == 1  # the clock was set back


@pytest.mark.parametrize(("waiting", "seconds"), [(1, 4), (50, 5), (120, 12), (1000, 15)])
def test_a_pause_grows_with_the_crowd(waiting: int, seconds: float) -> None:
    assert pause(8, sure=False, waiting=waiting) == seconds


def test_no_pause_is_longer_than_four_usual_ones() -> None:
    assert pause(3600, pace=Pace(poll=0.5, first_poll=0.5), waiting=1000) <= 2


async def test_what_the_vendor_has_just_told_is_not_asked_again(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (simulator, url), studio_at(home, url) as studio:
        given = {"prompt": "A paper boat", "duration": 2}
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        assert (await until(studio, job["id"]))["status"] == "succeeded"
        (task,) = await simulator.world.ledger.tasks()
        assert task.ended_at is not None
        queries = [call for call in simulator.record.calls if call.route is Route.QUERY and call.at >= task.ended_at]
    assert len(queries) == 1


async def test_the_provider_s_own_times_are_written_down_and_learnt_from(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (_, url), studio_at(home, url) as studio:
        given = {"prompt": "A paper boat", "duration": 2}
        first = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        before = (await studio.job(first["id"]))["expected"]
        assert (await until(studio, first["id"]))["expected"] is None
        job = await studio.services.history.job(first["id"], owner=EVERYONE)
        assert job.submitted_at is not None
        assert job.scheduled_at is not None
        assert job.ended_at is not None
        assert job.scheduled_at < job.ended_at
        again = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        after = (await studio.job(again["id"]))["expected"]
    assert before is not None
    assert (before["documented"], before["samples"]) == (True, 0)
    assert after is not None
    assert (after["documented"], after["samples"]) == (False, 1)
    assert after["run_p50"] < before["run_p50"]
