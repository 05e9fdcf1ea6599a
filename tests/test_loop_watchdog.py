"""The event loop is never held longer than 50 ms while five hundred jobs are made."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.bench.processes import program
from tests.rig.watchdog import HELD_SECONDS, Watchdog

JOBS = 500


async def test_the_watchdog_sees_what_computes_and_not_what_waits() -> None:
    dog = Watchdog()
    with dog.watching():
        await asyncio.sleep(0.05)
        time.sleep(0.2)  # noqa: ASYNC251 - as if another process had the machine
        await asyncio.sleep(0.05)
        assert dog.holds == []
        begin = time.thread_time()
        while time.thread_time() - begin < 3 * HELD_SECONDS:
            pass
        await asyncio.sleep(0.05)
    (hold,) = dog.holds
    assert hold.cpu_ms > HELD_SECONDS * 1000
    assert "time.thread_time() - begin" in "".join(hold.stack)


@pytest.mark.timeout(700)
def test_five_hundred_jobs_never_hold_the_loop(tmp_path: Path) -> None:
    with program("-m", "tests.rig.watchdog", "vendor", str(tmp_path / "vendor"), home=tmp_path / "v") as vendor:
        asked = ("studio", str(tmp_path / "studio"), vendor.line(), str(JOBS))
        with program("-m", "tests.rig.watchdog", *asked, home=tmp_path / "s") as studio:
            told = studio.finish(seconds=650)
    assert told["jobs"] == {"succeeded": JOBS}
    assert told["looks"] > 1000
    seen = "\n".join(f"{hold['cpu_ms']:.0f} ms\n" + "".join(hold["stack"]) for hold in told["holds"])
    assert told["holds"] == [], seen
