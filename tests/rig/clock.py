"""A clock for the simulator that a test holds: what waits or runs there goes on when it is wanted, and no sooner."""

from __future__ import annotations

import asyncio
from collections import deque

from services.simulator import SystemClock


class HeldClock(SystemClock):
    """The machine's clock, but whoever has slept long enough waits until it is let go on."""

    def __init__(self) -> None:
        self._gone = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time, and then to be let go on."""
        await super().sleep(seconds)
        if not self._gone:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(woken)
            await woken

    async def step(self) -> None:
        """Let one go on: a task begins, or ends. Waits for one that has slept long enough."""
        while not self._waiting:
            await asyncio.sleep(0.01)
        self._wake()

    def go(self) -> None:
        """Hold nobody any more."""
        self._gone = True
        while self._waiting:
            self._wake()

    def _wake(self) -> None:
        woken = self._waiting.popleft()
        if not woken.done():
            woken.set_result(None)
