"""Download order and retry pauses: the closer the expiry, the sooner.

Hides the queue. Pure apart from waiting; knows no file and no vendor.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from services.domain.jobs import Job

VENDOR_KEEPS_SECONDS = 24 * 3600
"""How long the vendor keeps a task and its result. Source: wan-video-api.md 7.6, checked 2026-11-22."""
ALARM_SECONDS = 2 * 3600
"""A person is warned this long before the loss: time to free disk space or to repair a connection."""
_SHARE_OF_THE_REST = 0.01
"""A pause is at most this share of the remaining time: near the end there are still a hundred tries."""


def expiry(*, ended_at: datetime | None, bought_at: int, seen_at: int) -> int:
    """Return when the vendor drops a succeeded task's result: 24 hours after the task's end. Milliseconds.

    `ended_at` is the end that the vendor reports, `seen_at` the time when we first saw that it had ended, `bought_at`
    the time when it was sent. The vendor writes times without a time zone, so a reported end outside our own bounds is
    ignored.
    """
    told = round(ended_at.timestamp() * 1000) if ended_at else seen_at
    end = told if bought_at <= told <= seen_at else seen_at
    return end + VENDOR_KEEPS_SECONDS * 1000


def lost_at(job: Job) -> int:
    """Return when a job's result is lost at the latest, in milliseconds.

    If the end of its task was never seen, the result counts as made when it was submitted.
    """
    if job.expires_at is not None:
        return job.expires_at
    return (job.submitted_at or job.created_at) + VENDOR_KEEPS_SECONDS * 1000


def next_pause(pause: float, *, longest: float, shortest: float, left: float) -> float:
    """Return the seconds until the next try.

    `pause` is the pause that back-off alone would choose, `left` the number of seconds until the loss.
    """
    return max(shortest, min(pause, longest, left * _SHARE_OF_THE_REST))


class DeadlineQueue:
    """A limited number of downloads at once. Of those waiting, the one with the least time left is next."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    @asynccontextmanager
    async def turn(self, before: int) -> AsyncGenerator[None, None]:
        """Wait for a free place and hold it inside this context.

        `before` is the time of the loss, in milliseconds: the lowest goes first.
        """
        await self._take(before)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, before: int) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        self._count += 1  # first come, first served among equal times; and futures cannot be compared
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (before, self._count, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give_back()  # it was granted just as its waiter was cancelled
            raise

    def _give_back(self) -> None:
        while self._waiting:
            _before, _count, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
