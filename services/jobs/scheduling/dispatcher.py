"""Grants slots as soon as they are free, starts the jobs that received one, and knows every job's queue position.

Hides when the slots are looked at. Knows nothing of the vendor: a job that is granted a slot is passed to `start`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from services.catalogue import Catalogue
from services.catalogue.schema import RateLimit
from services.domain.background import running
from services.domain.jobs import Job
from services.jobs.scheduling.fairness import order
from services.jobs.scheduling.limits import published
from services.jobs.scheduling.slots import BucketQueue, Slots

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""How often to look for changes by other processes while jobs wait here. Changes by this process are seen at once."""
_REST_SECONDS = 5.0
"""The same while no job waits."""
_AFTER_TROUBLE_SECONDS = 2.0
_IDLE_MS = 60_000
"""A job that has held a slot this long and is still unsent is started again.

The process that granted the slot may have been killed just then.
"""
_TELL_EVERY_MS = 2_000
_TELL_FIRST = 20
"""Jobs further back are announced less often: a page shows their numbers, not a race."""
_TELL_AT_ONCE = 50
_LONG_LINE = 300
"""Longer queues are sorted in a thread, to keep the event loop free."""


@dataclass(frozen=True, kw_only=True)
class QueuePosition:
    """A job's position in its bucket's queue."""

    place: int
    """Counted from 1."""
    of: int
    """How many jobs wait."""
    slots: int
    """How many jobs of this account and model may be at the vendor at once, as far as is known."""
    busy: int
    """How many of the slots are held."""


class Dispatcher:
    """Grants the slots of one database. Several processes may each have a dispatcher."""

    def __init__(
        self,
        slots: Slots,
        *,
        catalogue: Catalogue,
        start: Callable[[Job], Awaitable[None]],
        announce: Callable[[str], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._slots = slots
        self._catalogue = catalogue
        self._start = start
        self._announce = announce
        self._clock = clock
        self._news = asyncio.Event()
        self._places: dict[str, QueuePosition] = {}
        self._told: dict[str, QueuePosition] = {}
        self._told_at = 0
        self._idle_at = 0
        self._to_start: list[Job] = []
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[Self, None]:
        """Grant slots inside this context."""
        async with running(self._work(), name="dispatcher") as self._task:
            yield self

    @property
    def alive(self) -> bool:
        """True while slots are being granted."""
        return self._task is not None and not self._task.done()

    def nudge(self) -> None:
        """Look at once: a job was added, or a slot may be free."""
        self._news.set()

    def place(self, job_id: str) -> QueuePosition | None:
        """Return a job's queue position as of the latest look, or None if it does not wait for a slot."""
        return self._places.get(job_id)

    async def look(self) -> int | None:
        """Grant the free slots once.

        Returns the time when the next look is due even if nothing happens, or None.
        """
        now = self._clock()
        lines = await self._slots.lines(now=now)
        given = [job for line in lines for job in await self._give(line, now=now)]
        self._to_start += given
        await self._start_all()
        if given:
            lines = await self._slots.lines(now=now)
        self._places = await self._put_in_order(lines)
        if now - self._idle_at >= _IDLE_MS:
            self._idle_at = now
            self._to_start += await self._slots.idle(given_before=now - _IDLE_MS)
            await self._start_all()
        rested = await self._slots.next_rested(now=now)
        moments = [moment for line in lines for moment in _due(line, now=now)]
        return min([*moments, *([] if rested is None else [rested])], default=None)

    async def _work(self) -> None:
        while True:
            self._news.clear()
            pause = _AFTER_TROUBLE_SECONDS
            try:
                due = await self.look()
                await self._tell()
                pause = _LOOK_SECONDS if self._places else _REST_SECONDS
                if due is not None:
                    pause = max(0.01, min(pause, (due - self._clock()) / 1000))
            except Exception:
                # A locked database, or a bug, must not leave all jobs waiting for ever.
                log.exception("slots could not be given, retrying")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()

    async def _start_all(self) -> None:
        """Start the jobs that received a slot. A job that could not be started stays in the list for the next look."""
        while self._to_start:
            job = self._to_start[0]
            log.info("job %s got a slot", job.id)
            await self._start(job)
            self._to_start.pop(0)
            self._places.pop(job.id, None)
            await self._announce(job.id)

    async def _give(self, line: BucketQueue, *, now: int) -> Sequence[Job]:
        """Grant the slots of one bucket, if the last look suggests that one is free.

        The database is written to only then.
        """
        known = line.limits
        if known is not None:
            if now < known.cooldown_until:
                return ()
            trial = known.next_trial_at
            full = len(line.busy) >= known.slots and (trial is None or now < trial)
            # The published limit may have grown with a new catalogue since the row was written.
            if full and known.running_limit == self._rate(line).running:
                return ()
        return await self._slots.give(line.bucket, rate=self._rate(line), now=now)

    def _rate(self, line: BucketQueue) -> RateLimit:
        return published(self._catalogue, model=line.model, region=line.region)

    async def _put_in_order(self, lines: Sequence[BucketQueue]) -> dict[str, QueuePosition]:
        found: dict[str, QueuePosition] = {}
        for line in lines:
            slots = line.limits.slots if line.limits else self._rate(line).running
            if len(line.waiting) > _LONG_LINE:
                found |= await asyncio.to_thread(_places, line, slots)
            else:
                found |= _places(line, slots)
        return found

    async def _tell(self) -> None:
        """Announce new queue positions: jobs that are new in the queue at once, jobs near its front at intervals."""
        now, places = self._clock(), self._places
        changed = [job_id for job_id in places if job_id not in self._told]
        if now - self._told_at >= _TELL_EVERY_MS:
            self._told_at = now
            moved = (
                job_id
                for job_id, place in places.items()
                if place.place <= _TELL_FIRST and self._told.get(job_id, place) != place
            )
            changed += moved
        self._told = {job_id: place for job_id, place in self._told.items() if job_id in places}
        for job_id in changed[:_TELL_AT_ONCE]:
            self._told[job_id] = places[job_id]
            await self._announce(job_id)


def _places(line: BucketQueue, slots: int) -> dict[str, QueuePosition]:
    total, busy = len(line.waiting), len(line.busy)
    return {
        job.job_id: QueuePosition(place=number, of=total, slots=slots, busy=busy)
        for number, job in enumerate(order(line.snapshot(slots)), start=1)
    }


def _due(line: BucketQueue, *, now: int) -> tuple[int, ...]:
    """Return the times when this bucket changes by itself: a cooldown ends, or one more slot may be tried."""
    if line.limits is None:
        return ()
    moments = (line.limits.cooldown_until, line.limits.next_trial_at or 0)
    return tuple(moment for moment in moments if moment > now)
