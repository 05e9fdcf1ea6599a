"""The event loop is never held longer than 50 ms while many jobs are made."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.bench.processes import program
from tests.rig.watchdog import HELD_SECONDS, Watchdog

FEW, MANY = 20, int(os.environ.get("LOOP_JOBS", "200"))
"""Jobs at once: among the other tests, and as a proof. The full proof is with 500."""
_LONG_SECONDS = 1.0
"""So long that a busy machine, too, lets the watchdog look in the middle."""


async def test_the_watchdog_sees_what_computes_and_not_what_waits() -> None:
    dog = Watchdog()
    with dog.watching():
        await asyncio.sleep(0.05)
        time.sleep(0.2)  # noqa: ASYNC251 - as if another process had the machine
        await asyncio.sleep(0.05)
        begin = time.thread_time()
        while time.thread_time() - begin < _LONG_SECONDS:
            pass
        await asyncio.sleep(0.05)
    seen = ["".join(hold.stack) for hold in dog.holds]
    assert any("time.thread_time() - begin" in stack for stack in seen)
    assert not any("time.sleep(0.2)" in stack for stack in seen)
    assert max(hold.cpu_ms for hold in dog.holds) > HELD_SECONDS * 1000


@pytest.mark.timeout(700)
@pytest.mark.parametrize("jobs", [FEW, pytest.param(MANY, marks=pytest.mark.proof)])
def test_many_jobs_never_hold_the_loop(tmp_path: Path, jobs: int) -> None:
    with program("-m", "tests.rig.watchdog", "vendor", str(tmp_path / "vendor"), home=tmp_path / "v") as vendor:
        asked = ("studio", str(tmp_path / "studio"), vendor.line(), str(jobs))
        with program("-m", "tests.rig.watchdog", *asked, home=tmp_path / "s") as studio:
            told = studio.finish(seconds=650)
    assert told["jobs"] == {"succeeded": jobs}
    assert told["looks"] > 2 * jobs
    most = HELD_SECONDS * 1000 * told["slowness"]
    holds = [hold for hold in told["holds"] if hold["cpu_ms"] > most]
    seen = "\n".join(f"{hold['cpu_ms']:.0f} ms of {most:.0f}\n" + "".join(hold["stack"]) for hold in holds)
    assert not holds, seen
