"""One query for many jobs: which of an account's tasks are running at the moment.

The vendor's list costs one query, however many jobs wait. A task that has left it has ended, and one that has entered
it has begun; either job is woken and polls its own task. So the list only shows when polling is worthwhile: the task's
own answer decides, and if the list turns out to lag, it is not used for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.dashscope import DashScope
from services.domain.errors import VendorError
from services.domain.jobs import Job, JobStatus
from services.jobs.pace import Pace

log = logging.getLogger(__name__)

MANY = 3
"""With fewer jobs, the list would be queried more often than each job polls by itself."""
ROUNDS = 1.5
"""A round costs each of N jobs 1/N of a query; this many rounds fit into the pause of a job that polls alone."""
_PAGES_PER_SECOND = 5
"""Of the 20 queries a second that the vendor accepts (wan-video-api.md 7.6). The rest is for all other calls."""
_ROWS = 10
"""Rows per page of the list, as services.dashscope requests them."""
_LIES = 3
_DOUBTED_MS = 600_000
"""A list that was wrong `_LIES` times in a row is not queried for this long."""


@dataclass
class PolledTask:
    """A waiting job, as of its latest poll."""

    job: Job
    at_work: bool = False
    asked_at: int = 0
    """When it last polled its own task, in milliseconds."""
    woken: bool = False


@dataclass
class _Crowd:
    """The jobs of one account that wait here."""

    places: dict[str, PolledTask] = field(default_factory=dict[str, PolledTask])
    task: asyncio.Task[None] | None = None
    answered_at: int = 0
    lies: int = 0
    doubted_until: int = 0


class PollMany:
    """The rounds of all accounts."""

    def __init__(
        self,
        *,
        vendor: Callable[[Job], Awaitable[DashScope | None]],
        wake: Callable[[str], None],
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        pace: Pace,
        sharers: Callable[[], int],
    ) -> None:
        """Create the rounds. `sharers` returns how many processes query the same account."""
        self._vendor = vendor
        self._wake = wake
        self._clock = clock
        self._sleep = sleep
        self._pace = pace
        self._sharers = sharers
        self._crowds: dict[str, _Crowd] = {}

    @contextmanager
    def joined(self, job: Job) -> Generator[PolledTask, None, None]:
        """Wake the job inside this context when its task may have begun or ended."""
        crowd = self._crowds.setdefault(job.account, _Crowd())
        place = crowd.places[job.id] = PolledTask(job, at_work=job.status is JobStatus.RUNNING)
        if crowd.task is None and len(crowd.places) >= MANY:
            crowd.task = asyncio.create_task(self._go_round(crowd), name=f"rounds {job.account}")
        try:
            yield place
        finally:
            del crowd.places[job.id]
            if crowd.task is not None and len(crowd.places) < MANY:
                crowd.task.cancel()
                crowd.task = None

    def saw(self, place: PolledTask, *, at_work: bool) -> None:
        """Record the status of an unfinished task by its own answer."""
        crowd = self._crowds[place.job.account]
        if place.woken and at_work == place.at_work:
            crowd.lies += 1
            if crowd.lies >= _LIES:
                log.warning("account %s: the task list lags, polling each task for a while", place.job.account)
                crowd.lies, crowd.doubted_until = 0, self._clock() + _DOUBTED_MS
        elif place.woken:
            crowd.lies = 0
        place.at_work, place.woken, place.asked_at = at_work, False, self._clock()

    def covers(self, place: PolledTask) -> bool:
        """Return whether the list decides when to poll. The job itself then polls only now and then."""
        crowd, now = self._crowds[place.job.account], self._clock()
        fresh = now - crowd.answered_at < 2_000 * max(1.0, self._pause_of(crowd))
        return crowd.task is not None and fresh and now >= crowd.doubted_until

    def _pause_of(self, crowd: _Crowd) -> float:
        """Return the seconds between two rounds."""
        pace, many = self._pace, max(1, len(crowd.places))
        pages = 1 + sum(place.at_work for place in crowd.places.values()) / _ROWS
        alone = max(pace.first_poll, ROUNDS * pace.poll / many, pages / _PAGES_PER_SECOND)
        return alone * self._sharers()

    async def _go_round(self, crowd: _Crowd) -> None:
        while True:
            await self._sleep(self._pause_of(crowd))
            if self._clock() < crowd.doubted_until:
                continue
            try:
                await self._look(crowd)
            except VendorError as error:
                log.info("the list of running tasks cannot be read (%s)", error.code or type(error).__name__)
            except Exception:
                # A locked database, or a bug, must not end an account's rounds; each job polls by itself meanwhile.
                log.exception("a polling round failed, continuing")

    async def _look(self, crowd: _Crowd) -> None:
        """Query the list once, and wake every job whose known status it contradicts."""
        asked_at = self._clock()
        vendor = await self._vendor(next(iter(crowd.places.values())).job)
        if vendor is None:
            return
        at_work = await vendor.tasks_at_work()
        crowd.answered_at = self._clock()
        for place in crowd.places.values():
            if place.asked_at < asked_at and place.at_work != (place.job.task_id in at_work):
                place.woken = True
                self._wake(place.job.id)
