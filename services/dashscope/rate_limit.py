"""Rate limit of the calls that the vendor counts together: query, list and cancel of one account.

Hides how slots are spaced. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

PER_SECOND = 20
"""Task calls that the vendor takes per second and main account (Model Studio, "Manage asynchronous tasks")."""

_SPACING = 1.05
"""Slots come a little slower than allowed: the vendor counts by its own clock, after the jitter of the network."""


class QueryBudget:
    """At most `per_second` slots in any second and `in_flight` at once, first come first served.

    Slots are evenly spaced: a quiet minute saves nothing up for a burst. `sharers` returns how many processes use the
    same account, this one included: each takes its share.
    """

    def __init__(
        self,
        per_second: float = PER_SECOND,
        in_flight: int = 20,
        *,
        sharers: Callable[[], int] = lambda: 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pause = _SPACING / per_second
        self._sharers = sharers
        self._clock = clock
        self._sleep = sleep
        self._in_flight = asyncio.Semaphore(in_flight)
        self._order = asyncio.Lock()
        self._next = float("-inf")

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a slot and hold it during the call."""
        async with self._in_flight:
            async with self._order:
                while (wait := self._next - self._clock()) > 0:
                    await self._sleep(wait)
                self._next = self._clock() + self._pause * self._sharers()
            yield
