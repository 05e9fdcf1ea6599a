"""A program: the simulator for a measurement, with clips made beforehand. Its CPU is nobody's.

Prints its base URL, serves until its input ends, then prints when each query came and each task ended.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from services.simulator import Call, QuickArtist, Record, Route, Simulator, SystemClock, serve
from services.simulator.engine.limits import TASK_CALLS_PER_SECOND
from tests.bench.orders import REGION, bench_catalogue

_ASKING = frozenset({Route.QUERY, Route.LIST, Route.CANCEL})


class UnevenClock(SystemClock):
    """The machine's clock, but sleeps of more than a second last three to five quarters of it.

    So tasks of one run time end at odd moments, as real ones do: a fixed time may beat in step with the polls.
    """

    def __init__(self) -> None:
        self._chance = random.Random(7)

    async def sleep(self, seconds: float) -> None:
        """Wait about so long."""
        await super().sleep(seconds * self._chance.uniform(0.75, 1.25) if seconds > 1 else seconds)


class Samples(Record):
    """Also remembers when each query came."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[float] = []

    def note(self, call: Call) -> None:
        """Remember a call."""
        super().note(call)
        if call.route in _ASKING:
            self.queries.append(call.at.timestamp())


def peak(times: Sequence[float]) -> int:
    """The most calls in any one second."""
    window: deque[float] = deque()
    most = 0
    for moment in sorted(times):
        window.append(moment)
        while window[0] <= moment - 1:
            window.popleft()
        most = max(most, len(window))
    return most


def over_limit(times: Sequence[float], *, per_second: int = TASK_CALLS_PER_SECOND) -> int:
    """How many calls come after `per_second` others in the second before: the vendor may answer them 429."""
    taken: deque[float] = deque()
    over = 0
    for moment in sorted(times):
        while taken and taken[0] <= moment - 1:
            taken.popleft()
        if len(taken) >= per_second:
            over += 1
        else:
            taken.append(moment)
    return over


async def _run(home: Path, *, run_seconds: float, limits: bool) -> None:
    simulator = Simulator(
        bench_catalogue(), home=home, run_seconds=run_seconds, limits=limits, artist=QuickArtist(), clock=UnevenClock()
    )
    times = simulator.record = Samples()
    async with serve(simulator) as origin:
        print(f"{origin}/{REGION}/api/v1", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        tasks = await simulator.world.ledger.tasks()
        ended = {task.id: task.ended_at.timestamp() for task in tasks if task.ended_at}
        print(json.dumps({"queries": times.queries, "ended": ended, "created": len(tasks)}))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), run_seconds=float(sys.argv[2]), limits=sys.argv[3] == "limits"))
