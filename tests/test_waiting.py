"""When a task is asked for again, and that nothing is asked twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.jobs import Pace
from services.jobs.waiting import next_pause
from services.simulator import Route
from tests.rig.studio import simulated, studio_at, until


@pytest.mark.parametrize(
    ("elapsed", "waiting", "seconds"),
    [
        (0, 1, 1),
        (8, 1, 2),
        (20, 1, 5),
        (200, 1, 5),
        (500, 1, 10),
        (3600, 1, 15),
        (8, 50, 5),
        (8, 120, 12),
        (8, 1000, 15),
        (-30, 1, 1),  # the clock was set back
    ],
)
def test_a_pause_grows_with_the_wait_and_with_the_crowd(elapsed: float, waiting: int, seconds: float) -> None:
    assert next_pause(Pace(), elapsed=elapsed, waiting=waiting) == seconds


def test_no_pause_is_longer_than_the_setting_says() -> None:
    assert next_pause(Pace(poll=0.5, first_poll=0.5), elapsed=3600, waiting=1000) == 0.5


async def test_what_the_vendor_has_just_told_is_not_asked_again(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (simulator, url), studio_at(home, url) as studio:
        given = {"prompt": "A paper boat", "duration": 2}
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        assert (await until(studio, job["id"]))["status"] == "succeeded"
        (task,) = await simulator.world.ledger.tasks()
        assert task.ended_at is not None
        queries = [call for call in simulator.record.calls if call.route is Route.QUERY and call.at >= task.ended_at]
    assert len(queries) == 1
