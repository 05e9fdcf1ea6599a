"""What is fetched first, and how soon it is tried again: the nearer the loss, the sooner.

Hides how turns are given. Pure but for waiting; knows no file and no vendor.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from services.domain.jobs import Job

VENDOR_KEEPS_SECONDS = 24 * 3600
"""How long the vendor keeps a task and its result. Source: wan-video-api.md 7.6, checked 2026-11-22."""
ALARM_SECONDS = 2 * 3600
"""So long before the loss a person is told: time to free a disk or to mend a connection."""
_SHARE_OF_THE_REST = 0.01
"""A pause is at most this share of the time that is left: near the end there are still a hundred tries."""


def expiry(*, ended_at: datetime | None, bought_at: int, seen_at: int) -> int:
    """When the vendor drops the result of a task that has succeeded: 24 hours after the task's end. Milliseconds.

    `ended_at` is the vendor's word, `seen_at` when we first saw that it had ended, `bought_at` when it was sent. The
    vendor writes times without a zone; one that lies outside what we know ourselves is not believed.
    """
    told = round(ended_at.timestamp() * 1000) if ended_at else seen_at
    end = told if bought_at <= told <= seen_at else seen_at
    return end + VENDOR_KEEPS_SECONDS * 1000


def lost_at(job: Job) -> int:
    """When a job's result is lost at the latest, as far as we know: as if it had been made when it was bought, where
    nobody has seen its end. Milliseconds."""
    if job.expires_at is not None:
        return job.expires_at
    return (job.submitted_at or job.created_at) + VENDOR_KEEPS_SECONDS * 1000


def next_pause(pause: float, *, longest: float, shortest: float, left: float) -> float:
    """Seconds until the next try. `pause` is what patience alone would wait, `left` the seconds until the loss."""
    return max(shortest, min(pause, longest, left * _SHARE_OF_THE_REST))


class DeadlineQueue:
    """A few turns at once; of those who wait, the one with the least time left is next."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    @asynccontextmanager
    async def turn(self, before: int) -> AsyncIterator[None]:
        """Wait for a turn and hold it. `before` is when it is too late, in milliseconds: the lowest goes first."""
        await self._take(before)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, before: int) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        self._count += 1  # the first come of those who are equally late; and futures cannot be compared
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (before, self._count, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give_back()  # it was given just as nobody wanted it any more
            raise

    def _give_back(self) -> None:
        while self._waiting:
            _before, _count, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
