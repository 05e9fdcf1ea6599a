"""A program: the studio without its page, one page's worth of watching, all jobs asked for by one person.

Prints one line of JSON: what it saw of itself, and when each job was seen saving and succeeded.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from services.jobs.events import Change, Signal
from services.settings import Settings
from services.studio import Studio
from tests.bench.looks import looking
from tests.bench.orders import KEY, PROMPT, bench_catalogue, measured_model


@dataclass(kw_only=True)
class Watch:
    """What a page would have seen: when each job first stood in each state."""

    seen: dict[str, dict[str, float]] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    missed: int = 0

    def count(self, *statuses: str) -> int:
        """How many jobs have been in one of these states."""
        return sum(any(status in states for status in statuses) for states in self.seen.values())

    async def follow(self, studio: Studio) -> None:
        """Watch until canceled."""
        async for event in studio.events.watch():
            now = time.time()
            if isinstance(event, Change):
                self._note(json.loads(event.job), now)
            elif event is Signal.LOOK_AGAIN:
                self.missed += 1

    def _note(self, job: dict[str, str], now: float) -> None:
        self.seen.setdefault(job["id"], {}).setdefault(job["status"], now)
        if job["task_id"]:
            self.tasks[job["id"]] = job["task_id"]


async def _run(base_url: str, jobs: int, *, over_seconds: float, hold_seconds: float) -> None:
    """Buy the jobs and wait for all; with `hold_seconds` only hold them in flight so long, and leave."""
    settings = Settings(  # the home comes from the environment; there is no .env in the folder this runs in
        dashscope_api_key=SecretStr(KEY), dashscope_base_url=base_url
    )
    studio = Studio(settings, catalogue=bench_catalogue())
    model = measured_model()
    watch = Watch()
    async with studio.running():
        await studio.check(family=model.family, model=model.id, region=None, given={"prompt": PROMPT})
        following = asyncio.create_task(watch.follow(studio))
        await asyncio.sleep(2)  # the engine has begun to look at its queues
        with looking() as looks:
            began = time.time()
            for number in range(jobs):
                await asyncio.sleep(max(0.0, began + number * over_seconds / jobs - time.time()))
                await studio.submit(family=model.family, model=model.id, given={"prompt": PROMPT})
            asked = time.time()
            while watch.count("pending", "running", "succeeded") < jobs:
                await asyncio.sleep(0.2)
            in_flight = time.time()
            if hold_seconds:
                await asyncio.sleep(hold_seconds)
            else:
                while watch.count("succeeded", "failed", "canceled") < jobs:
                    await asyncio.sleep(0.2)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        megabytes = await asyncio.to_thread(_megabytes, settings.home)
    told = {"began": began, "asked": asked, "in_flight": in_flight, "missed": watch.missed, "megabytes": megabytes}
    print(json.dumps({**told, "seen": watch.seen, "tasks": watch.tasks, "looks": looks.seen}))


def _megabytes(home: Path) -> float:
    return sum(path.stat().st_size for path in (home / "files").rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2]), over_seconds=float(sys.argv[3]), hold_seconds=float(sys.argv[4])))
