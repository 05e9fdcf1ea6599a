"""A studio under load with a watchdog at its event loop, in a process of its own; and the provider for it in another.

    python -m tests.rig.watchdog vendor HOME
    python -m tests.rig.watchdog studio HOME BASE_URL JOBS

The watchdog is a thread. It hands the loop a small thing to do and looks how much the loop's own thread computes before
it gets to it. What other processes take of the machine is not counted that way: only what our code does is. What they
slow down, by sharing a core, is: so a fixed piece of work is timed all along, and what is allowed grows with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import quantiles

from services.catalogue import CATALOGUE
from services.domain.people import LOCAL, Person
from services.jobs.pace import Pace
from services.monitoring.stats import Stats
from services.simulator import QuickArtist, Simulator, serve
from services.studio import Studio
from tests.rig.given import unhurried
from tests.rig.studio import settings_for

_EVERY_SECONDS = 0.005
HELD_SECONDS = 0.05
_CLIPS = 20
"""Of all jobs; the others are pictures."""
_PEOPLE = 5
_LONGEST_SECONDS = 600.0
_PACE = Pace(poll=4.0, first_poll=2.5)
_YARDSTICK_MS = 1.05
"""What the fixed piece of work takes on a quiet machine of two shared cores (AMD EPYC, Python 3.11.7, 2026-11-28)."""


def slowness() -> float:
    """How many times longer than there a piece of work takes here and now. At least 1."""
    begin, total = time.thread_time(), 0
    for number in range(20_000):
        total += number * number
    return max(1.0, (time.thread_time() - begin) * 1000 / _YARDSTICK_MS)


@dataclass
class Hold:
    """The loop computed for too long before it turned to anything else."""

    cpu_ms: float
    wall_ms: float
    stack: list[str]
    """Where it stood, the innermost last."""


@dataclass
class Watchdog:
    """What it saw. Milliseconds."""

    holds: list[Hold] = field(default_factory=list)
    looks: int = 0
    longest_cpu_ms: float = 0.0
    longest_wall_ms: float = 0.0
    """With what other processes took of the machine."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the running loop, whose thread this is."""
        loop, stop = asyncio.get_running_loop(), threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(loop, threading.get_ident(), stop), name="watchdog", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()  # a few milliseconds: it must not ask a loop that is closed

    def _watch(self, loop: asyncio.AbstractEventLoop, ident: int, stop: threading.Event) -> None:
        clock = time.pthread_getcpuclockid(ident)
        while not stop.wait(_EVERY_SECONDS):
            seen = threading.Event()
            done: list[float] = []

            def here(seen: threading.Event = seen, done: list[float] = done) -> None:
                done.append(time.thread_time())
                seen.set()

            cpu, wall = time.clock_gettime(clock), time.monotonic()
            loop.call_soon_threadsafe(here)
            stack: list[str] = []
            while not seen.wait(_EVERY_SECONDS) and not stop.is_set():
                if time.clock_gettime(clock) - cpu > HELD_SECONDS / 2 and not stack:
                    frame = sys._current_frames().get(ident)
                    stack = traceback.format_stack(frame) if frame else []
            if done:
                self._note(done[0] - cpu, time.monotonic() - wall, stack)

    def _note(self, cpu: float, wall: float, stack: list[str]) -> None:
        self.looks += 1
        self.longest_cpu_ms = max(self.longest_cpu_ms, cpu * 1000)
        self.longest_wall_ms = max(self.longest_wall_ms, wall * 1000)
        if cpu > HELD_SECONDS:
            self.holds.append(Hold(cpu_ms=cpu * 1000, wall_ms=wall * 1000, stack=stack[-6:]))


_PICTURE = {"family": "generate_image", "model": "wan2.2-t2i-flash"}
_SMALL: dict[str, object] = {"prompt": "a paper boat", "size": "512*512", "n": 1}
_CLIP = {"family": "text_to_video", "model": "wan2.1-t2v-turbo"}
_SHORT: dict[str, object] = {"prompt": "a paper boat", "size": "832*480"}


async def _vendor(home: Path) -> None:
    simulator = Simulator(
        unhurried(CATALOGUE), home=home, limits=False, speed=10.0, run_seconds=20.0, artist=QuickArtist()
    )
    async with serve(simulator) as origin:
        print(f"{origin}/singapore/api/v1", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def _studio(home: Path, base_url: str, jobs: int) -> None:
    catalogue = unhurried(CATALOGUE)
    settings = settings_for(home, base_url, studio_person_header="X-Who", studio_metrics=True)
    studio, dog = Studio(settings, catalogue=catalogue, pace=_PACE), Watchdog()
    async with studio.running():
        with dog.watching():
            began = time.monotonic()
            people = [Person(f"person {number}") for number in range(_PEOPLE)]
            looking = [asyncio.create_task(_look(studio, person)) for person in people]
            slow: list[float] = []
            looking.append(asyncio.create_task(_time(slow)))
            async with asyncio.timeout(_LONGEST_SECONDS):
                await asyncio.gather(*(_ask(studio, person, jobs // _PEOPLE) for person in people))
                asked = time.monotonic() - began
                while await studio.services.history.unfinished():
                    await asyncio.sleep(0.5)
            took = time.monotonic() - began
            for task in looking:
                task.cancel()
            await asyncio.gather(*looking, return_exceptions=True)
        counts = await Stats(studio.services.history.engine).by_status(demo=False)
    told = {
        "holds": [asdict(hold) for hold in dog.holds],
        "looks": dog.looks,
        "slowness": quantiles(slow, n=10)[-1],
        "longest_cpu_ms": dog.longest_cpu_ms,
        "longest_wall_ms": dog.longest_wall_ms,
        "jobs": {status.value: count for status, count in counts.items() if count},
        "asked_seconds": asked,
        "seconds": took,
    }
    print(json.dumps(told))


async def _ask(studio: Studio, person: Person, count: int) -> None:
    for number in range(count):
        order, given = (_CLIP, _SHORT) if number < _CLIPS // _PEOPLE else (_PICTURE, _SMALL)
        await studio.submit(**order, given=given, person=person)


async def _time(slow: list[float]) -> None:
    while True:
        slow.append(slowness())
        await asyncio.sleep(0.5)


async def _look(studio: Studio, person: Person) -> None:
    """An open page: it is told of every change, and asks for what it shows now and then."""

    async def told() -> None:
        async for _message in studio.events.watch():
            pass

    listening = asyncio.create_task(told())
    try:
        while True:
            await studio.jobs(person=person, limit=60)
            await studio.summary(person=person)
            await studio.services.admin.metrics()
            await studio.services.admin.overview(LOCAL)
            await asyncio.sleep(2.0)
    finally:
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(
        _vendor(Path(sys.argv[2]))
        if sys.argv[1] == "vendor"
        else _studio(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    )
